"""A CSV file as a whole: how it is read, which column is what, and its records. What its rows are about is said by
`campaigns.domain.people_file` and `campaigns.domain.object_file`."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any, BinaryIO, ClassVar, Protocol

from campaigns.domain import text_files
from campaigns.domain.column_types import ColumnTypes
from campaigns.domain.csv_reading import (
    CsvReader,
    Dialect,
    RawRecord,
    Record,
    read_header,
    read_records,
    sniff,
)
from campaigns.domain.duplicates import DuplicateFinder, TooManyDuplicates
from campaigns.domain.headers import labels_of
from campaigns.domain.people import Problem
from campaigns.domain.text_files import FileRefused

#: The columns that the download of refused rows puts before the file's own; they are left out when it comes back.
REPORT_COLUMNS = ("Import line", "Import record", "Import column", "Import error")
SIGN_OF_LIFE_EVERY = 50_000
#: What a spreadsheet would run as a formula when a cell begins with it.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_ESCAPED = re.compile(r"'[=+\-@\t\r]")


def escape_formula(cell: str) -> str:
    """The cell as text for a spreadsheet: an apostrophe goes before anything that it might run."""
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell


@dataclass(slots=True)
class Survey:
    """What only a look at the whole file can tell."""

    records: int = 0
    kinds: dict[int, str] = field(default_factory=dict)
    """`{column: kind}` of typed attribute columns (see `column_types`)."""
    repeated: frozenset[str] = frozenset()
    """Identities that may occur more than once; every identity that does is among them."""


class Reader(Protocol):
    """Turns the cells of a record into a row for the database; one for the whole file."""

    repetition_hint: str
    """What is said of a second row about the same with other values."""

    @property
    def identity_label(self) -> str:
        """The label of the column that says what the row is about ("" where no single one does)."""

    def read(self, cells: Sequence[str]) -> tuple[Any, list[Problem]]:
        """The row, and warnings about values that were left out. Raises `RowRefused`."""

    def identity(self, cells: Sequence[str]) -> str:
        """What two rows about the same have in common ("" if that cannot be told)."""

    def digest(self, cells: Sequence[str]) -> int:
        """The same for two rows that say the same."""


class ImportFile:
    """A CSV file. Opening it reads all of it once to be sure of the encoding; memory stays flat.

    `encoding` (a key of `text_files.ENCODINGS`) and `delimiter` overrule what is detected; `corrections` are
    `{label: target}` over the guessed mapping. Raises `FileRefused` where the file as a whole is no CSV. Problems
    with the mapping are in `problems` (sentences); with any, nothing can be imported yet.
    """

    #: Targets of columns that are no attributes, with what people call them.
    fields: ClassVar[Mapping[str, str]]
    #: Where one row in so many is about something that occurs more than once.
    too_many_duplicates: ClassVar[str]

    def __init__(
        self,
        stream: BinaryIO,
        *,
        encoding: str = "",
        delimiter: str = "",
        corrections: Mapping[str, str] | None = None,
    ) -> None:
        self._stream = stream
        self.form = text_files.detect(stream, encoding)
        sniffed = sniff(text_files.sample_of(stream, self.form))
        self.dialect = Dialect(delimiter, sniffed.skipped_lines) if delimiter else sniffed
        (_, header, _), _ = self._start()
        self.has_header = self._is_header(header)
        self.labels = labels_of(header if self.has_header else [""] * len(header))
        self._is_report = set(REPORT_COLUMNS) <= set(self.labels)
        example = next((record.cells for record in self.records() if not record.problem), ())
        guessed = self._guess(example)
        if self._is_report:
            guessed |= dict.fromkeys(REPORT_COLUMNS, "")
        self.mapping, self.problems = self._correct(guessed, corrections or {})

    def _is_header(self, first_row: Sequence[str]) -> bool:
        """Whether the first row names the columns."""
        return True

    def _guess(self, example: Sequence[str]) -> dict[str, str]:
        """A target for every label; ``example`` is the first good row."""
        raise NotImplementedError

    def _correct(
        self, guessed: Mapping[str, str], corrections: Mapping[str, str]
    ) -> tuple[dict[str, str], list[str]]:
        """The mapping with a person's corrections, and what is wrong with it."""
        raise NotImplementedError

    def row_reader(self, survey: Survey) -> Reader:
        """What turns this file's records into rows for the database."""
        raise NotImplementedError

    def _start(self) -> tuple[RawRecord, Iterator[RawRecord]]:
        return read_header(CsvReader(text_files.text_lines(self._stream, self.form), self.dialect))

    def records(self) -> Iterator[Record]:
        """All data records from the beginning, good and bad. One iteration at a time: they share the stream."""
        first, rest = self._start()
        if not self.has_header:
            rest = chain([first], rest)
        suspicious = self.form.has_nul or self.form.is_broken
        records = read_records(rest, len(self.labels), suspicious=suspicious)
        return map(_unescape, records) if self._is_report else records

    def sample(self, count: int = 5) -> list[list[str]]:
        """The first good records' cells, for the preview of the mapping."""
        return [record.cells for record in islice(self.records(), count * 4) if not record.problem][:count]

    def survey(self, on_progress: Callable[[], None] = lambda: None) -> Survey:
        """Read all records once: how many, which columns are typed, what may occur twice. Raises `FileRefused`.

        `on_progress` is called every `SIGN_OF_LIFE_EVERY` records.
        """
        fields = {
            position
            for position, label in enumerate(self.labels)
            if self.mapping[label] in (*self.fields, "")
        }
        types = ColumnTypes([position for position in range(len(self.labels)) if position not in fields])
        finder = DuplicateFinder(self.form.lines)
        identity = self.row_reader(Survey()).identity
        total = 0
        try:
            for record in self.records():
                total += 1
                if total % SIGN_OF_LIFE_EVERY == 0:
                    on_progress()
                if not record.problem:
                    types.watch(record.cells)
                    if who := identity(record.cells):
                        finder.add(who)
        except TooManyDuplicates:
            raise FileRefused(self.too_many_duplicates) from None
        if not total:
            raise FileRefused("The file has a header but no rows.")
        return Survey(total, types.kinds(), frozenset(finder.candidates))

    def notes(self) -> list[str]:
        """How the file was read, in sentences for the report."""
        notes = [f"Encoding: {self.form.reason}", f"Delimiter: {self.dialect.name}."]
        if not self.has_header:
            notes.append("The file has no header; its columns were numbered.")
        return notes


def _unescape(record: Record) -> Record:
    record.cells = [cell[1:] if _ESCAPED.match(cell) else cell for cell in record.cells]
    return record

"""A file of people as a whole: what it is, which column is what, and its records. Ties the reading modules together."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import BinaryIO

from campaigns.domain import text_files
from campaigns.domain.addresses import PhoneReader
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
from campaigns.domain.headers import FIELDS, correct_mapping, guess_mapping, has_header, labels_of
from campaigns.domain.people import RowReader
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


class PeopleFile:
    """A CSV file of people. Opening it reads all of it once to be sure of the encoding; memory stays flat.

    `encoding` (a key of `text_files.ENCODINGS`) and `delimiter` overrule what is detected; `corrections` are
    `{label: target}` over the guessed mapping. Raises `FileRefused` where the file as a whole is no CSV. Problems
    with the mapping are in `problems` (sentences); with any, nothing can be imported yet.
    """

    def __init__(
        self,
        stream: BinaryIO,
        *,
        region: str = "US",
        encoding: str = "",
        delimiter: str = "",
        corrections: Mapping[str, str] | None = None,
    ) -> None:
        self._stream = stream
        self.form = text_files.detect(stream, encoding)
        sniffed = sniff(text_files.sample_of(stream, self.form))
        self.dialect = Dialect(delimiter, sniffed.skipped_lines) if delimiter else sniffed
        (_, header, _), _ = self._start()
        self.has_header = has_header(header)
        self.labels = labels_of(header if self.has_header else [""] * len(header))
        self._is_report = set(REPORT_COLUMNS) <= set(self.labels)
        example = next((record.cells for record in self.records() if not record.problem), ())
        guessed = guess_mapping(self.labels, example)
        if self._is_report:
            guessed |= dict.fromkeys(REPORT_COLUMNS, "")
        self.mapping, self.problems = correct_mapping(guessed, corrections or {})
        self._phones = PhoneReader(region)

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
        """Read all records once: how many, which columns are typed, who may occur twice. Raises `FileRefused`.

        `on_progress` is called every `SIGN_OF_LIFE_EVERY` records.
        """
        fields = {
            position for position, label in enumerate(self.labels) if self.mapping[label] in (*FIELDS, "")
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
            raise FileRefused(
                "Hundreds of thousands of rows are about people who occur more than once. "
                "Is the right column chosen as the one that says who a person is?"
            ) from None
        if not total:
            raise FileRefused("The file has a header but no rows.")
        return Survey(total, types.kinds(), frozenset(finder.candidates))

    def row_reader(self, survey: Survey) -> RowReader:
        """What turns this file's records into people."""
        return RowReader(self.labels, self.mapping, self._phones, survey.kinds)

    def notes(self) -> list[str]:
        """How the file was read, in sentences for the report."""
        notes = [f"Encoding: {self.form.reason}", f"Delimiter: {self.dialect.name}."]
        if not self.has_header:
            notes.append("The file has no header; its columns were numbered.")
        if "external_id" not in self.mapping.values():
            notes.append(
                "No column holds an external id: people are known by their e-mail address, else their phone."
            )
        return notes


def _unescape(record: Record) -> Record:
    record.cells = [cell[1:] if _ESCAPED.match(cell) else cell for cell in record.cells]
    return record

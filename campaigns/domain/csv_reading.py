"""From lines of text to records: delimiter, header, quoted line ends, ragged rows. Knows nothing about people.

A record that cannot be read is reported with its line and never takes others with it: after a broken quote reading
goes on at the very next physical line.
"""

import contextlib
import csv
import itertools
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from campaigns.domain.text_files import BROKEN, FileRefused

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
MOST_COLUMNS = 500
#: csv's own limit (131,072 characters) bounds how far an unclosed quote can run before it is noticed.
LONGEST_CELL = 100_000


@dataclass(frozen=True, slots=True)
class Dialect:
    """How lines are cut into cells."""

    delimiter: str
    skipped_lines: int = 0
    """1 when the file begins with Excel's `sep=;` line."""

    @property
    def name(self) -> str:
        return DELIMITERS.get(self.delimiter, repr(self.delimiter))


@dataclass(slots=True)
class Record:
    """One data record. `problem` is empty for a good one; then `cells` has exactly as many items as the header."""

    number: int
    """1 for the first record after the header; blank lines have no number."""
    line: int
    """The physical line it starts on, 1 being the first of the file."""
    cells: list[str]
    problem: str = ""


def sniff(sample: str) -> Dialect:
    """The delimiter that cuts the sample into the most regular table of more than one column (else a comma)."""
    first, _, _ = sample.partition("\n")
    first = first.strip().strip('"')
    if first.lower().startswith("sep=") and len(first) == 5:
        return Dialect(first[4], skipped_lines=1)
    if sample.lower().startswith("sep=\t"):
        return Dialect("\t", skipped_lines=1)
    best, best_score = ",", (0.0, 0)
    for delimiter in DELIMITERS:
        score = _regularity(sample, delimiter)
        if score > best_score:
            best, best_score = delimiter, score
    return Dialect(best)


def _regularity(sample: str, delimiter: str) -> tuple[float, int]:
    """(share of rows as wide as the first, that width); zero where the first row has one cell."""
    rows = csv.reader(sample.splitlines(keepends=True), delimiter=delimiter)
    widths: list[int] = []
    with contextlib.suppress(csv.Error):  # a huge cell: the rows before it still tell
        widths.extend(len(row) for row in itertools.islice(rows, 100) if row)
    if not widths or widths[0] < 2:
        return (0.0, 0)
    return (round(widths.count(widths[0]) / len(widths), 1), widths[0])


class CsvReader:
    """Reads records from text lines, keeping physical line numbers and recovering after a broken quote.

    `header` holds the first record's cells. Iterate for `(line, cells, problem)`; blank records are left out.
    """

    def __init__(self, lines: Iterable[str], dialect: Dialect) -> None:
        self._lines = iter(lines)
        self._again: deque[str] = deque()
        self._taken: list[str] = []
        self._line = 1
        self._delimiter = dialect.delimiter
        for _ in range(dialect.skipped_lines):
            next(self._lines, None)
            self._line += 1

    def _physical_lines(self) -> Iterator[str]:
        taken, again = self._taken, self._again
        while True:
            if again:
                line = again.popleft()
            else:
                try:
                    line = next(self._lines)
                except StopIteration:
                    return
            taken.append(line)
            yield line

    def raw_records(self) -> Iterator["RawRecord"]:
        """`(line, cells, problem)` of every record, the header included; a blank line is an empty list."""
        taken = self._taken
        while True:
            reader = csv.reader(self._physical_lines(), delimiter=self._delimiter, strict=True)
            try:
                for cells in reader:
                    yield self._line, cells, ""
                    self._line += len(taken)
                    taken.clear()
                return
            except csv.Error as error:
                # Only the first line of the broken record is given up; the ones it had swallowed are read again.
                yield (
                    self._line,
                    [taken[0].rstrip("\r\n")],
                    _quote_problem(str(error), self._line, len(taken)),
                )
                self._line += 1
                self._again.extendleft(reversed(taken[1:]))
                taken.clear()


def _quote_problem(error: str, line: int, lines_read: int) -> str:
    if "expected after" in error:
        return (
            'A quote stands inside a quoted value. Double it ("") or remove the quotes; '
            f"the value starts on line {line} and breaks on line {line + lines_read - 1}."
        )
    if "unexpected end of data" in error:
        return f"The quote opened on line {line} is never closed. Close it, or remove it."
    if "field larger than" in error:
        return f"A value that starts on line {line} is longer than {LONGEST_CELL:,} characters; is its quote closed?"
    return f"Line {line} cannot be read as CSV: {error}."


RawRecord = tuple[int, list[str], str]
"""(line, cells, problem)"""


def read_header(reader: CsvReader) -> tuple[RawRecord, Iterator[RawRecord]]:
    """The first record that is not blank, and the iterator that goes on behind it. Raises `FileRefused`."""
    records = reader.raw_records()
    for line, cells, problem in records:
        if problem:
            raise FileRefused(f"The header cannot be read. {problem}")
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > MOST_COLUMNS:
            raise FileRefused(
                f"The header has {len(cells):,} columns; at most {MOST_COLUMNS} can be imported."
            )
        if any(BROKEN in cell or "\0" in cell for cell in cells):
            raise FileRefused(
                f"The header (line {line}) contains characters that are no text in this encoding."
            )
        return (line, cells, problem), records
    raise FileRefused("The file has no header and no rows; it holds only blank lines.")


def read_records(records: Iterable[RawRecord], width: int, *, suspicious: bool = False) -> Iterator[Record]:
    """Number the data records and check their shape against a header of `width` columns.

    `suspicious`: the file holds NULs or bytes without meaning, so every cell is looked at for them.
    """
    number = 0
    for line, cells, problem in records:
        if not cells or not any(cells):
            continue
        number += 1
        if problem:
            yield Record(number, line, cells, problem)
        elif len(cells) != width and (len(cells) < width or any(cells[width:])):
            yield Record(number, line, cells, _ragged_problem(len(cells), width))
        else:
            del cells[width:]
            yield Record(number, line, cells, _character_problem(cells) if suspicious else "")


def _ragged_problem(found: int, width: int) -> str:
    if found < width:
        return (
            f"The row has {found} value(s) where the header has {width} columns. "
            "A value that contains a line break must be in quotes."
        )
    return (
        f"The row has {found} values where the header has {width} columns. "
        "A value that contains the delimiter must be in quotes."
    )


def _character_problem(cells: list[str]) -> str:
    for position, cell in enumerate(cells, 1):
        if "\0" in cell:
            return f"Value {position} contains a NUL character, which no text may hold. Remove it."
        if BROKEN in cell:
            return (
                f"Value {position} contains bytes that are no text in this encoding. Save the file as UTF-8."
            )
    return ""

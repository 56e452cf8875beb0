"""The row-exact report of an import: rows refused or let in with a warning, written by COPY, read as CSV."""

import csv
import io
import json
from collections.abc import Iterator

from django.db import connection

from campaigns.domain.csv_reading import Record
from campaigns.domain.import_file import REPORT_COLUMNS, escape_formula
from campaigns.domain.people import Problem
from campaigns.domain.text_files import BROKEN
from campaigns.models import ImportJob, RefusedRow

_COPY = 'COPY campaigns_refusedrow (job_id, severity, line, record, "column", error, values) FROM STDIN'
_UNSTORABLE = str.maketrans({"\0": "\ufffd", BROKEN: "\ufffd"})
_LONGEST_ERROR = RefusedRow._meta.get_field("error").max_length
_LONGEST_COLUMN = RefusedRow._meta.get_field("column").max_length
_LONGEST_KEPT_CELL = 20_000


class RefusedRowCopy:
    """Collects one batch's refusals and warnings, then writes them at once."""

    def __init__(self, job_id: int) -> None:
        self._job_id = job_id
        self._rows: list[tuple[int, str, int, int, str, str, str]] = []
        self.refused = self.warnings = 0

    def add(self, record: Record, warnings: list[Problem], refusal: Problem | None) -> None:
        """Note what is wrong with a record."""
        cells = json.dumps(
            [cell[:_LONGEST_KEPT_CELL].translate(_UNSTORABLE) for cell in record.cells], ensure_ascii=False
        )
        problems = [(RefusedRow.WARNING, warning) for warning in warnings]
        if refusal:
            problems = [(RefusedRow.REFUSED, refusal)]
            self.refused += 1
        else:
            self.warnings += len(warnings)
        for severity, problem in problems:
            self._rows.append((
                self._job_id,
                severity,
                record.line,
                record.number,
                problem.column.translate(_UNSTORABLE)[:_LONGEST_COLUMN],
                problem.error.translate(_UNSTORABLE)[:_LONGEST_ERROR],
                cells,
            ))  # fmt: skip

    def write(self) -> None:
        """Store what was noted, in the caller's transaction."""
        if not self._rows:
            return
        with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
            for row in self._rows:
                copy.write_row(row)


def report_csv(job: ImportJob, severity: str = RefusedRow.REFUSED) -> Iterator[str]:
    """The refused rows (or the warnings) as lines of CSV: where, what is wrong, then the file's own columns.

    Corrected, the download can be imported as it is. Cells that a spreadsheet would run as formulas are escaped.
    """
    line = io.StringIO()
    writer = csv.writer(line)
    rows = job.refused_rows.filter(severity=severity).order_by("record", "id")
    fields = ("line", "record", "column", "error", "values")
    yield _as_csv(writer, line, [*REPORT_COLUMNS, *job.columns])
    for number, record, column, error, values in rows.values_list(*fields).iterator(chunk_size=2000):
        yield _as_csv(writer, line, [str(number), str(record), column, error, *values])


def _as_csv(writer, line: io.StringIO, cells: list[str]) -> str:  # type: ignore[no-untyped-def]
    writer.writerow([escape_formula(cell) for cell in cells])
    text = line.getvalue()
    line.seek(0)
    line.truncate()
    return text

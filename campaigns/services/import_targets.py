"""Where the rows of an import go, one batch at a time: people with their list, or objects with who is related to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO

from django.db import connection

from campaigns.domain.csv_reading import Record
from campaigns.domain.import_file import ImportFile, Reader
from campaigns.domain.object_file import ObjectFile
from campaigns.domain.objects import ObjectRow, ObjectRowReader, unknown_people_problem
from campaigns.domain.people import Problem
from campaigns.domain.people_file import PeopleFile
from campaigns.models import ImportJob
from campaigns.services.objects import MOST_RELATED, ObjectsReport, known_people, merge_objects
from campaigns.services.people_merging import learn_statistics, merge_people


@dataclass(slots=True)
class Written:
    """What became of the rows of one batch; `refused`: what only the database knew, by the record's number."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    related: int = 0
    refused: dict[int, Problem] = field(default_factory=dict)


def file_for(job: ImportJob, stream: BinaryIO) -> ImportFile:
    """The job's file, read as the job says. Raises `FileRefused`."""
    how = {"encoding": job.encoding, "delimiter": job.delimiter, "corrections": job.mapping}
    if job.kind == ImportJob.OBJECTS:
        return ObjectFile(stream, type_name=job.object_type, **how)
    return PeopleFile(stream, region=job.region, **how)


def look_up(job: ImportJob, reader: Reader, records: Sequence[Record]) -> None:
    """Tell the reader what it has to know of the database before it reads these records."""
    if isinstance(reader, ObjectRowReader):
        named = {
            name for record in records if not record.problem for name in reader.people_named(record.cells)
        }
        storable = {name for name in named if "\0" not in name}
        reader.unknown_people = named - known_people(job.workspace, storable).keys()


def write_rows(job: ImportJob, reader: Reader, rows: Mapping[int, Any], now: datetime) -> Written:
    """Write the rows of one batch (by their records' numbers), in the caller's transaction."""
    if isinstance(reader, ObjectRowReader):
        return _write_objects(job, reader, rows, now)
    counts = merge_people(job.workspace_id, list(rows.values()), now, job.segment_id)
    return Written(counts.created, counts.updated, counts.unchanged)


def after_many(job: ImportJob) -> None:
    """Tell the planner of the rows that have come in, with nothing else in the transaction."""
    if job.kind == ImportJob.PEOPLE:
        learn_statistics()
        return
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE campaigns_relatedobject, campaigns_relationship")


def _write_objects(
    job: ImportJob, reader: ObjectRowReader, rows: Mapping[int, ObjectRow], now: datetime
) -> Written:
    """Several rows about one object, which differ only in the people, are written as one."""
    numbers: dict[tuple[str, str], list[int]] = {}
    merged: dict[tuple[str, str], ObjectRow] = {}
    for number, row in rows.items():
        row.index = number
        numbers.setdefault(row.key, []).append(number)
        merged.setdefault(row.key, row).people.update(row.people)
    report = ObjectsReport()
    # In one order for everybody who writes at the same time.
    for part in _parts([merged[key] for key in sorted(merged)]):
        merge_objects(job.workspace, part, now, report)
    refused: dict[int, Problem] = {}
    for rejected in report.rejected:
        row = rows[rejected["index"]]
        refused |= dict.fromkeys(numbers[row.key], _problem(reader, row, rejected["errors"]))
    unchanged = len(rows) - len(refused) - report.created - report.updated
    return Written(report.created, report.updated, unchanged, report.related, refused)


def _parts(rows: Sequence[ObjectRow]) -> Iterator[list[ObjectRow]]:
    """The rows in parts of no more relationships than one call of the API may have; an object stays whole."""
    part: list[ObjectRow] = []
    related = 0
    for row in rows:
        if part and related + len(row.people) > MOST_RELATED:
            yield part
            part, related = [], 0
        part.append(row)
        related += len(row.people)
    if part:
        yield part


def _problem(reader: ObjectRowReader, row: ObjectRow, errors: Mapping[str, str]) -> Problem:
    """The API's errors by path as the problem of one column of the file."""
    if "type" in errors:
        return Problem(reader.label_of("type"), errors["type"])
    names = list(row.people)
    unknown = [names[int(path.split(".")[1])] for path in errors]
    return Problem(reader.label_of("people"), unknown_people_problem(unknown))

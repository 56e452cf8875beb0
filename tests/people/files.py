"""Files of people made for tests: shaped like real exports, the same on every run."""

from __future__ import annotations

import csv
import io
import os
import random
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from faker import Faker

from campaigns.models import ImportJob, RefusedRow, Segment, Workspace
from campaigns.services.import_setup import draft_import, queue_import
from campaigns.services.importing import run_import

HEADER = [
    "Index",
    "User Id",
    "First Name",
    "Last Name",
    "Sex",
    "Email",
    "Phone",
    "Date of birth",
    "Job Title",
]
#: The ways in which the exports that people bring write one country's numbers.
_SHAPES: list[Callable[[str], str]] = [
    lambda n: f"{n[:3]}-{n[3:6]}-{n[6:]}",
    lambda n: f"{n[:3]}.{n[3:6]}.{n[6:]}",
    lambda n: f"({n[:3]}){n[3:6]}-{n[6:]}",
    lambda n: n,
    lambda n: f"+1-{n[:3]}-{n[3:6]}-{n[6:]}",
    lambda n: f"001-{n[:3]}-{n[3:6]}-{n[6:]}",
]


def people_rows(number: int, seed: int = 1) -> list[list[str]]:
    """So many rows under `HEADER`: unique ids, addresses and numbers; extensions on some; job titles with commas.

    Rows of another seed (1 to 8) are other people: both files can come into one workspace.
    """
    fake, chance = Faker("en_US"), random.Random(seed)
    fake.seed_instance(seed)
    first, last = ([fake.first_name() for _ in range(50)], [fake.last_name() for _ in range(50)])
    jobs, dates = ([fake.job() for _ in range(50)], [fake.date() for _ in range(50)])
    rows = []
    first_number = (seed - 1) * 1_000_000 + 1
    for index in range(first_number, first_number + number):
        digits = f"{200 + index % 700}{2_000_000 + index:07}"
        phone = chance.choice(_SHAPES)(digits) + chance.choice(["", "", "x97114", "x0623"])
        email = f"{chance.choice(first).lower()}{index}@example.{chance.choice(['org', 'com', 'net'])}"
        names = [chance.choice(first), chance.choice(last), chance.choice(["Female", "Male"])]
        rows.append(
            [
                str(index - first_number + 1),
                f"id{index:08}",
                *names,
                email,
                phone,
                chance.choice(dates),
                chance.choice(jobs),
            ]
        )
    return rows


def as_csv(rows: list[list[str]], header: list[str] | None = HEADER, delimiter: str = ",") -> str:
    """CSV as spreadsheets write it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerows(([header] if header else []) + rows)
    return text.getvalue()


def queued(
    workspace: Workspace,
    path: Path,
    content: str | bytes,
    *,
    segment: Segment | None = None,
    region: str = "US",
) -> ImportJob:
    """The content as a file, and its import waiting for a worker."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return queue_import(draft_import(workspace, None, path.name, str(path), segment=segment, region=region))


def real_file() -> Path:
    """The 10,000 people of the project's shared data, where a checkout has them beside it (or `PEOPLE_CSV` says where)."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "data" / "people-10000.csv"
    path = Path(os.environ.get("PEOPLE_CSV", beside))
    if not path.is_file():
        pytest.skip("needs people-10000.csv: set PEOPLE_CSV to its path")
    return path


def counts(job: ImportJob) -> dict[str, int]:
    """The job's counts that are not zero."""
    names = ("records_done", "created", "updated", "unchanged", "refused", "warnings")
    return {name: getattr(job, name) for name in names if getattr(job, name)}


def refusals(job: ImportJob) -> list[tuple[int, int, str, str]]:
    """(line, record, column, error) of every refused row."""
    rows = job.refused_rows.filter(severity=RefusedRow.REFUSED).order_by("record")
    return list(rows.values_list("line", "record", "column", "error"))


def brought_in(
    workspace: Workspace, path: Path, content: str | bytes, now: datetime, **options: Any
) -> ImportJob:
    """The finished import of a file; every record of it is accounted for."""
    job = run_import(queued(workspace, path, content, **options).pk, now)
    assert job.status == ImportJob.DONE, job.error
    assert job.records_done == job.created + job.updated + job.unchanged + job.refused
    return job

"""The file of people that the main job imports: real data where it lies beside the repository, else made like it."""

from __future__ import annotations

import csv
from pathlib import Path

from tests.people.files import HEADER, people_rows

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "people-10000.csv"
MADE = 2_000


def people_file(folder: Path) -> Path:
    """The path of the file."""
    if REAL.exists():
        return REAL
    made = folder / "people-2000.csv"
    with made.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEADER, *people_rows(MADE)])
    return made


def read_people(path: Path) -> dict[str, dict[str, str]]:
    """The rows of the file by *User Id*, as any other program would read them."""
    with path.open(newline="", encoding="utf-8") as file:
        return {row["User Id"]: row for row in csv.DictReader(file)}

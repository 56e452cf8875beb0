"""CSV import beside a bare COPY of the same finished people, in the same run, as a ratio (target: at least 0.25).

    uv run python -m tests.benchmarks.bench_import [--people 100000] [--rounds 3] [--list]

The floor copies rows that are ready (no CSV, no checks) into the same empty table with the same indexes. The import
reads the file, checks every address, finds duplicates, merges and reports; with --list it also fills a list.
The database is BENCH_DATABASE_URL (made when missing); it is filled and emptied, so let it be nobody's.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.benchmarks import ground

_COLUMNS = (
    "workspace_id, external_id, email, phone, timezone, attributes, shares_email, shares_phone, "
    "created_at, updated_at"
)


def measure_import(path: Path, with_list: bool) -> dict[str, float]:
    """One import of the file into an empty installation: seconds, and the growth of memory between batches in MiB."""
    from django.db import connection

    from campaigns.models import Segment, Workspace
    from campaigns.services.import_setup import draft_import, queue_import
    from campaigns.services.importing import run_import

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE campaigns_workspace CASCADE")
    workspace = Workspace.objects.create(name="Bench", slug="bench")
    segment = Segment.objects.create(workspace=workspace, name="Bench") if with_list else None
    job = queue_import(draft_import(workspace, None, path.name, str(path), segment=segment, region="US"))
    memory: list[float] = []
    started = time.perf_counter()
    job = run_import(job.pk, on_progress=lambda _: memory.append(_resident()))
    seconds = time.perf_counter() - started
    if job.status != "done" or job.refused:
        raise SystemExit(f"The import ended as {job.status} with {job.refused} refused: {job.error}")
    return {
        "seconds": seconds,
        "mebibytes": max(memory),
        "growth": memory[-1] - memory[min(2, len(memory) - 1)],
    }


def measure_copy() -> float:
    """Seconds of one COPY of the people that the import has just left, into the same table emptied."""
    from django.db import connection

    rows = io.BytesIO()
    with connection.cursor() as cursor:
        with cursor.copy(f"COPY (SELECT {_COLUMNS} FROM campaigns_person ORDER BY id) TO STDOUT") as copy:
            for data in copy:
                rows.write(data)
        cursor.execute("TRUNCATE campaigns_person CASCADE")
        rows.seek(0)
        started = time.perf_counter()
        with cursor.copy(f"COPY campaigns_person ({_COLUMNS}) FROM STDIN") as copy:
            while data := rows.read(1 << 16):
                copy.write(data)
        return time.perf_counter() - started


def _resident() -> float:
    return int(re.findall(r"VmRSS:\s+(\d+)", Path("/proc/self/status").read_text())[0]) / 1024


def main() -> None:
    """Print one JSON line: both rates, their ratio, memory."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    ground.prepare()
    from tests.people.files import as_csv, people_rows

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "people.csv"
        path.write_text(as_csv(people_rows(options.people)))
        rounds = [(measure_import(path, options.list), measure_copy()) for _ in range(options.rounds)]
    report: dict[str, Any] = {
        "people": options.people,
        "with_list": options.list,
        "import_rows_per_second": round(
            options.people / statistics.median(one["seconds"] for one, _ in rounds)
        ),
        "copy_rows_per_second": round(options.people / statistics.median(floor for _, floor in rounds)),
        "ratio": round(statistics.median(floor / one["seconds"] for one, floor in rounds), 2),
        "mebibytes": round(max(one["mebibytes"] for one, _ in rounds)),
        "growth_mebibytes": round(rounds[0][0]["growth"], 1),
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()

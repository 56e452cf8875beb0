"""Floors for set-based work: the same rows in a table with the same columns, indexes and fill, but nothing else to it."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from django.db import connection

#: Raw batches are ranges of the primary key, of the size that the engine takes.
BATCH = 5_000


def run(sql: str, values: Any = None) -> int:
    """Execute one statement; how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return int(cursor.rowcount)


def twin(table: str) -> str:
    """An empty table beside ``table`` with its columns, indexes and fill factor, without its triggers; its name."""
    name = f"raw_{table}"
    run(f"DROP TABLE IF EXISTS {name}")
    run(f"CREATE TABLE {name} (LIKE {table} INCLUDING ALL)")
    with connection.cursor() as cursor:
        cursor.execute("SELECT reloptions FROM pg_class WHERE relname = %s", [table])
        (options,) = cursor.fetchone()
    if options:
        run(f"ALTER TABLE {name} SET ({', '.join(options)})")
    return name


def settle(*tables: str) -> None:
    """Let what was written before not be paid for by what is measured next."""
    for table in tables:
        run(f"VACUUM ANALYZE {table}")
    run("CHECKPOINT")


class Cost(NamedTuple):
    """What some work cost: by the clock, and the processor time of this connection's server process.

    On a machine shared with others the clock measures the others too; the processor time does not.
    """

    seconds: float
    processor: float


def both(one: Cost, other: Cost) -> Cost:
    """What two pieces of work cost together."""
    return Cost(one.seconds + other.seconds, one.processor + other.processor)


def cost(work: Callable[[], Any]) -> Cost:
    """Do the work and answer what it cost."""
    connection.ensure_connection()
    process = Path(f"/proc/{connection.connection.info.backend_pid}/stat")
    processor, started = _processor(process), time.perf_counter()
    work()
    return Cost(time.perf_counter() - started, _processor(process) - processor)


def _processor(process: Path) -> float:
    """Seconds that the process has used so far; 0 where the server is on another machine."""
    if not process.exists():
        return 0.0
    user, system = process.read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def compared(rounds: Sequence[Mapping[str, Cost]], floors: Mapping[str, str], rows: int) -> dict[str, Any]:
    """Rows a second of every case, and for those that have a floor the ratios to it, each the median of the rounds."""
    report: dict[str, Any] = {}
    for name in rounds[0]:
        report[name] = {
            "rows_per_second": round(rows / statistics.median(one[name].seconds for one in rounds))
        }
        if floor := floors.get(name):
            pairs = [(one[name], one[floor]) for one in rounds]
            report[name]["ratio"] = round(statistics.median(a.seconds / b.seconds for a, b in pairs), 2)
            if all(b.processor for _, b in pairs):
                ratio = statistics.median(a.processor / b.processor for a, b in pairs)
                report[name]["ratio_of_processor_time"] = round(ratio, 2)
    return report


def batched_update(table: str, assignments: str, batch: int = BATCH) -> int:
    """The raw batched UPDATE: range after range of the primary key, each its own transaction."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT min(id), max(id) FROM {table}")
        first, last = cursor.fetchone()
        changed = 0
        for low in range(first, last + 1, batch):
            cursor.execute(f"UPDATE {table} SET {assignments} WHERE id >= {low} AND id < {low + batch}")
            changed += cursor.rowcount
    return changed

"""One batch of background work: its own transaction, one worker at a time per task, and a last look before it commits.

The rows of campaign and channel are locked at the *end* of a batch, not at its start: a stop never waits for a batch
that is at work, it only waits for its commit. If the stop came first, the batch sees it and keeps nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import connection, transaction

_AVOIDED = ("hashjoin", "mergejoin", "memoize", "seqscan", "bitmapscan", "sort")
# Nor compiled: that costs more than these short statements take.
_OFF = ("jit", *(f"enable_{way}" for way in _AVOIDED))
_BY_INDEX = "SELECT set_config('enable_nestloop', 'on', true), " + ", ".join(
    f"set_config('{setting}', 'off', true)" for setting in _OFF
)
_BEGIN = _BY_INDEX + ", pg_try_advisory_xact_lock(hashtextextended(%s, %s))"


class Deadline:
    """How long a call may go on; at least one batch is always done."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    def passed(self) -> bool:
        return time.monotonic() >= self._until


def until_done(deadline: Deadline, one_batch: Callable[[], int]) -> int:
    """Repeat a batch until it finds nothing more or the time is up; answers the sum of what the batches found."""
    total = 0
    while found := one_batch():
        total += found
        if deadline.passed():
            break
    return total


def go_by_index(cursor: Any) -> None:
    """Until the transaction ends, find, order and join rows by index.

    The planner does not know how small a batch is beside its tables, and its statistics are from before the campaign
    ran: a plan that reads or sorts a whole table for each batch would make the whole quadratic.
    """
    cursor.execute(_BY_INDEX)


def walk_together(cursor: Any) -> None:
    """Until the transaction ends, join the parts of a chunk as wholes instead of row by row.

    Faster where every part is about as large as the chunk, and linear whatever the statistics say, as long as each is
    given the chunk's range: still nothing is read without an index.
    """
    cursor.execute(
        "SELECT set_config('enable_nestloop', 'off', true), set_config('enable_mergejoin', 'on', true),"
        " set_config('enable_hashjoin', 'on', true)"
    )


def plan_freely(cursor: Any) -> None:
    """Take back `go_by_index` and `walk_together`, where the transaction goes on with other things."""
    cursor.execute("; ".join(f"SET LOCAL {setting} = DEFAULT" for setting in (*_OFF, "enable_nestloop")))


@contextmanager
def only_worker(task: str, key: int) -> Iterator[Any | None]:
    """A transaction's cursor, or None where another worker is at the same task; the lock goes with the transaction.

    Its statements go by index (see `go_by_index`).
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_BEGIN, [task, key])
        yield cursor if cursor.fetchone()[-1] else None


def keep_nothing() -> None:
    """Roll this batch back when its transaction ends."""
    transaction.set_rollback(True)


def campaign_is(cursor: Any, campaign_id: int, condition: str, values: dict[str, Any] | None = None) -> bool:
    """Lock the campaign's row against changes until the batch has committed, and look whether ``condition`` holds."""
    cursor.execute(
        f"SELECT 1 FROM campaigns_campaign WHERE id = %(campaign)s AND ({condition}) FOR SHARE",
        {"campaign": campaign_id, **(values or {})},
    )
    return cursor.fetchone() is not None


def earlier_of_clock(cursor: Any, moment: datetime) -> datetime:
    """``moment``, or the database's time where that is earlier (a rehearsal may pass a time to come)."""
    cursor.execute("SELECT least(%s, clock_timestamp())", [moment])
    return cursor.fetchone()[0]

"""Slots: how many calls at once a connection allows, shared by all workers on all machines.

A slot is an advisory lock of the worker's database session, so a worker that dies gives its slots back by dying.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import Error, connection

#: Leaves room for 2^37 connections with 1,024 slots each, away from the keys that other code may use.
_CONNECTIONS = 0x51 << 48
_CHANNELS = 0x52 << 48
MOST_SLOTS = 1024

_TAKE = """
SELECT slot FROM generate_series(0, %s - 1) AS slot
WHERE pg_try_advisory_lock(%s + slot) LIMIT %s
"""


def fair_share(parallelism: int) -> int:
    """How many of a connection's slots one worker takes, so that the others can work too."""
    return max(1, math.ceil(parallelism / max(1, settings.DISPATCH_WORKERS)))


@contextmanager
def held_slots(
    connection_id: int | None, channel_id: int, parallelism: int, *, alone: bool = False
) -> Iterator[int]:
    """Hold this worker's share of the slots while the block runs; yields how many there were (perhaps none).

    ``alone``: all of them, because one worker is enough for what the connection allows. A channel without a connection
    (in-app) has slots of its own.
    """
    parallelism = min(max(1, parallelism), MOST_SLOTS)
    share = parallelism if alone else fair_share(parallelism)
    base = _CHANNELS + channel_id * MOST_SLOTS
    if connection_id is not None:
        base = _CONNECTIONS + connection_id * MOST_SLOTS
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [parallelism, base, share])
        slots = [slot for (slot,) in cursor.fetchall()]
    try:
        yield len(slots)
    finally:
        _release([base + slot for slot in slots])


def _release(keys: list[int]) -> None:
    """Give the slots back. A session that has broken has given them back already."""
    if not keys:
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(key) FROM unnest(%s::bigint[]) AS key", [keys])
    except Error:
        connection.close()

"""Prepared statements for what a worker does all day: planned once a session instead of a hundred times a second."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from django.db import Error, connection

#: A plan that is kept must be right at any size of the ledger, also for a table that was nearly empty when it was made:
#: then rows must come by an index and in its order, though reading and sorting them all would have been cheaper that day.
_DETOURS = ("enable_seqscan", "enable_sort")


@contextmanager
def indexes_only() -> Iterator[None]:
    """Within the block, this session reads rows by indexes and in their order."""
    _allow_detours("off")
    try:
        yield
    finally:
        with suppress(Error):
            _allow_detours("on")


def _allow_detours(value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config(name, %s, false) FROM unnest(%s::text[]) AS name", [value, list(_DETOURS)]
        )


def run(sql: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """The rows of a statement, prepared on its first use in this session. Part of Django's transaction, like any other.

    Each text is a statement of its own: what is not a value (a LIMIT, which the planner has to know) stands in the text.
    """
    connection.ensure_connection()
    session = connection.connection
    # Django turns preparing off for the sake of pools that change sessions between transactions; a worker, which holds
    # session-level locks, cannot go through such a pool anyway.
    session.prepare_threshold = session.prepare_threshold or 5
    with connection.wrap_database_errors, psycopg.Cursor(session) as cursor:
        cursor.execute(sql, values, prepare=True)
        return cursor.fetchall()

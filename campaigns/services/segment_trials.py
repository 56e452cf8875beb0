"""Trying a condition out before it is saved: how many meet it, ten of them, and who would enter and leave a segment."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import OperationalError, connection, transaction

from campaigns.domain.conditions import Condition
from campaigns.engine.conditions import Where, compile_condition
from campaigns.models import Person, Segment, Workspace

SAMPLE = 10
#: Milliseconds: a page waits no longer for an exact number; it then is told an estimate.
PATIENCE = 2_000
#: Share of the table's pages that an estimate looks at, in per cent.
PAGES = 1


@dataclass(slots=True)
class Trial:
    """``entering`` and ``leaving`` compare with a segment's members now; None where there is no segment or no time."""

    count: int = 0
    exact: bool = True
    people: list[Person] = field(default_factory=list)
    entering: int | None = None
    leaving: int | None = None


def try_condition(
    workspace: Workspace, condition: Condition, now: datetime, segment: Segment | None = None
) -> Trial:
    """Who meets the condition now, exactly where that can be told in a moment."""
    where = compile_condition(condition, workspace.pk, now)
    values = where.params | {"workspace": workspace.pk, "segment": segment.pk if segment else None}
    rows = _patiently(
        (_COMPARE if segment else _COUNT).format(condition=where.sql("p", by_index=False)), values
    )
    trial = Trial()
    if rows is None:
        trial.count, trial.exact = _estimate(where, values), False
    else:
        trial.count = rows[0][0]
        if segment is not None:
            trial.entering, trial.leaving = rows[0][1:]
    found = _patiently(_PEOPLE.format(condition=where.sql("p", by_index=False), number=SAMPLE), values) or []
    trial.people = list(Person.objects.filter(pk__in=[pk for (pk,) in found]).order_by("pk"))
    return trial


_COUNT = """
    SELECT count(*) FROM campaigns_person p WHERE p.workspace_id = %(workspace)s AND {condition}"""
_COMPARE = """
    SELECT count(*) FILTER (WHERE meets), count(*) FILTER (WHERE meets AND NOT inside),
        count(*) FILTER (WHERE inside AND NOT meets)
    FROM (
        SELECT {condition} AS meets, m.person_id IS NOT NULL AS inside FROM campaigns_person p
        LEFT JOIN campaigns_segmentmember m ON m.segment_id = %(segment)s AND m.person_id = p.id
        WHERE p.workspace_id = %(workspace)s
    ) everybody"""
_PEOPLE = """
    SELECT p.id FROM campaigns_person p WHERE p.workspace_id = %(workspace)s AND {condition} ORDER BY p.id
    LIMIT {number}"""
_ESTIMATE = """
    SELECT count(*) FROM campaigns_person p TABLESAMPLE SYSTEM ({pages})
    WHERE p.workspace_id = %(workspace)s AND {condition}"""


def _patiently(sql: str, values: dict[str, Any]) -> list[Any] | None:
    """The rows; None where they took too long."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {PATIENCE}")
            cursor.execute(sql, values)
            rows = cursor.fetchall()
            cursor.execute("SET LOCAL statement_timeout = 0")
            return rows
    except OperationalError:
        return None


def _estimate(where: Where, values: dict[str, Any]) -> int:
    rows = _patiently(_ESTIMATE.format(condition=where.sql("p", by_index=False), pages=PAGES), values)
    return rows[0][0] * 100 // PAGES if rows else 0

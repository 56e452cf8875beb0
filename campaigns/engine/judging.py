"""What conditions say of a few people by name: for dry runs and for telling somebody why. One query each, never a walk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from campaigns.domain.condition_reading import parse_condition
from campaigns.engine.conditions import compile_condition
from campaigns.engine.skipping import skip_reason


def judge(
    conditions: Sequence[Mapping[str, Any]], people: Sequence[int], workspace_id: int, now: datetime
) -> dict[int, list[bool]]:
    """Person id → what each condition says of them as of ``now``. The conditions are stored ones, in the API's shape."""
    if not people:
        return {}
    if not conditions:
        return {person: [] for person in people}
    columns: list[str] = []
    values: dict[str, Any] = {"people": list(people), "workspace": workspace_id}
    for place, condition in enumerate(conditions):
        where = compile_condition(parse_condition(condition), workspace_id, now, prefix=f"judged{place}_")
        values |= where.params
        columns.append(where.sql("p"))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT p.id, {', '.join(columns)} FROM campaigns_person p"
            " WHERE p.id = ANY(%(people)s) AND p.workspace_id = %(workspace)s",
            values,
        )
        return {row[0]: list(row[1:]) for row in cursor.fetchall()}


def left_out(kind: str, channel_id: int, people: Sequence[int], workspace_id: int) -> dict[int, str]:
    """Person id → the code of the reason why they would get no message in this channel now, or "".

    Whether somebody else has the same address cannot be told before the messages are made, so it is not looked at.
    """
    if not people:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT p.id, {skip_reason(kind, 'false')} FROM campaigns_person p"
            " WHERE p.id = ANY(%(people)s) AND p.workspace_id = %(workspace)s",
            {"people": list(people), "workspace": workspace_id, "channel": channel_id},
        )
        return dict(cursor.fetchall())


def some_who_meet(condition: Mapping[str, Any], workspace_id: int, now: datetime, number: int) -> list[int]:
    """The first people of the workspace who meet a stored condition."""
    where = compile_condition(parse_condition(condition), workspace_id, now, prefix="judged_")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT p.id FROM campaigns_person p WHERE p.workspace_id = %(workspace)s AND {where.sql('p')}"
            " ORDER BY p.id LIMIT %(number)s",
            where.params | {"workspace": workspace_id, "number": number},
        )
        return [row[0] for row in cursor.fetchall()]


def some_who_did(name: str, workspace_id: int, number: int) -> list[int]:
    """The people of the newest events of this name; among so many of the newest events."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT DISTINCT person_id FROM (
                   SELECT person_id FROM campaigns_event WHERE workspace_id = %(workspace)s AND name = %(name)s
                   ORDER BY workspace_id DESC, name DESC, id DESC LIMIT %(number)s) AS newest""",
            {"workspace": workspace_id, "name": name, "number": number},
        )
        return [row[0] for row in cursor.fetchall()]

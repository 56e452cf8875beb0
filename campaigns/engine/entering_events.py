"""People enter a workflow by what happens: each event lets in the person that it is about, in the order of the events.

A batch begins its journeys and moves the entrance's event cursor in one transaction, so every event counts exactly once.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from campaigns.domain.triggers import event_name
from campaigns.engine.batches import Deadline, keep_nothing, only_worker
from campaigns.engine.conditions import HAPPENED
from campaigns.engine.doors import ONCE, Door, begin_sql, door_of, entry_sql, may_enter, move_entrance
from campaigns.engine.events import last_safe_id_or_none

#: The events of the next batch, in the order in which they came.
END_SQL = """
    SELECT count(*), max(id) FROM (
        SELECT id FROM campaigns_event
        WHERE workspace_id = %(workspace)s AND name = %(name)s AND id > %(after)s AND id <= %(safe)s
        ORDER BY workspace_id, name, id LIMIT %(chunk)s) AS next"""


def enter_by_events(door: Door, now: datetime, chunk: int, deadline: Deadline) -> int:
    """Let in whom events have brought since the last time; answers how many journeys began."""
    name = event_name(door.program.trigger, door.campaign.pk, door.program.flow)
    safe = last_safe_id_or_none(door.campaign.workspace_id, name)
    entered, goes_on = 0, safe is not None and safe > door.entrance.event_cursor
    while goes_on:
        found, goes_on = _batch(door, name, safe or 0, now, chunk)
        entered += found
        if deadline.passed():
            break
    return entered


def _batch(seen: Door, name: str, safe: int, now: datetime, chunk: int) -> tuple[int, bool]:
    """One batch in one transaction: how many journeys it began, and whether there may be another."""
    with only_worker("enter", seen.campaign.pk) as cursor:
        door = door_of(seen.campaign.pk, seen.program.flow, now) if cursor else None
        if cursor is None or door is None:
            return 0, False
        values: dict[str, Any] = door.values(now) | {
            "name": name, "after": door.entrance.event_cursor, "safe": safe, "chunk": chunk,
        }  # fmt: skip
        cursor.execute(END_SQL, values)
        count, values["upto"] = cursor.fetchone()
        if not count:
            return 0, False
        cursor.execute(events_sql(door), values)
        entered = int(cursor.rowcount)
        if not move_entrance(cursor, door, event_cursor=values["upto"]):
            keep_nothing()
            return 0, False
    return entered, count == chunk


def events_sql(door: Door) -> str:
    """Begins the journeys of one batch of events (%(after)s < id <= %(upto)s).

    What had happened before the doors were opened, and is only reported now, lets nobody in.
    """
    every = door.frequency.every
    # Once, or at most once in a time: of several events in a batch the first counts.
    first = "" if every else f"DISTINCT ON ({HAPPENED}.person_id)"
    nth = (
        f"row_number() OVER (PARTITION BY {HAPPENED}.person_id ORDER BY {HAPPENED}.id) - 1" if every else "0"
    )
    return f"""{begin_sql(door, "p.entry", "p.event_id")}
        FROM (
            SELECT {first} p.id, {HAPPENED}.id AS event_id, {nth} + {entry_sql(door)} AS entry
            FROM campaigns_event {HAPPENED} JOIN campaigns_person p ON p.id = {HAPPENED}.person_id
            WHERE {HAPPENED}.workspace_id = %(workspace)s AND {HAPPENED}.name = %(name)s
                AND {HAPPENED}.id > %(after)s AND {HAPPENED}.id <= %(upto)s
                AND {HAPPENED}.occurred_at > %(since)s
                AND {door.audience.has("p")} AND {may_enter(door, "false")}
            ORDER BY {HAPPENED}.person_id, {HAPPENED}.id OFFSET 0) AS p {ONCE}"""

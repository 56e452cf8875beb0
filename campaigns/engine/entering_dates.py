"""People enter a workflow on a date of each (“3 days before the renewal at 09:00”), by the clock of each one's time zone.

There are only some forty moments a day at which a clock somewhere shows that time. When one has come, the people are
walked once, in chunks by key; those whose moment lies between the last walk and this one enter: never early, nobody
twice. Whose date is set, or whose attribute changes, after the moment has passed does not enter any more.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from campaigns.domain.triggers import Offset, read_offset
from campaigns.engine.audience import LAST_ID
from campaigns.engine.batches import Deadline, keep_nothing, only_worker, walk_together
from campaigns.engine.dates import BEHIND, known_zones, moments_between
from campaigns.engine.doors import (
    NO_WAVE,
    ONCE,
    Door,
    begin_sql,
    door_of,
    entry_sql,
    may_enter,
    move_entrance,
)

#: Moments are worked out for whole hours, so that a beat finds them ready.
_HOUR = timedelta(hours=1)
#: Whoever moves to another time zone on the day meets the same date again within this time.
SAME_DATE = "20 hours"

Moment = tuple[str, str, datetime]


def enter_by_dates(door: Door, now: datetime, chunk: int, deadline: Deadline) -> int:
    """Begin a walk where a moment has come, and go on with it; answers how many journeys began."""
    entered = 0
    while (found := _next_chunk(door, now, chunk)) is not None:
        entered += found
        if deadline.passed():
            break
    return entered


def _next_chunk(seen: Door, now: datetime, chunk: int) -> int | None:
    """One chunk of a walk in one transaction; None where no moment has come."""
    with only_worker("enter", seen.campaign.pk) as cursor:
        door = door_of(seen.campaign.pk, seen.program.flow, now) if cursor else None
        if cursor is None or door is None or door.entrance.since is None:
            return None
        until = door.entrance.until or now
        moments = moments_of(door, max(door.entrance.since, until - BEHIND), until)
        if not moments:
            # Written now and then only; or at once, where a walk was going on over moments that an edit took away.
            if door.entrance.until or until - door.entrance.since > _HOUR:
                move_entrance(cursor, door, since=until, until=None, cursor=NO_WAVE)
            return None
        after = door.entrance.cursor if door.entrance.until else 0
        values = door.values(now) | _listed(moments, door) | {"after": after, "chunk": chunk}
        cursor.execute(door.audience.chunk_end(), values)
        end = cursor.fetchone()
        values["upto"] = end[0] if end else LAST_ID
        walk_together(cursor)
        cursor.execute(dates_sql(door), values)
        entered = int(cursor.rowcount)
        place = (
            {"cursor": end[0], "until": until} if end else {"cursor": NO_WAVE, "since": until, "until": None}
        )
        if not move_entrance(cursor, door, **place):
            keep_nothing()
            return None
    return entered


def moments_of(door: Door, since: datetime, until: datetime) -> list[Moment]:
    """Zone, date in the attribute, and moment, of everybody whose moment lies in (since, until]."""
    trigger = door.program.trigger
    begin = since.replace(minute=0, second=0, microsecond=0)
    hours = -((begin - until) // _HOUR)
    found = moments_between(begin, begin + hours * _HOUR, str(trigger["at"]))
    offset = read_offset(trigger.get("offset"))
    return [
        (zone, written, at)
        for zone, day, at in found
        if since < at <= until
        for written in _dates(offset, day)
    ]


def _dates(offset: Offset, day: str) -> list[str]:
    return [one.isoformat() for one in offset.dates_for(date.fromisoformat(day))]


def _listed(moments: list[Moment], door: Door) -> dict[str, Any]:
    return {
        "attribute": door.program.trigger["attribute"], "known": list(known_zones()),
        "zones": [zone for zone, _, _ in moments], "dates": [written for _, written, _ in moments],
    }  # fmt: skip


def dates_sql(door: Door) -> str:
    """Begins the journeys of one chunk of people. A person's own zone counts, else the campaign's."""
    join = """JOIN (SELECT DISTINCT * FROM unnest(%(zones)s::text[], %(dates)s::text[])) AS moment (zone, day)
        ON moment.zone = CASE WHEN p.timezone = ANY(%(known)s::text[]) THEN p.timezone ELSE %(zone)s END
            AND moment.day = left(p.attributes ->> %(attribute)s, 10)"""
    once = may_enter(door, f"j.entered_at > %(now)s - interval '{SAME_DATE}'")
    return f"{begin_sql(door, entry_sql(door))} {door.audience.people('p', join)} AND {once} {ONCE}"

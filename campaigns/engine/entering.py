"""People enter workflows: a wave over everybody who meets the trigger, then whoever comes to; as often as allowed.

The wave walks the audience by person id behind the entrance's ``cursor`` (-1: no wave is going on). Additions are found
by the time at which they joined, which must be later than its ``since``.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from campaigns.domain.programs import programs_of
from campaigns.domain.triggers import BY_EVENT, DATE
from campaigns.engine.audience import LAST_ID
from campaigns.engine.batches import Deadline, earlier_of_clock, keep_nothing, only_worker, walk_together
from campaigns.engine.doors import (
    NO_WAVE,
    ONCE,
    Door,
    begin_sql,
    door_of,
    is_as_read,
    may_enter,
    move_entrance,
    open_campaign,
)
from campaigns.engine.entering_dates import enter_by_dates
from campaigns.engine.entering_events import enter_by_events

CHUNK = 20_000
#: A list is filled in transactions that commit later than the time they write; nobody is overlooked within this margin.
MARGIN = timedelta(hours=1)

#: When somebody joined and who: the order in which additions are looked at.
Place = tuple[datetime, int]


def enter_people(campaign_id: int, now: datetime, *, seconds: float = 10.0, chunk: int = CHUNK) -> int:
    """Let in who may enter, flow by flow and chunk by chunk, for about ``seconds``; answers how many entered."""
    deadline = Deadline(seconds)
    campaign = open_campaign(campaign_id)
    entered = 0
    for program in programs_of(campaign) if campaign else ():
        door = door_of(campaign_id, program.flow, now)
        if door is None:
            continue
        if door.type in BY_EVENT:
            entered += enter_by_events(door, now, chunk, deadline)
        elif door.type == DATE:
            entered += enter_by_dates(door, now, chunk, deadline)
        else:
            entered += _enter_by_condition(door, now, chunk, deadline)
        if deadline.passed():
            break
    return entered


def _enter_by_condition(door: Door, now: datetime, chunk: int, deadline: Deadline) -> int:
    entered = 0
    while (found := _next_of_wave(door, now, chunk)) is not None:
        entered += found
        if deadline.passed():
            return entered
    return entered + _let_in_additions(door, now, chunk, deadline)


# --- the wave


def _next_of_wave(seen: Door, now: datetime, chunk: int) -> int | None:
    """One chunk of the wave; how many entered, None where there is no wave (any more)."""
    with only_worker("enter", seen.campaign.pk) as cursor:
        door = door_of(seen.campaign.pk, seen.program.flow, now) if cursor else None
        if cursor is None or door is None or door.entrance.cursor == NO_WAVE:
            return None
        values = door.values(now) | {"after": door.entrance.cursor, "chunk": chunk}
        cursor.execute(door.audience.chunk_end(), values)
        end = cursor.fetchone()
        values["upto"] = end[0] if end else LAST_ID
        cursor.execute(HAS_SOMEBODY, values)
        (has_somebody,) = cursor.fetchone()
        walk_together(cursor)
        cursor.execute(wave_sql(door) if has_somebody else first_wave_sql(door), values)
        entered = int(cursor.rowcount)
        if not move_entrance(cursor, door, cursor=end[0] if end else NO_WAVE):
            keep_nothing()
            return None
    return entered


#: Whether anybody of a chunk has ever entered.
HAS_SOMEBODY = """
    SELECT EXISTS (SELECT 1 FROM campaigns_journey WHERE campaign_id = %(campaign)s
        AND person_id > %(after)s AND person_id <= %(upto)s AND flow = %(flow)s)"""


def wave_sql(door: Door) -> str:
    """Lets in the people of one chunk of the wave."""
    return f"{begin_sql(door)} {door.audience.ids('p')} AND {may_enter(door, 'false')} {ONCE}"


def first_wave_sql(door: Door) -> str:
    """Lets in the people of a chunk of whom none has ever entered: most of a million, the first time.

    Whoever else lets people in waits for this transaction (`only_worker`), so that nothing has to be looked up for each
    person, which would take longer than writing the rows.
    """
    return f"{begin_sql(door, entry='0')} {door.audience.ids('p')}"


# --- additions


def _let_in_additions(seen: Door, now: datetime, chunk: int, deadline: Deadline) -> int:
    """Whoever joined after ``since``, list by list; afterwards ``since`` follows, an hour behind."""
    door = door_of(seen.campaign.pk, seen.program.flow, now)
    if door is None or door.entrance.cursor != NO_WAVE or door.entrance.since is None:
        return 0
    entered = 0
    for source in door.audience.lists or (None,):
        place: Place | None = (door.entrance.since, 0)
        while place is not None:
            found = _next_additions(door, source, place, now, chunk)
            if found is None:
                return entered
            entered, place = entered + found[0], found[1]
            if deadline.passed():
                return entered
    _follow(door, now)
    return entered


def _next_additions(
    door: Door, source: int | None, place: Place, now: datetime, chunk: int
) -> tuple[int, Place | None] | None:
    """One chunk of those who joined a list (None: the workspace) behind ``place``: how many entered and the next place.

    Answers None where nothing was looked at: another worker is at it, or the doors have closed.
    """
    with only_worker("enter", door.campaign.pk) as cursor:
        if cursor is None:
            return None
        values = door.values(now) | {
            "source": source, "chunk": chunk, "joined_after": place[0], "person_after": place[1],
        }  # fmt: skip
        cursor.execute(additions_sql(source is None), values)
        found = cursor.fetchall()
        if not found:
            return 0, None
        values["candidates"] = [person for _, person in found]
        cursor.execute(admit_sql(door), values)
        entered = int(cursor.rowcount)
        if not is_as_read(cursor, door):
            keep_nothing()
            return None
    return entered, found[-1] if len(found) == chunk else None


def additions_sql(of_workspace: bool) -> str:
    """The next %(chunk)s people in the order in which they were added: (when, person)."""
    table, scope, when, person = (
        ("campaigns_person", "workspace_id = %(workspace)s", "created_at", "id")
        if of_workspace
        else ("campaigns_segmentmember", "segment_id = %(source)s", "since", "person_id")
    )
    return f"""
        SELECT {when}, {person} FROM {table}
        WHERE {scope} AND ({when}, {person}) > (%(joined_after)s, %(person_after)s)
            AND {when} > %(since)s AND {when} <= %(now)s
        ORDER BY {when}, {person} LIMIT %(chunk)s"""


def admit_sql(door: Door) -> str:
    """Lets in those of %(candidates)s who belong to the whole audience since then."""
    joined = door.audience.joined("p")
    return f"""{begin_sql(door)}
        FROM campaigns_person p
        WHERE p.id = ANY(%(candidates)s) AND {door.audience.has("p")}
            AND {joined} > %(since)s AND {may_enter(door, f"j.entered_at >= {joined}")} {ONCE}"""


def _follow(door: Door, now: datetime) -> None:
    """Everybody up to an hour ago has been seen, so the next look begins there."""
    with only_worker("enter", door.campaign.pk) as cursor:
        if cursor is None or door.entrance.since is None:
            return
        since: Any = earlier_of_clock(cursor, now) - MARGIN
        if since > door.entrance.since:
            move_entrance(cursor, door, since=since)

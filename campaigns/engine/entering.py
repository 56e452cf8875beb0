"""People enter a journey: a wave over everybody of the audience, then whoever joins it later; as often as allowed.

The wave walks the audience by person id behind ``enter_cursor`` (-1: no wave is going on). Additions are found by the
time at which they joined, which must be later than ``enter_since``.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from campaigns.domain.durations import parse_duration
from campaigns.domain.workflow import parse_workflow
from campaigns.engine.audience import BY_INDEX, Audience, audience_of
from campaigns.engine.batches import (
    Deadline,
    campaign_is,
    earlier_of_clock,
    keep_nothing,
    only_worker,
    walk_together,
)
from campaigns.models import Campaign

CHUNK = 20_000
NO_WAVE = -1
#: A list is filled in transactions that commit later than the time they write; nobody is overlooked within this margin.
MARGIN = timedelta(hours=1)

#: When somebody joined and who: the order in which additions are looked at.
Place = tuple[datetime, int]

#: Nothing about the campaign has changed since it was read; every action and edit counts its version up.
_SAME_DOORS = (
    "status = 'running' AND deleted_at IS NULL AND enter_since IS NOT NULL AND version = %(version)s"
)


def enter_people(campaign_id: int, now: datetime, *, seconds: float = 10.0, chunk: int = CHUNK) -> int:
    """Let in who may enter, chunk by chunk, for about ``seconds``; answers how many entered."""
    deadline = Deadline(seconds)
    entered = 0
    while (found := _next_of_wave(campaign_id, now, chunk)) is not None:
        entered += found
        if deadline.passed():
            return entered
    return entered + _let_in_additions(campaign_id, now, chunk, deadline)


def _open_doors(campaign_id: int) -> Campaign | None:
    """The campaign, if people may enter it and there is a first step to go to."""
    found = Campaign.objects.filter(
        pk=campaign_id, kind="journey", status="running", deleted_at__isnull=True, enter_since__isnull=False
    ).first()
    return found if found and found.workflow else None


# --- the wave


def _next_of_wave(campaign_id: int, now: datetime, chunk: int) -> int | None:
    """One chunk of the wave; how many entered, None where there is no wave (any more)."""
    with only_worker("enter", campaign_id) as cursor:
        campaign = _open_doors(campaign_id) if cursor else None
        audience = audience_of(campaign, now) if campaign else None
        if cursor is None or campaign is None or audience is None or campaign.enter_cursor == NO_WAVE:
            return None
        values = _values(campaign, audience, now) | {"after": campaign.enter_cursor, "chunk": chunk}
        cursor.execute(audience.chunk_end(), values)
        end = cursor.fetchone()
        values |= {"upto": end[0] if end else 2**63 - 1, "cursor": end[0] if end else NO_WAVE}
        walk_together(cursor)
        cursor.execute(wave_sql(audience, campaign.frequency), values)
        entered = int(cursor.rowcount)
        if not _move_wave(cursor, values):
            keep_nothing()
            return None
    return entered


def wave_sql(audience: Audience, frequency: dict[str, Any]) -> str:
    """Lets in the people of one chunk of the wave."""
    return f"{_insert(frequency)} {audience.people('p')} AND {_may_enter(frequency, 'false')} {_ONCE}"


def _move_wave(cursor: Any, values: dict[str, Any]) -> bool:
    cursor.execute(
        f"""UPDATE campaigns_campaign SET enter_cursor = %(cursor)s
            WHERE id = %(campaign)s AND enter_cursor = %(after)s AND {_SAME_DOORS}""",
        values,
    )
    return bool(cursor.rowcount == 1)


# --- additions


def _let_in_additions(campaign_id: int, now: datetime, chunk: int, deadline: Deadline) -> int:
    """Whoever joined after ``enter_since``, list by list; afterwards ``enter_since`` follows, an hour behind."""
    campaign = _open_doors(campaign_id)
    audience = audience_of(campaign, now) if campaign else None
    if (
        campaign is None
        or audience is None
        or campaign.enter_cursor != NO_WAVE
        or campaign.enter_since is None
    ):
        return 0
    entered = 0
    for source in audience.lists or (None,):
        place: Place | None = (campaign.enter_since, 0)
        while place is not None:
            found = _next_additions(campaign, audience, source, place, now, chunk)
            if found is None:
                return entered
            entered, place = entered + found[0], found[1]
            if deadline.passed():
                return entered
    _follow(campaign, now)
    return entered


def _next_additions(
    campaign: Campaign, audience: Audience, source: int | None, place: Place, now: datetime, chunk: int
) -> tuple[int, Place | None] | None:
    """One chunk of those who joined a list (None: the workspace) behind ``place``: how many entered and the next place.

    Answers None where nothing was looked at: another worker is at it, or the doors have closed.
    """
    with only_worker("enter", campaign.pk) as cursor:
        if cursor is None:
            return None
        values = _values(campaign, audience, now) | {
            "source": source, "chunk": chunk, "joined_after": place[0], "person_after": place[1],
        }  # fmt: skip
        cursor.execute(additions_sql(source is None), values)
        found = cursor.fetchall()
        if not found:
            return 0, None
        values["candidates"] = [person for _, person in found]
        cursor.execute(admit_sql(audience, campaign.frequency), values)
        entered = int(cursor.rowcount)
        if not campaign_is(cursor, campaign.pk, _SAME_DOORS, values):
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


def admit_sql(audience: Audience, frequency: dict[str, Any]) -> str:
    """Lets in those of %(candidates)s who belong to the whole audience since then."""
    joined = audience.joined("p")
    return f"""{_insert(frequency)}
        FROM campaigns_person p
        WHERE p.id = ANY(%(candidates)s) AND {audience.has("p")}
            AND {joined} > %(since)s AND {_may_enter(frequency, f"j.entered_at >= {joined}")} {_ONCE}"""


def _follow(campaign: Campaign, now: datetime) -> None:
    """Everybody up to an hour ago has been seen, so the next look begins there."""
    with only_worker("enter", campaign.pk) as cursor:
        if cursor is None:
            return
        since = earlier_of_clock(cursor, now) - MARGIN
        cursor.execute(
            f"""UPDATE campaigns_campaign SET enter_since = %(seen)s
                WHERE id = %(campaign)s AND enter_since < %(seen)s AND {_SAME_DOORS}""",
            {"seen": since, "campaign": campaign.pk, "version": campaign.version},
        )


# --- who may enter, and how the journey begins

_ONCE = "ON CONFLICT (campaign_id, person_id, entry) DO NOTHING"


def _values(campaign: Campaign, audience: Audience, now: datetime) -> dict[str, Any]:
    every = campaign.frequency.get("at_most_every")
    return audience.params | {
        "campaign": campaign.pk,
        "version": campaign.version,
        "since": campaign.enter_since,
        "now": now,
        "step": parse_workflow(campaign.workflow)[0].key,
        "every": parse_duration(every).interval if every else None,
    }


def _insert(frequency: dict[str, Any]) -> str:
    """The journey's first row; ``entry`` counts how often the person has entered before."""
    entry = "0"
    if _is_repeated(frequency):
        entry = """coalesce((SELECT max(e.entry) + 1 FROM campaigns_journey e
            WHERE e.campaign_id = %(campaign)s AND e.person_id = p.id), 0)"""
    return f"""
        INSERT INTO campaigns_journey (campaign_id, person_id, entry, step, status, reason, due_at, entered_at)
        SELECT %(campaign)s, p.id, {entry}, %(step)s, 'active', '', %(now)s, %(now)s"""


def _is_repeated(frequency: dict[str, Any]) -> bool:
    return bool(frequency.get("every_time") or frequency.get("at_most_every"))


def _may_enter(frequency: dict[str, Any], entered_for_this: str) -> str:
    """The frequency setting as a condition on the person's earlier journeys ``j``; once is the default."""
    forbidden = "true"
    if _is_repeated(frequency):
        # The status hidden (see journeys.py): else all active journeys may be walked for each person.
        forbidden = f"(j.status || '' = 'active' OR {entered_for_this})"
    if frequency.get("at_most_every"):
        forbidden = f"({forbidden} OR j.entered_at > %(now)s - %(every)s::interval)"
    return f"""NOT EXISTS (SELECT 1 FROM campaigns_journey j
            WHERE j.campaign_id = %(campaign)s AND j.person_id = p.id AND {forbidden} {BY_INDEX})"""

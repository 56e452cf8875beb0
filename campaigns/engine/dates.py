"""Messages on a date of each person (a birthday, a renewal): the audience is walked again and again, a little ahead.

A walk makes the ledger rows of everybody whose time comes before the walk after next; each is due at its own moment, so
it is never early and not late. ``step`` is the date: each date of a person is sent once, however often it is found.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from campaigns.domain.deliveries import DATE_TIME, type_of
from campaigns.domain.recurrence import on_the_clock
from campaigns.engine.audience import LAST_ID, Audience, audience_of
from campaigns.engine.batches import Deadline, keep_nothing, only_worker
from campaigns.engine.skipping import LEDGER_COLUMNS, skip_reason
from campaigns.models import Campaign
from channels.domain import states as cs
from channels.models import Channel

CHUNK = 20_000
#: A walk begins this long after the one before it began, and looks this far ahead.
EVERY, AHEAD = timedelta(minutes=10), timedelta(minutes=30)
#: Whoever was missed by more (nothing ran for so long) is left out: a birthday is over.
BEHIND = timedelta(hours=24)
_RESTS = -1


def follow_dates(campaign_id: int, now: datetime, *, seconds: float = 10.0, chunk: int = CHUNK) -> int:
    """Go on with the walk, or begin the next one where it is time; answers how many ledger rows were made."""
    deadline = Deadline(seconds)
    made = 0
    while (found := _next_chunk(campaign_id, now, chunk)) is not None:
        made += found
        if deadline.passed():
            break
    return made


def _next_chunk(campaign_id: int, now: datetime, chunk: int) -> int | None:
    """One chunk in one transaction: how many rows it made; None where nothing is to be done now."""
    with only_worker("dates", campaign_id) as cursor:
        campaign = _following(campaign_id) if cursor else None
        audience = audience_of(campaign, now) if campaign else None
        if cursor is None or campaign is None or audience is None:
            return None
        if campaign.enter_cursor == _RESTS:
            if campaign.enter_since and now < campaign.enter_since + EVERY:
                return None
            campaign.enter_since = now
        values = _values(campaign, audience, now) | {"chunk": chunk}
        cursor.execute(audience.chunk_end(), values)
        end = cursor.fetchone()
        values |= {"upto": end[0] if end else LAST_ID, "next": end[0] if end else _RESTS}
        made = 0
        running = Channel.objects.filter(campaign=campaign, status=cs.RUNNING).order_by("pk")
        for pk, kind in running.values_list("pk", "kind"):
            cursor.execute(dates_sql(kind, audience), values | {"channel": pk})
            made += int(cursor.rowcount)
        if not _advance(cursor, values):
            keep_nothing()
            return None
    return made


def _following(campaign_id: int) -> Campaign | None:
    found = Campaign.objects.filter(
        pk=campaign_id, kind="message", status="running", deleted_at__isnull=True, started_at__isnull=False
    ).first()
    return found if found and type_of(found.delivery) == DATE_TIME else None


def _values(campaign: Campaign, audience: Audience, now: datetime) -> dict[str, Any]:
    assert (
        campaign.started_at is not None and campaign.enter_since is not None
    )  # see _following and begin_following
    since, until = max(campaign.started_at, now - BEHIND), campaign.enter_since + AHEAD
    if campaign.stops_at:
        until = min(until, campaign.stops_at)
    moments = moments_between(since, until, campaign.delivery["at"])
    return audience.params | {
        "campaign": campaign.pk, "version": campaign.version, "now": now, "seen": campaign.enter_since,
        "after": max(campaign.enter_cursor, 0), "was": campaign.enter_cursor, "zone": campaign.timezone,
        "attribute": campaign.delivery["attribute"],
        "zones": [zone for zone, _, _ in moments], "dates": [date for _, date, _ in moments],
        "dues": [due for _, _, due in moments], "known": list(known_zones()),
    }  # fmt: skip


@lru_cache(maxsize=1)
def known_zones() -> tuple[str, ...]:
    """Every time zone that there is, by name."""
    return tuple(sorted(available_timezones()))


@lru_cache(maxsize=64)
def moments_between(since: datetime, until: datetime, clock: str) -> tuple[tuple[str, str, datetime], ...]:
    """Zone, date and moment of every time in (since, until] at which the clocks of some zone show ``clock``."""
    found = []
    for zone in known_zones():
        day = since.astimezone(ZoneInfo(zone)).date() - timedelta(days=1)
        last = until.astimezone(ZoneInfo(zone)).date() + timedelta(days=1)
        while day <= last:
            at = on_the_clock(datetime.combine(day, time.fromisoformat(clock)), zone).at
            if since < at <= until:
                found.append((zone, day.isoformat(), at))
            day += timedelta(days=1)
    return tuple(found)


def dates_sql(kind: str, audience: Audience) -> str:
    """The rows of one chunk of people in one channel. A person's own zone counts, else the campaign's."""
    join = """JOIN unnest(%(zones)s::text[], %(dates)s::text[], %(dues)s::timestamptz[]) AS moment (zone, day, due)
        ON moment.zone = CASE WHEN p.timezone = ANY(%(known)s::text[]) THEN p.timezone ELSE %(zone)s END
            AND moment.day = left(p.attributes ->> %(attribute)s, 10)"""
    return f"""
        INSERT INTO channels_delivery {LEDGER_COLUMNS}
        SELECT %(channel)s, 0, day, person_id, CASE WHEN why = '' THEN 'pending' ELSE 'skipped' END, why, due, 0, '', ''
        FROM (SELECT p.id AS person_id, moment.day, moment.due, {skip_reason(kind, "false")} AS why
              {audience.people("p", join)} OFFSET 0) AS person
        ON CONFLICT DO NOTHING"""


def _advance(cursor: Any, values: dict[str, Any]) -> bool:
    """Move behind the chunk, unless the campaign has changed under it."""
    cursor.execute(
        """UPDATE campaigns_campaign SET enter_cursor = %(next)s, enter_since = %(seen)s
           WHERE id = %(campaign)s AND status = 'running' AND deleted_at IS NULL
               AND enter_cursor = %(was)s AND version = %(version)s""",
        values,
    )
    return bool(cursor.rowcount == 1)

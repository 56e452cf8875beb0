"""What happens when, over all campaigns that a list shows: starts, stops and runs, those that are to come computed.

A fixed number of queries for any span and any number of campaigns: each day is cut off in the database, after counting.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import CharField, F, Max, Q, QuerySet, Value
from django.db.models.functions import Coalesce, NullIf

from campaigns.domain import states as s
from campaigns.domain.deliveries import IN_RUNS, TYPES
from campaigns.domain.recurrence import occurrences
from campaigns.models import Run
from campaigns.querysets import CampaignQuerySet, with_delivery_type
from channels.domain import states as cs
from channels.models import Channel

START, STOP, RUN, STARTED, MESSAGE = "start", "stop", "run", "started", "message"
#: Where runs are computed beyond the one that is planned: they will come, or would if it were approved.
_GOING_ON = (s.SCHEDULED, s.AWAITING_NEXT_RUN, s.RUNNING, s.PENDING_APPROVAL)
#: Statuses in which a start that is set will (or may) come.
_BEFORE_START = (
    s.DRAFT, s.CONFIGURED, s.PENDING_APPROVAL, s.REJECTED, s.SCHEDULED, s.AWAITING_NEXT_RUN, s.STOPPED,
)  # fmt: skip
MOST_COMPUTED, MOST_OF_ONE, MOST_RECURRING = 4_000, 400, 500
"""Computed runs of a page, of one campaign, and the campaigns that they are computed for."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happens, or has: a start, a stop, a run."""

    at: datetime
    campaign_id: int
    what: str
    status: str = ""
    """Of a run: planned, running, completed, skipped, late; "" for one that is computed."""
    note: str = ""
    """Why a run was skipped, or what the change of clocks does to it."""


@dataclass(slots=True)
class Day:
    """A day of the calendar in one zone: its first entries, and how many there are in all."""

    date: date
    entries: list[Entry] = field(default_factory=list)
    total: int = 0
    clocks: str = ""
    """What the clocks do on that day; "" on all but two days a year."""

    @property
    def more(self) -> int:
        return self.total - len(self.entries)


@dataclass(slots=True)
class Span:
    """Days on end. ``is_cut`` where not all later runs could be computed."""

    days: list[Day]
    is_cut: bool = False

    @property
    def campaign_ids(self) -> set[int]:
        return {entry.campaign_id for day in self.days for entry in day.entries}


def span(
    campaigns: CampaignQuerySet, first: date, days: int, zone_name: str, now: datetime, most: int
) -> Span:
    """``days`` days from ``first`` on the clocks of the zone, at most ``most`` entries of each: two queries."""
    zone = ZoneInfo(zone_name)
    dates = [first + timedelta(days=number) for number in range(days)]
    found = {day: Day(day, clocks=clock_change(day, zone)) for day in dates}
    midnights = [midnight(first + timedelta(days=number), zone) for number in range(days + 1)]
    for number, total, entry in _stored(campaigns, midnights, most):
        found[dates[number]].entries.append(entry)
        found[dates[number]].total = total
    computed, is_cut = _computed(campaigns, midnights[0], midnights[-1], now)
    for entry in computed:
        place = found.get(entry.at.astimezone(zone).date())
        if place is not None:
            place.entries.append(entry)
            place.total += 1
    for place in found.values():
        place.entries = sorted(place.entries, key=lambda e: (e.at, e.campaign_id))[:most]
    return Span(list(found.values()), is_cut)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The moment at which a day begins on the clocks of the zone."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def clock_change(day: date, zone: ZoneInfo) -> str:
    """“Clocks go forward 1 hour”, on the two days a year; else ""."""
    before = datetime.combine(day, time(), zone).utcoffset() or timedelta()
    after = datetime.combine(day + timedelta(days=1), time(), zone).utcoffset() or timedelta()
    if before == after:
        return ""
    minutes = round((after - before).total_seconds() / 60)
    way = "forward" if minutes > 0 else "back"
    hours, rest = divmod(abs(minutes), 60)
    words = [f"{hours} hour{'' if hours == 1 else 's'}"] if hours else []
    words += [f"{rest} minutes"] if rest else []
    return f"Clocks go {way} {' '.join(words)}"


_PLACED = """
WITH entries (campaign_id, at, what, status, note) AS ({entries}),
placed AS (
    SELECT entries.*, day,
           row_number() OVER (PARTITION BY day ORDER BY at, campaign_id) AS place, count(*) OVER (PARTITION BY day) AS total
    FROM entries, LATERAL (SELECT width_bucket(at, %s::timestamptz[]) - 1 AS day) AS bucket
)
SELECT day, total, at, campaign_id, what, status, note FROM placed WHERE place <= %s ORDER BY at, campaign_id
"""


def _stored(
    campaigns: CampaignQuerySet, midnights: list[datetime], most: int
) -> Iterator[tuple[int, int, Entry]]:
    """(number of the day, how many that day has, entry) of what stands in tables.

    Days are told apart by their midnights: the database need not know the zone, nor the same version of it.
    """
    parts: list[str] = []
    values: list[Any] = []
    for part in stored_parts(campaigns, midnights[0], midnights[-1]):
        try:
            sql, params = part.query.sql_with_params()
        except EmptyResultSet:  # the filters let nothing through
            continue
        parts.append(f"({sql})")
        values += params
    if not parts:
        return
    with connection.cursor() as cursor:
        cursor.execute(_PLACED.format(entries=" UNION ALL ".join(parts)), [*values, midnights[:-1], most])
        for day, total, at, campaign_id, what, status, note in cursor.fetchall():
            yield day, total, Entry(at, campaign_id, what, status, note)


def stored_parts(campaigns: CampaignQuerySet, begin: datetime, end: datetime) -> list[QuerySet[Any]]:
    """Starts, stops, beginnings, runs, and messages with a time of their own: each found by the index of its time."""
    campaigns = campaigns.order_by()
    # Every message has a type of delivery, other kinds have none: none of these is ever in doubt in SQL.
    not_in_runs = ~Q(kind="message") | Q(delivery_type__in=[one for one in TYPES if one not in IN_RUNS])
    starts = campaigns.filter(starts_at__gte=begin, starts_at__lt=end, status__in=_BEFORE_START)
    stops = campaigns.filter(stops_at__gte=begin, stops_at__lt=end).filter(
        Q(status__in=(*_BEFORE_START, *s.LIVE)) & ~Q(status=s.STOPPED) | Q(kind="journey")
    )
    began = with_delivery_type(campaigns).filter(not_in_runs, started_at__gte=begin, started_at__lt=end)
    runs = Run.objects.order_by().filter(
        occurs_at__gte=begin, occurs_at__lt=end, campaign__in=campaigns.values("pk")
    )
    messages = Channel.objects.order_by().filter(
        sends_at__gte=begin, sends_at__lt=end, status__in=(cs.READY, cs.RUNNING, cs.COMPLETED),
        campaign__in=campaigns.values("pk"),
    )  # fmt: skip
    return [
        messages.values_list("campaign_id", "sends_at", _text(MESSAGE), _text(""), _text("")),
        _part(with_delivery_type(starts).filter(not_in_runs | ~Q(status__in=_GOING_ON)), "starts_at", START),
        _part(stops, "stops_at", STOP),
        _part(began, "started_at", STARTED),
        runs.values_list("campaign_id", "occurs_at", _text(RUN), "status", _reason()),
    ]


def _part(found: QuerySet[Any], time_of: str, what: str) -> QuerySet[Any]:
    return found.values_list("pk", F(time_of), _text(what), _text(""), _text(""))


def _text(value: str) -> Value:
    return Value(value, output_field=CharField())


def _reason() -> Any:
    return Coalesce(NullIf(F("reason"), _text("")), F("note"))


def _computed(
    campaigns: CampaignQuerySet, begin: datetime, end: datetime, now: datetime
) -> tuple[Sequence[Entry], bool]:
    """The runs after the one that is planned. A span that has passed has none."""
    if end <= now:
        return [], False
    going = campaigns.order_by("id").delivered_by(IN_RUNS).filter(status__in=_GOING_ON)
    rows = list(
        going.annotate(last_run=Max("runs__occurs_at")).values_list(
            "pk", "delivery", "timezone", "stops_at", "last_run"
        )[: MOST_RECURRING + 1]
    )
    found: list[Entry] = []
    is_cut = len(rows) > MOST_RECURRING
    for pk, delivery, zone, stops_at, last_run in rows[:MOST_RECURRING]:
        after = max(filter(None, (now, begin - timedelta(microseconds=1), last_run)))
        until = min(end, stops_at) if stops_at else end
        room = min(MOST_OF_ONE, MOST_COMPUTED - len(found))
        coming = [one for one in occurrences(delivery, zone, after, room + 1) if one.at < until]
        is_cut = is_cut or len(coming) > room
        found += [Entry(one.at, pk, RUN, "", one.note) for one in coming[:room]]
    return found, is_cut

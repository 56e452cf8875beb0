"""Dates: the six-month rule and how late a start is. Pure; UTC in and out, the time zone given by name.

Months are calendar months in the zone, counted from the anchor date and never step by step, so nothing drifts.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

ARCHIVE_AFTER_MONTHS = 6
#: A start within one beat of its time is on time.
PUNCTUAL = timedelta(seconds=60)

Lateness = Literal["early", "on_time", "late", "ask"]


def archive_due_at(last_active_at: datetime, time_zone: str) -> datetime:
    """When a resting campaign is archived: six calendar months after its last active date (seed 004).

    The same wall-clock time in ``time_zone``, the day clamped to the month's end: 10 Mar → 10 Sep, 31 Aug → 28 Feb.
    """
    return add_months(last_active_at, ARCHIVE_AFTER_MONTHS, time_zone)


def add_months(moment: datetime, months: int, time_zone: str) -> datetime:
    """``moment`` moved by calendar months at the same wall-clock time in the zone; answers UTC.

    ``moment`` must be aware (`ValueError` otherwise).
    """
    if moment.tzinfo is None:
        raise ValueError("A time without a zone cannot be moved by months.")
    local = moment.astimezone(ZoneInfo(time_zone)).replace(tzinfo=None, fold=0)
    return from_wall_clock(local + relativedelta(months=months), time_zone)


def from_wall_clock(local: datetime, time_zone: str) -> datetime:
    """The moment at which the clocks of the zone show ``local`` (a time without zone), in UTC.

    A time that the clocks skip moves on by the length of the gap (02:30 → 03:30); one that they show twice is the
    first of the two. Both are what RFC 5545 says of recurring times.
    """
    # fold=0 reads a skipped time with the offset before the gap, which moves it on by exactly the gap.
    return local.replace(tzinfo=ZoneInfo(time_zone), fold=0).astimezone(UTC)


def lateness(starts_at: datetime, now: datetime, grace: timedelta) -> Lateness:
    """What to do with a start that was due at ``starts_at``.

    ``early``: not yet. ``on_time``: start. ``late``: start and say so. ``ask``: more than ``grace`` has passed, so a
    person decides; an old start never fires by itself.
    """
    behind = now - starts_at
    if behind < timedelta(0):
        return "early"
    if behind <= PUNCTUAL:
        return "on_time"
    return "late" if behind <= grace else "ask"


def told(moment: datetime, time_zone: str) -> str:
    """A moment as people read it in sentences: on the clocks of the zone, the zone named."""
    return f"{moment.astimezone(ZoneInfo(time_zone)):%Y-%m-%d %H:%M} {time_zone}"

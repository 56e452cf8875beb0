"""Durations as people write them: “30 minutes”, “3 days”, “6 months”. Pure; months are calendar months."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

UNITS = ("minute", "hour", "day", "week", "month")
#: These keep the wall-clock time in a time zone; minutes and hours are exact.
CALENDAR_UNITS = ("day", "week", "month")
#: Ten years: anything longer is a slip of the finger.
_LONGEST = {"minute": 5_256_000, "hour": 87_600, "day": 3_650, "week": 520, "month": 120}
_WRITTEN = re.compile(r"\s*(\d{1,9})\s+(minute|hour|day|week|month)s?\s*", re.ASCII)
_RIGHT = "Right: “N minutes”, “N hours”, “N days”, “N weeks” or “N months”, like “3 days”."


class DurationError(ValueError):
    """The text is no duration; the message says what would be right."""


@dataclass(frozen=True, slots=True)
class Duration:
    """A positive number of units."""

    amount: int
    unit: str

    @property
    def interval(self) -> str:
        """As an interval of PostgreSQL."""
        return f"{self.amount} {self.unit}s"

    @property
    def is_calendar(self) -> bool:
        """Whether the same wall-clock time is meant (days and longer), not a number of seconds."""
        return self.unit in CALENDAR_UNITS

    def __str__(self) -> str:
        return f"{self.amount} {self.unit}{'' if self.amount == 1 else 's'}"


def parse_duration(written: object) -> Duration:
    """Read “3 days” (one unit; singular or plural). Raises `DurationError`."""
    match = _WRITTEN.fullmatch(written) if isinstance(written, str) else None
    if match is None:
        raise DurationError(f"{written!r} is no duration. {_RIGHT}")
    amount, unit = int(match[1]), match[2]
    if not 1 <= amount <= _LONGEST[unit]:
        raise DurationError(f"A duration in {unit}s is between 1 and {_LONGEST[unit]:,}; this is {amount:,}.")
    return Duration(amount, unit)


def parse_duration_problem(written: object) -> str:
    """Why the text is no duration, or ""."""
    try:
        parse_duration(written)
    except DurationError as error:
        return str(error)
    return ""


def duration_words(written: object) -> str:
    """1 hour of “1 hours”; what is no duration stays as it was written."""
    try:
        return str(parse_duration(written))
    except DurationError:
        return str(written)


def after(moment: datetime, duration: Duration, zone: str) -> datetime:
    """The moment so much later, in UTC: days and longer by the clocks of the zone, as PostgreSQL's AT TIME ZONE counts."""
    if not duration.is_calendar:
        return moment.astimezone(UTC) + relativedelta(**{f"{duration.unit}s": duration.amount})  # type: ignore[arg-type]
    clock = ZoneInfo(zone)
    local = moment.astimezone(clock).replace(tzinfo=None)
    later = local + relativedelta(**{f"{duration.unit}s": duration.amount})  # type: ignore[arg-type]
    # A time that comes twice is the second, one that does not come is as long after the gap as it would have been in it.
    first, second = later.replace(tzinfo=clock, fold=0), later.replace(tzinfo=clock, fold=1)
    return max(first.astimezone(UTC), second.astimezone(UTC))

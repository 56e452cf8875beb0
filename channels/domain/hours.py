"""When a connection may send: quiet hours on the person's own clock, and a daily window on the workspace's."""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Any

_NAMES = {"quiet": "Quiet hours", "window": "The daily window"}


@dataclass(frozen=True, slots=True)
class Span:
    """A part of every day, from one time up to another; past midnight where it ends before it begins."""

    start: time
    end: time

    def holds(self, at: time) -> bool:
        """Whether a time of the day is inside."""
        if self.start < self.end:
            return self.start <= at < self.end
        return at >= self.start or at < self.end

    def __str__(self) -> str:
        return f"{self.start:%H:%M}–{self.end:%H:%M}"


@dataclass(frozen=True, slots=True)
class Hours:
    """The hours of a connection; None is no limit."""

    quiet: Span | None = None
    window: Span | None = None

    def __bool__(self) -> bool:
        return bool(self.quiet or self.window)

    def next_allowed(self, now: datetime, own_zone: str, home_zone: str) -> datetime | None:
        """``now`` if a person in ``own_zone`` may be contacted, else the next moment; None if there never is one."""
        moment = now
        own, home = zone_of(own_zone, home_zone), zone_of(home_zone, "UTC")
        # Each turn moves on to the end of what forbids it; who finds no place in three days never finds one.
        while moment - now < timedelta(days=3):
            local = moment.astimezone(own)
            if self.quiet and self.quiet.holds(local.time()):
                moment = _next(local, self.quiet.end)
                continue
            local = moment.astimezone(home)
            if self.window and not self.window.holds(local.time()):
                moment = _next(local, self.window.start)
                continue
            return moment
        return None

    def next_closed(self, moment: datetime, home_zone: str) -> datetime | None:
        """When somebody in the home zone may not be contacted any more, from a moment at which they may; None: never."""
        local = moment.astimezone(zone_of(home_zone, "UTC"))
        ends = ([self.window.end] if self.window else []) + ([self.quiet.start] if self.quiet else [])
        return min((_next(local, at) for at in ends), default=None)


ANY_HOUR = Hours()


def _next(local: datetime, at: time) -> datetime:
    """The next moment at which the clock shows ``at``; where it skips that time, the moment after the gap."""
    day = local.date() if at > local.time() else local.date() + timedelta(days=1)
    found = datetime.combine(day, at, local.tzinfo).astimezone(UTC)
    # In an hour that comes twice the clock may have shown that time already.
    return found if found > local else found + timedelta(hours=1)


@lru_cache(maxsize=1024)
def zone_of(name: str, otherwise: str) -> zoneinfo.ZoneInfo:
    """The zone of this name; ``otherwise`` where there is none."""
    try:
        return zoneinfo.ZoneInfo(name or otherwise)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return zoneinfo.ZoneInfo("UTC" if otherwise == name else otherwise)


def read_hours(stored: Mapping[str, Any]) -> Hours:
    """Hours from what `clean_hours` made."""
    return Hours(**{name: _span(value) for name, value in stored.items() if value})


def _span(value: Mapping[str, str]) -> Span:
    return Span(time.fromisoformat(value["from"]), time.fromisoformat(value["until"]))


def clean_hours(given: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """``{"quiet": {"from": "21:00", "until": "08:00"}, "window": …}`` as it is stored, and what is wrong by field."""
    if given in (None, {}):
        return {}, {}
    if not isinstance(given, Mapping):
        return {}, {"hours": "hours must be an object with quiet and window."}
    problems = {f"hours.{name}": "Unknown; known are quiet and window." for name in set(given) - set(_NAMES)}
    cleaned: dict[str, Any] = {}
    for name in _NAMES:
        if given.get(name) in (None, {}):
            continue
        try:
            cleaned[name] = _clean_span(given[name])
        except ValueError as problem:
            problems[f"hours.{name}"] = f"{_NAMES[name]}: {problem}"
    if not problems and cleaned and not _leaves_anything(read_hours(cleaned)):
        problems["hours.window"] = "The daily window lies within the quiet hours: nothing would ever be sent."
    return ({}, problems) if problems else (cleaned, {})


def _clean_span(given: Any) -> dict[str, str]:
    if not isinstance(given, Mapping) or set(given) != {"from", "until"}:
        raise ValueError('write {"from": "21:00", "until": "08:00"}.')
    times = {}
    for name, value in given.items():
        try:
            times[name] = (
                time.fromisoformat(value) if isinstance(value, str) and len(value) in (5, 8) else None
            )
        except ValueError:
            times[name] = None
        if times[name] is None or times[name].tzinfo:  # type: ignore[union-attr]
            raise ValueError(f"“{str(value)[:40]}” is not a time of the day such as 21:00.")
    if times["from"] == times["until"]:
        raise ValueError("they must begin and end at different times.")
    return {name: f"{value:%H:%M}" for name, value in times.items()}


def _leaves_anything(hours: Hours) -> bool:
    """Whether somebody in the workspace's own zone could ever be contacted."""
    return hours.next_allowed(datetime(2030, 3, 4, tzinfo=UTC), "UTC", "UTC") is not None

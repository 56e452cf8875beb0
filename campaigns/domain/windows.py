"""Time windows of a workflow: on which days, from when to when, by whose clocks. Pure.

A window that ends before it begins goes over midnight and belongs to the day on which it begins. Where the clocks change,
a moment that does not exist is the one after the gap, and one that comes twice is the first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

PERSON, CAMPAIGN = "person", "campaign"
#: As they are written, Monday first.
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00", re.ASCII)


@dataclass(frozen=True, slots=True)
class Window:
    """Open on ``days`` (0 is Monday) from ``begins`` until ``ends`` minutes after midnight."""

    days: frozenset[int]
    begins: int
    ends: int
    by_person: bool


def window_errors(given: Mapping[str, Any], path: str) -> dict[str, str]:
    """Everything wrong with a window; {} where all is well."""
    errors = {}
    days = given.get("days", list(DAYS))
    if not isinstance(days, list) or not days or any(day not in DAYS for day in days):
        errors[f"{path}.days"] = f"days must be a list of at least one of {', '.join(DAYS)}."
    for name in ("from", "to"):
        if not isinstance(given.get(name), str) or not _TIME.fullmatch(given[name]):
            errors[f"{path}.{name}"] = f"{name} must be a time like 09:00."
    if not errors and given["from"] == given["to"]:
        errors[f"{path}.to"] = (
            "A window must end at another time than it begins; the whole day is 00:00 to 24:00."
        )
    elif not errors and given["from"] == "24:00":
        errors[f"{path}.from"] = "A window begins at 23:59 at the latest."
    if given.get("timezone", PERSON) not in (PERSON, CAMPAIGN):
        errors[f"{path}.timezone"] = 'timezone must be "person" or "campaign".'
    return errors


def read_window(given: Mapping[str, Any]) -> Window:
    """A window that `window_errors` has let through."""
    days = frozenset(DAYS.index(day) for day in given.get("days", DAYS))
    by_person = given.get("timezone", PERSON) == PERSON
    return Window(days, _minutes(given["from"]), _minutes(given["to"]), by_person)


def _minutes(written: str) -> int:
    hours, minutes = written.split(":")
    return int(hours) * 60 + int(minutes)


def opening(window: Window, zone: str, moment: datetime) -> tuple[datetime, datetime]:
    """The window at ``moment`` or else the next: when it opens (``moment`` itself while it is open) and closes, in UTC."""
    clock = ZoneInfo(zone)
    today = moment.astimezone(clock).date()
    # From yesterday, whose window may go over midnight. A week on there is one, whatever the day; a second week for a
    # window within the hour that the clocks skip on its only day.
    for offset in range(-1, 16):
        day = today + timedelta(days=offset)
        if day.weekday() not in window.days:
            continue
        begins = _at(day, window.begins, clock)
        over = window.ends <= window.begins
        ends = _at(day + timedelta(days=1) if over else day, window.ends, clock)
        if ends > moment and ends > begins:
            return max(begins, moment), ends
    raise AssertionError("a window opens within two weeks")


def _at(day: Any, minutes: int, clock: ZoneInfo) -> datetime:
    """So many minutes on the clock of a day, as UTC."""
    whole, rest = divmod(minutes, 24 * 60)
    local = datetime.combine(day + timedelta(days=whole), time(rest // 60, rest % 60), clock)
    # A moment within the gap is given the offset from before it: one hour on, in UTC, it is the one after the gap.
    return local.astimezone(UTC)

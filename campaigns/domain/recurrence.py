"""When a message that goes out more than once does so: its occurrences, counted from the anchor. Pure.

A recurring schedule means the clocks of its zone: 09:00 stays 09:00 whatever becomes of the offset. A time that the
clocks skip moves on by the length of the gap, one that they show twice is the first of the two (RFC 5545); the note of
such an occurrence says so. A day that a month does not have is left out, so nothing drifts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from campaigns.domain.recurrence_rules import RuleError, local_times, parse_rule

#: More than any change of clocks: looking back this far loses nothing that was moved on.
_LONGEST_GAP = timedelta(hours=25)
_SECOND = "The clocks are put back: its time comes twice, and it begins at the second, as it was set."


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time at which it goes out: the moment (UTC), the clocks' time that the schedule states, what happened to it."""

    at: datetime
    local: datetime
    note: str = ""
    moved: bool = False
    """The clocks skip its time, so it runs later than stated."""

    @property
    def stated(self) -> str:
        """The local time as text of at most 19 characters."""
        return f"{self.local:%Y-%m-%d %H:%M}"


def occurrences(
    delivery: Mapping[str, Any], time_zone: str, after: datetime | None = None, count: int = 5
) -> list[Occurrence]:
    """The first ``count`` occurrences later than ``after`` (None: from the first), in order, no moment twice.

    None for a delivery that has no times of its own (action, api …) or is not complete yet.
    """
    later = (found for found in _all(delivery, time_zone, after) if after is None or found.at > after)
    return list(islice(later, count))


def next_occurrence(
    delivery: Mapping[str, Any], time_zone: str, after: datetime | None = None
) -> Occurrence | None:
    """The first occurrence later than ``after``, or None where there is no other."""
    return next(iter(occurrences(delivery, time_zone, after, 1)), None)


def on_the_clock(local: datetime, time_zone: str) -> Occurrence:
    """The occurrence of a local time: the rules for skipped and repeated times in one place."""
    zone = ZoneInfo(time_zone)
    first, second = local.replace(tzinfo=zone, fold=0), local.replace(tzinfo=zone, fold=1)
    at = first.astimezone(UTC)
    offset, other = first.utcoffset(), second.utcoffset()
    if offset == other or offset is None or other is None:
        return Occurrence(at, local)
    if offset > other:
        return Occurrence(
            at, local, f"The clocks are put back: {local:%H:%M} comes twice, and it runs at the first."
        )
    shown = at.astimezone(zone)
    when = f"{shown:%H:%M}" if shown.date() == local.date() else f"{shown:%Y-%m-%d %H:%M}"
    note = f"The clocks are put forward: there is no {local:%H:%M} that day, so it runs at {when}."
    return Occurrence(at, local, note, moved=True)


def read_moment(written: object) -> datetime | None:
    """A moment from ISO 8601 text with an offset, in UTC; None for anything else."""
    if not isinstance(written, str):
        return None
    try:
        moment = datetime.fromisoformat(written)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _all(delivery: Mapping[str, Any], time_zone: str, after: datetime | None) -> Iterator[Occurrence]:
    kind = delivery.get("type")
    if kind == "recurring":
        return _recurring(delivery, time_zone, after)
    times: list[object] = []
    if kind == "multiple_dates":
        times = list(delivery.get("at") or [])
    elif kind == "one_time":
        times = [delivery.get("at")]
    moments = sorted({moment for moment in map(read_moment, times) if moment is not None})
    zone = ZoneInfo(time_zone)
    return (Occurrence(at, at.astimezone(zone).replace(tzinfo=None, fold=0)) for at in moments)


def _recurring(delivery: Mapping[str, Any], time_zone: str, after: datetime | None) -> Iterator[Occurrence]:
    start = read_moment(delivery.get("starts_at"))
    if start is None:
        return
    zone = ZoneInfo(time_zone)
    start = start.replace(second=0, microsecond=0)
    anchor = start.astimezone(zone).replace(tzinfo=None, fold=0)
    seen = None
    if after is not None:
        seen = max(after, start).astimezone(zone).replace(tzinfo=None, fold=0) - _LONGEST_GAP
    try:
        rule = parse_rule(delivery.get("rrule"))
        for found in _in_order(_placed(anchor, start, time_zone, local_times(rule, anchor, seen))):
            if rule.ends_before(found.local, found.at):
                return
            yield found
    except RuleError:
        return


def _placed(
    anchor: datetime, start: datetime, time_zone: str, locals_: Iterator[datetime]
) -> Iterator[Occurrence]:
    """Each local time as an occurrence. The anchor itself is the moment that was given, were it the second of two."""
    for local in locals_:
        found = on_the_clock(local, time_zone)
        yield Occurrence(start, local, _SECOND) if local == anchor and start > found.at else found


def _in_order(found: Iterator[Occurrence]) -> Iterator[Occurrence]:
    """In the order of the moments, each moment once: what was moved on past the clocks' gap may meet what is there."""
    moved: list[Occurrence] = []
    for occurrence in found:
        if occurrence.moved:
            moved.append(occurrence)
            continue
        meets = [other for other in moved if other.at == occurrence.at]
        yield from (other for other in moved if other.at < occurrence.at)
        moved = [other for other in moved if other.at > occurrence.at]
        yield replace(occurrence, note=_met(meets, occurrence)) if meets else occurrence
    yield from moved


def _met(meets: list[Occurrence], occurrence: Occurrence) -> str:
    gone = ", ".join(f"{other.local:%H:%M}" for other in meets)
    return (
        f"The clocks are put forward: there is no {gone} that day; "
        f"it falls together with {occurrence.local:%H:%M}."
    )

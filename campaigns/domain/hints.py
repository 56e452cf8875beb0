"""Hints about a channel of an outreach campaign (seed 003, *Tips & Best Practices*): a table of pure functions.

A hint is a sentence with its reason; it forbids nothing. Times are those of the campaign's own zone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from channels.domain import states as cs
from channels.domain.hours import ANY_HOUR, Hours, Span, zone_of

#: So many pauses of one channel are a pattern (seed 003: *One pause, then reassess*).
MANY_PAUSES = 3
#: Outside of these hours most people are not at work, and some asleep (seed 003: *Pause during off-hours*).
BUSINESS_HOURS = Span(time(8), time(20))
#: A channel that is ready for so long while another has finished has probably been forgotten.
LONG_READY = timedelta(days=3)
#: One message in so many has failed, of at least so many: something is wrong with the list or the content.
ONE_FAILED_IN, FAILED_OF = 5, 20


@dataclass(frozen=True, slots=True)
class ChannelState:
    """What the hints look at."""

    status: str
    zone: str
    now: datetime
    pauses: int = 0
    created_at: datetime | None = None
    other_finished_at: datetime | None = None
    """When the last other channel of the campaign finished, if none of them is still at work."""
    hours: Hours = ANY_HOUR
    """Of its connection, on the clock of ``home``."""
    home: str = "UTC"
    sent: int = 0
    failed: int = 0
    converted: int = 0
    has_goal: bool = False


@dataclass(frozen=True, slots=True)
class Hint:
    """A code for programs and a sentence for people."""

    code: str
    text: str


def many_pauses(state: ChannelState) -> str:
    if state.status not in (cs.RUNNING, cs.PAUSED) or state.pauses < MANY_PAUSES:
        return ""
    return (
        f"It has been paused {state.pauses} times: look at the quality of the contact list and at the text or script"
        f" before {'it goes on' if state.status == cs.RUNNING else 'you resume'}."
    )


def off_hours(state: ChannelState) -> str:
    local = state.now.astimezone(zone_of(state.zone, "UTC"))
    if state.status != cs.RUNNING or BUSINESS_HOURS.holds(local.time()):
        return ""
    if state.hours.window or state.hours.quiet:
        return ""  # its connection keeps hours of its own
    return (
        f"It is {local:%H:%M} in {state.zone}, outside of business hours: pause it until the morning, or give its"
        " connection a daily window."
    )


def held_by_hours(state: ChannelState) -> str:
    if state.status != cs.RUNNING or not state.hours.window:
        return ""
    allowed = Hours(window=state.hours.window).next_allowed(state.now, state.home, state.home)
    if allowed is None or allowed <= state.now:
        return ""
    local = allowed.astimezone(zone_of(state.home, "UTC"))
    return f"Nothing goes out just now: its connection sends at {state.hours.window} and goes on at {local:%H:%M}."


def long_ready(state: ChannelState) -> str:
    if state.status != cs.READY or state.other_finished_at is None or state.created_at is None:
        return ""
    waited = state.now - max(state.other_finished_at, state.created_at)
    if waited < LONG_READY:
        return ""
    return f"It has been ready for {waited.days} days while the others have finished: start it, or remove it."


def many_failures(state: ChannelState) -> str:
    tried = state.sent + state.failed
    if state.status not in (cs.RUNNING, cs.PAUSED) or tried < FAILED_OF:
        return ""
    if state.failed * ONE_FAILED_IN < tried:
        return ""
    return f"{100 * state.failed / tried:.0f} % have failed so far: see why under Messages before it goes on."


HINTS: dict[str, Callable[[ChannelState], str]] = {
    rule.__name__: rule for rule in (many_pauses, off_hours, held_by_hours, many_failures, long_ready)
}


def hints_for(state: ChannelState) -> list[Hint]:
    """The hints that hold, in the table's order."""
    return [Hint(code, text) for code, rule in HINTS.items() if (text := rule(state))]


def before_stopping(state: ChannelState) -> str:
    """What a stop's confirmation says first (seed 003: *Review results before stopping*)."""
    if not state.sent:
        return "Nothing has been sent yet, so there are no results to look at."
    if not state.has_goal:
        return (
            f"Look at the results before you stop: {state.sent:,} sent so far. Pause it if you are not sure;"
            " a stop is permanent."
        )
    share = f"{100 * state.converted / state.sent:.1f} %"
    return (
        f"Look at the results before you stop: {state.converted:,} of {state.sent:,} have converted so far ({share})."
        " If that is healthy, let it run to the end."
    )

"""What coming to a step means for a person: when the step is done (``due_at``), and until when it may be (``until``).

Used for the first step of those who enter and for every step after it, so that both mean the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from campaigns.domain.durations import Duration
from campaigns.domain.steps import DELAY, WAIT_UNTIL, WINDOW
from campaigns.domain.workflow import Node

NOTHING = "NULL::timestamptz"


@dataclass(frozen=True, slots=True)
class Arrival:
    """SQL for the two times, with the values that it needs beside ``%(now)s`` and ``%(zone)s`` (the campaign's)."""

    due_sql: str
    until_sql: str
    params: dict[str, Any]


def arrival(node: Node, *, moment: str = "%(now)s", carried: str = NOTHING, name: str = "arrival") -> Arrival:
    """Coming to ``node`` at ``moment`` (SQL): at a delay people wait as long as it takes, everything else is due at once.

    ``carried`` (SQL) is when the window closes through which they came; it ends at the next delay, wait or window.
    ``name`` begins the names of the values, for several arrivals in one statement.
    """
    step = node.step
    moment = f"({moment})::timestamptz"
    if step.type in (DELAY, WAIT_UNTIL) and step.duration is not None:
        later = _later(step.duration, moment, f"%({name}_interval)s::interval")
        params = {f"{name}_interval": step.duration.interval}
        return Arrival(later, NOTHING, params) if step.type == DELAY else Arrival(moment, later, params)
    return Arrival(moment, NOTHING if step.type in (DELAY, WAIT_UNTIL, WINDOW) else carried, {})


def _later(duration: Duration, moment: str, interval: str) -> str:
    """Days and longer keep the wall clock of the campaign's time zone."""
    if duration.is_calendar:
        return f"(({moment} AT TIME ZONE %(zone)s + {interval}) AT TIME ZONE %(zone)s)"
    return f"({moment} + {interval})"

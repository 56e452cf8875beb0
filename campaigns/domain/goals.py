"""What counts as a conversion of a campaign, and who leaves its workflow early (seed 000, goals and exit criteria). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from campaigns.domain.condition_reading import parse_condition
from campaigns.domain.conditions import AttributeIs, Condition, EventDone, leaves_of
from campaigns.domain.durations import Duration, parse_duration


@dataclass(frozen=True, slots=True)
class Goal:
    """Whoever meets the condition so long after a message of the campaign was sent to them has converted.

    What is *done* counts from the sending of that message on: a purchase of last year is no conversion.
    """

    condition: Condition
    within: Duration

    @property
    def by_events(self) -> bool:
        """Whether it is all about what people do: then the times of the events say whether it was in time."""
        return all(isinstance(leaf, EventDone) for leaf in leaves_of(self.condition))

    @property
    def by_attributes(self) -> bool:
        """Whether it is all about attributes: then the person must have changed since the message."""
        return all(isinstance(leaf, AttributeIs) for leaf in leaves_of(self.condition))


def goal_of(written: Mapping[str, Any]) -> Goal | None:
    """The goal as a campaign keeps it; None where it has none."""
    if not written:
        return None
    return Goal(parse_condition(written["condition"], "goal.condition"), parse_duration(written["within"]))


def exit_of(written: Mapping[str, Any]) -> Condition | None:
    """The exit criteria as a campaign keeps them; None where it has none."""
    return parse_condition(written["condition"], "exit.condition") if written else None

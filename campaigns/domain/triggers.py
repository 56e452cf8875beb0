"""What lets people into a workflow (features A12, A13; interface.md, *trigger*): the types, what follows from each. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from dateutil.relativedelta import relativedelta

from campaigns.domain.durations import CALENDAR_UNITS, Duration, DurationError, parse_duration

SEGMENT, ATTRIBUTE, OBJECT, RELATIONSHIP = "segment", "attribute", "object", "relationship"
EVENT, WEBHOOK, DATE = "event", "webhook", "date"
LABELS = {
    ATTRIBUTE: "When a person meets a condition",
    SEGMENT: "When a person joins segments",
    EVENT: "When a person does something",
    WEBHOOK: "When another program calls a webhook",
    OBJECT: "When an object that a person is related to meets a condition",
    RELATIONSHIP: "When a person's relationship meets a condition",
    DATE: "On a date of each person",
}
#: What happens while the doors are open, where no condition decides.
ENTERED_BY = {
    EVENT: "whoever does “{name}” enters",
    WEBHOOK: "whoever its webhook is called for enters",
    DATE: "people enter on the date in their “{attribute}”",
}
TYPES = tuple(LABELS)
#: Whoever meets these belongs to them for a time: a wave over those who do already, and whoever comes to.
BY_CONDITION = (SEGMENT, ATTRIBUTE, OBJECT, RELATIONSHIP)
#: Their condition is kept by a hidden segment.
KEPT = (ATTRIBUTE, OBJECT, RELATIONSHIP)
#: Each event lets in the person that it is about.
BY_EVENT = (EVENT, WEBHOOK)

Trigger = Mapping[str, Any]


def type_of(trigger: Trigger) -> str:
    """The trigger's type; a journey without one is entered by its audience, as by a segment."""
    return str(trigger.get("type") or SEGMENT)


def asks_who_enters(trigger: Trigger) -> bool:
    """Whether a restart asks: current people and future additions, or future additions only (seed 000, Restart)."""
    return type_of(trigger) in BY_CONDITION


def kept_condition(trigger: Trigger) -> dict[str, Any]:
    """The condition that the hidden segment of this trigger keeps, in the API's shape; {} where it needs none."""
    kind = type_of(trigger)
    if kind == ATTRIBUTE:
        return dict(trigger["condition"])
    if kind in (OBJECT, RELATIONSHIP):
        where = trigger.get("condition")
        return {kind: trigger["object_type"], **({"where": where} if where else {})}
    return {}


def asked_of_people(trigger: Trigger) -> dict[str, Any]:
    """The condition by which one can count whom the trigger is for today; {} where only what happens decides."""
    if type_of(trigger) == DATE:
        return {"attribute": trigger["attribute"], "op": "exists"}
    return kept_condition(trigger)


def trigger_name(campaign_id: int, flow: str = "") -> str:
    """What the calls of a campaign's webhook or API trigger are kept as; nobody can send an event of this name."""
    return f"$trigger:{campaign_id}:{flow}" if flow else f"$trigger:{campaign_id}"


def event_name(trigger: Trigger, campaign_id: int, flow: str = "") -> str:
    """The name of the events that let people in; "" where events do not."""
    kind = type_of(trigger)
    if kind == WEBHOOK:
        return trigger_name(campaign_id, flow)
    return str(trigger.get("name", "")) if kind == EVENT else ""


# --- how often


@dataclass(frozen=True, slots=True)
class Frequency:
    """How often one person may enter: ``every`` time, or at most once within ``within``, or else once."""

    every: bool = False
    within: Duration | None = None

    @property
    def is_repeated(self) -> bool:
        """Whether anybody may enter more than once."""
        return self.every or self.within is not None


def frequency_of(trigger: Trigger, frequency: Mapping[str, Any]) -> Frequency:
    """The setting; where nothing is set, events and dates count every time, conditions once."""
    if frequency.get("at_most_every"):
        return Frequency(within=parse_duration(frequency["at_most_every"]))
    if frequency.get("once"):
        return Frequency()
    return Frequency(every=bool(frequency.get("every_time")) or type_of(trigger) not in BY_CONDITION)


# --- dates


@dataclass(frozen=True, slots=True)
class Offset:
    """So long before (-1) or after (1) a date; None: on the day."""

    sign: int = 1
    duration: Duration | None = None

    def dates_for(self, day: date) -> list[date]:
        """The dates whose day this is: 28 February is a month before 28, 29, 30 and 31 March."""
        if self.duration is None:
            return [day]
        step = relativedelta(**{f"{self.duration.unit}s": self.sign * self.duration.amount})  # type: ignore[arg-type]
        around = day - step
        near = (around + timedelta(days=shift) for shift in range(-4, 5))
        return [one for one in near if one + step == day]


def read_offset(written: object) -> Offset:
    """“-3 days”, “1 week”, “0 days” or nothing. Raises `DurationError`."""
    if written in (None, "", 0, "0", "0 days"):
        return Offset()
    right = "An offset looks like “-3 days” (before), “1 week” (after) or “0 days” (on the day)."
    if not isinstance(written, str):
        raise DurationError(right)
    text = written.strip()
    sign = -1 if text.startswith("-") else 1
    try:
        duration = parse_duration(text.lstrip("+-") if text[:1] in "+-" else text)
    except DurationError as error:
        raise DurationError(f"{error} {right}") from None
    if duration.unit not in CALENDAR_UNITS:
        raise DurationError(f"It is counted in days, weeks or months, not in {duration.unit}s. {right}")
    return Offset(sign, duration)

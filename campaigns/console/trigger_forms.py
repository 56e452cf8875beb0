"""Who enters a journey or flow, as fields: the type of the trigger is chosen once, its settings are filled in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

from campaigns.console.condition_builder import KINDS, OF_EVENT, Vocabulary, change_draft, read_draft, shown
from campaigns.console.duration_fields import duration_fields, duration_of
from campaigns.console.step_forms import draft_of
from campaigns.domain import triggers as tr
from campaigns.domain.condition_blocks import condition_of
from campaigns.domain.durations import CALENDAR_UNITS
from campaigns.engine.vocabulary import attribute_types
from campaigns.models import ObjectType, Segment, Workspace
from config.console.numbers import wholes

MOST_GROUPS = 5
#: What each type means, in one line, and its icon.
DOES = {
    tr.ATTRIBUTE: ("user-check", "Everybody who meets a condition, as soon as they meet it."),
    tr.SEGMENT: (
        "users-group",
        "Everybody who comes into segments: in any or all of several, and in none of others.",
    ),
    tr.EVENT: ("bolt", "Each time somebody does something that your programs report."),
    tr.WEBHOOK: ("webhook", "Each time a program of yours calls an address with a person in it."),
    tr.OBJECT: (
        "building",
        "People of a company, account or other object, when the object meets a condition.",
    ),
    tr.RELATIONSHIP: ("link", "People whose relationship with an object comes about or meets a condition."),
    tr.DATE: ("calendar-event", "On, before or after a date that each person has, such as a renewal."),
}
#: Types for which a condition may be left out; for the others it is what lets people in, or there is none.
_MAY_HAVE = (tr.SEGMENT, tr.EVENT, tr.WEBHOOK, tr.OBJECT, tr.RELATIONSHIP)
_EVENT_NAMES = ("once", "every_time", "at_most_every")


class TriggerFields:
    """The settings of a trigger of one type, with how often a person may enter."""

    def __init__(
        self, kind: str, workspace: Workspace, trigger: Mapping[str, Any], frequency: Mapping[str, Any]
    ) -> None:
        self.kind, self.workspace = kind, workspace
        self.trigger = dict(trigger)
        self.frequency = next(iter(frequency), self.usual_frequency)
        self.every = str(frequency.get("at_most_every") or "")
        self.vocabulary = Vocabulary(workspace)
        self.named = "filter" if kind == tr.SEGMENT else "condition"
        self.has_condition = bool(self.trigger.get(self.named)) or kind == tr.ATTRIBUTE
        self.draft = draft_of(self.trigger.get(self.named))
        self.groups = [list(group) for group in self.trigger.get("in") or [[]]]

    @property
    def usual_frequency(self) -> str:
        """Conditions let a person in once, events and dates every time, where nothing else is chosen."""
        return "once" if self.kind in tr.BY_CONDITION else "every_time"

    def read(self, data: QueryDict) -> None:
        """Take over what was typed."""
        self.frequency = (
            data.get("frequency") if data.get("frequency") in _EVENT_NAMES else self.usual_frequency
        )  # type: ignore[assignment]
        self.every = duration_of(data, "every")
        if self.kind in _MAY_HAVE:
            self.has_condition = data.get("has_condition") == "yes"
        if self.kind != tr.DATE and self.has_condition and not data.get("nested"):
            self.draft = read_draft(data)
        if self.kind == tr.SEGMENT:
            names = ["inside", "also", *(f"also-{n}" for n in range(2, MOST_GROUPS))]
            self.groups = [
                wholes(data.getlist(name)) for name in names if name in data or f"{name}-there" in data
            ]
        self._typed(data)

    def _typed(self, data: QueryDict) -> None:
        kept = {name: self.trigger[name] for name in (self.named,) if name in self.trigger}
        found: dict[str, Any] = {"type": self.kind}
        if self.kind == tr.SEGMENT:
            found |= {"in": [g for g in self.groups if g], "not_in": wholes(data.getlist("outside"))}
        elif self.kind == tr.EVENT:
            found["name"] = data.get("name", "").strip()
        elif self.kind in (tr.OBJECT, tr.RELATIONSHIP):
            found["object_type"] = data.get("object_type", "").strip()
        elif self.kind == tr.DATE:
            amount = duration_of(data, "offset")
            side = data.get("side", "on")
            offset = "0 days" if side == "on" or not amount else f"-{amount}" if side == "before" else amount
            found |= {
                "attribute": data.get("attribute", "").strip(),
                "offset": offset,
                "at": data.get("at", ""),
            }
        if self.has_condition and self.kind != tr.DATE:
            found[self.named] = (
                condition_of(self.draft, self._type_of) if self.draft is not None else kept.get(self.named)
            )
        self.trigger = found

    def _type_of(self, attribute: str) -> str:
        """Types are known of people's attributes; what an object or relationship holds is read as it looks."""
        return "" if self.kind in (tr.OBJECT, tr.RELATIONSHIP) else self.vocabulary.type_of(attribute)

    def operate(self, operation: str) -> None:
        """A button that changes only the form."""
        if operation == "group" and len(self.groups) < MOST_GROUPS:
            self.groups.append([])
        elif self.draft is not None:
            change_draft(self.draft, operation)

    def payload(self) -> dict[str, Any]:
        """Trigger and frequency in the API's shape; no trigger where no segment has been chosen yet."""
        trigger = self.trigger
        if self.kind == tr.SEGMENT and not trigger.get("in"):
            nothing = not trigger.get("not_in") and not self.has_condition
            trigger = {} if nothing else trigger
        frequency = (
            {"at_most_every": self.every} if self.frequency == "at_most_every" else {self.frequency: True}
        )
        return {"trigger": trigger or None, "frequency": frequency}

    def kinds(self) -> Mapping[str, str]:
        """The kinds of row that the condition may have."""
        if self.kind in (tr.OBJECT, tr.RELATIONSHIP):
            return {"attribute": "Attribute"}
        return KINDS | OF_EVENT if self.kind in (tr.EVENT, tr.WEBHOOK) else KINDS

    def builder(self, problems: Mapping[str, str] | None = None) -> dict[str, Any] | None:
        """For the template of the builder; None where the condition is nested deeper than rows show."""
        return shown(self.draft, self.vocabulary, problems, self.kinds()) if self.draft is not None else None

    def context(self, problems: Mapping[str, str]) -> dict[str, Any]:
        """What the template shows; ``problems`` by the API's paths below the trigger."""
        offset = str(self.trigger.get("offset") or "0 days")
        side = "before" if offset.startswith("-") else "on" if offset.startswith("0") else "after"
        return {
            "kind": self.kind, "kind_label": tr.LABELS[self.kind], "does": DOES[self.kind],
            "trigger": self.trigger, "errors": {path.split(".")[0]: text for path, text in problems.items()},
            "builder": self.builder() if self.kind != tr.DATE else None, "has_condition": self.has_condition,
            "may_have_condition": self.kind in _MAY_HAVE, "condition_name": self.named,
            "groups": self._shown_groups(), "can_add_group": len(self.groups) < MOST_GROUPS,
            "outside": self._ticks(self.trigger.get("not_in") or []),
            "events": self.vocabulary.events, "attributes": attribute_types(self.workspace.pk),
            "object_types": list(ObjectType.objects.filter(workspace=self.workspace).values_list("name", flat=True)),
            "side": side, "sides": [("on", "On the day"), ("before", "Before it"), ("after", "After it")],
            "offset": duration_fields(offset.lstrip("-") if side != "on" else "3 days", "offset")
            | {"units": CALENDAR_UNITS},
            "frequency": self.frequency, "every": duration_fields(self.every or "30 days", "every"),
            "is_nested": self.draft is None,
        }  # fmt: skip

    def _shown_groups(self) -> list[dict[str, Any]]:
        names = ["inside", "also", *(f"also-{n}" for n in range(2, MOST_GROUPS))]
        return [
            {"name": name, "is_first": at == 0, "ticks": self._ticks(group)}
            for at, (name, group) in enumerate(zip(names, self.groups or [[]], strict=False))
        ]

    def _ticks(self, chosen: list[int]) -> list[tuple[Segment, bool]]:
        return [(segment, segment.pk in chosen) for segment in self.vocabulary.segments]

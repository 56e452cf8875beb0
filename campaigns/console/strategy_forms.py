"""The forms of python campaigns: strategy and stages, time windows, contacts. All of them work without a script."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django import forms

from campaigns.console.forms import FREQUENCIES, ZONES, VersionForm, WhoForm
from campaigns.domain.planned_times import MOST_WINDOWS
from campaigns.domain.stages import COLOURS, MOST_STAGES
from campaigns.domain.windows import DAYS
from campaigns.services.strategies import known_strategies
from campaigns.strategies.registry import Registered
from config.console.numbers import whole

DAY_NAMES = dict(
    zip(DAYS, ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"), strict=True)
)


@dataclass(slots=True)
class StageRow:
    """One stage of the form, as it was typed."""

    key: str = ""
    name: str = ""
    colour: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    def payload(self) -> dict[str, str]:
        found = {"key": self.key, "name": self.name}
        return {**found, "colour": self.colour} if self.colour else found


@dataclass(slots=True)
class StrategyPart:
    """What stands above the channels of a python campaign: which strategy, and the stages."""

    chosen: str
    stages: list[StageRow]
    errors: dict[str, str] = field(default_factory=dict)
    colours: tuple[str, ...] = COLOURS

    @property
    def known(self) -> list[Registered]:
        """The strategies to choose from."""
        return list(known_strategies().strategies.values())

    @property
    def broken(self) -> Any:
        """Registrations that do not work."""
        return known_strategies().broken

    @property
    def is_missing(self) -> bool:
        """Whether the chosen strategy is none of those that are registered."""
        return bool(self.chosen) and self.chosen not in known_strategies().strategies

    def operate(self, operation: str) -> None:
        """add, remove-2, fill (with the strategy's own stages)."""
        word, _, at = operation.partition("-")
        if word == "add" and len(self.stages) < MOST_STAGES:
            self.stages.append(StageRow())
        elif word == "remove" and (index := whole(at)) is not None and index < len(self.stages):
            del self.stages[index]
        elif word == "fill" and (strategy := known_strategies().strategies.get(self.chosen)):
            there = {stage.key for stage in self.stages}
            self.stages += [StageRow(key, name) for key, name in strategy.stages if key not in there]

    def payload(self) -> dict[str, Any]:
        return {"strategy": self.chosen, "stages": [stage.payload() for stage in self.stages]}


def strategy_as_stored(campaign: Any) -> StrategyPart:
    """The strategy and stages that the campaign has."""
    stages = [StageRow(s.get("key", ""), s.get("name", ""), s.get("colour", "")) for s in campaign.stages]
    return StrategyPart(campaign.strategy, stages)


def posted_strategy(data: Mapping[str, Any]) -> StrategyPart:
    """The same as it was typed; a stage without key and name is not there."""
    count = min(whole(data.get("stages")) or 0, MOST_STAGES + 1)
    rows = [
        StageRow(*(str(data.get(f"g{index}-{name}", "")).strip() for name in ("key", "name", "colour")))
        for index in range(count)
    ]
    saved = data.get("op", "save") == "save"
    return StrategyPart(
        str(data.get("strategy", "")), [row for row in rows if row.key or row.name or not saved]
    )


class ContactsForm(WhoForm):
    """The list of contacts, and how often one of them gets the same in several runs."""

    frequency = forms.ChoiceField(
        choices=[("once", "Once: a later run leaves out what was sent in an earlier one"), *FREQUENCIES[1:]],
        label="When it is started again, a contact gets the same communication", required=False,
    )  # fmt: skip
    every = forms.CharField(
        required=False, max_length=40, label="in this time", help_text="For example: 30 days."
    )

    def payload(self) -> dict[str, Any]:
        chosen = self.cleaned_data["frequency"] or "once"
        frequency = (
            {"at_most_every": self.cleaned_data["every"]} if chosen == "at_most_every" else {chosen: True}
        )
        return {**super().payload(), "frequency": frequency}


@dataclass(slots=True)
class WindowRow:
    """One time window of the form, as it was typed."""

    days: list[str] = field(default_factory=lambda: list(DAYS[:5]))
    begins: str = "09:00"
    ends: str = "17:00"
    by: str = "person"
    errors: dict[str, str] = field(default_factory=dict)

    def payload(self) -> dict[str, Any]:
        return {"days": self.days, "from": self.begins, "to": self.ends, "timezone": self.by}


class WindowsForm(VersionForm):
    """The campaign's time zone; the windows are rows beside it."""

    timezone = forms.ChoiceField(
        choices=[(zone, zone.replace("_", " ")) for zone in ZONES], label="Time zone of the campaign"
    )


def windows_as_stored(campaign: Any) -> list[WindowRow]:
    """The windows that the campaign has."""
    return [
        WindowRow(list(w.get("days", DAYS)), w.get("from", ""), w.get("to", ""), w.get("timezone", "person"))
        for w in campaign.windows
    ]


def posted_windows(data: Any) -> list[WindowRow]:
    """The windows as they were typed."""
    rows = []
    for index in range(min(whole(data.get("windows")) or 0, MOST_WINDOWS + 1)):
        begins, ends, by = (str(data.get(f"w{index}-{name}", "")).strip() for name in ("from", "to", "by"))
        rows.append(WindowRow(data.getlist(f"w{index}-days"), begins, ends, by or "person"))
    return rows


def change_windows(rows: list[WindowRow], operation: str) -> None:
    """add, remove-1."""
    word, _, at = operation.partition("-")
    if word == "add" and len(rows) < MOST_WINDOWS:
        rows.append(WindowRow())
    elif word == "remove" and (index := whole(at)) is not None and index < len(rows):
        del rows[index]

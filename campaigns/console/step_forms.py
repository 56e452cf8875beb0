"""The steps of a journey in the form of *What*; reads what was posted into the API's shape."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from campaigns.console.variant_forms import Texts, texts_as_posted, texts_as_stored
from channels.domain.content import ContentField, fields_for
from config.console.numbers import whole

MOST_STEPS = 200
_TYPES = ("message", "delay", "exit")


@dataclass(slots=True)
class StepBlock:
    """One step of the workflow's form."""

    index: int
    key: str
    type: str
    channel: str = ""
    duration: str = ""
    values: dict[str, str] = field(default_factory=dict)
    texts: Texts = field(default_factory=lambda: Texts("", ""))
    errors: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.texts.kind:
            self.texts = Texts("", self.channel)
        self.renumber(self.index)

    def renumber(self, index: int) -> None:
        """Its place in the form, which the names of its fields carry."""
        self.index, self.texts.prefix = index, f"s{index}-"

    @property
    def prefix(self) -> str:
        """The number in the names of its fields."""
        return str(self.index)

    @property
    def number(self) -> int:
        """What people call it, counted from 1."""
        return self.index + 1

    @property
    def subject(self) -> str:
        return self.values.get("subject", "")

    @property
    def body(self) -> str:
        return self.values.get("body", "")

    @property
    def inputs(self) -> list[ContentField]:
        return list(fields_for(self.channel or "email"))

    def payload(self) -> dict[str, Any]:
        """The step in the API's shape."""
        if self.type == "message":
            found = {"key": self.key, "type": "message", "channel": self.channel}
            names = {row.name for row in self.texts.rows}
            won = {"winner": self.texts.winner} if self.texts.winner in names else {}
            return {**found, **self.texts.payload(self.values), **won}
        if self.type == "delay":
            return {"key": self.key, "type": "delay", "for": self.duration}
        return {"key": self.key, "type": self.type}


def steps_blocks(workflow: Iterable[Any]) -> list[StepBlock]:
    """The steps as they are."""
    found: list[StepBlock] = []
    for step in workflow:
        if isinstance(step, Mapping):
            key, kind, channel = (str(step.get(name, "")) for name in ("key", "type", "channel"))
            texts, values = texts_as_stored("", channel, step)
            found.append(StepBlock(len(found), key, kind, channel, str(step.get("for", "")), values, texts))
    return found


def posted_steps(data: Mapping[str, Any]) -> list[StepBlock]:
    """The steps as they were typed."""
    found: list[StepBlock] = []
    for index in range(min(whole(data.get("steps")) or 0, MOST_STEPS)):
        prefix = f"s{index}-"
        if data.get(f"{prefix}type") in _TYPES:
            key, kind, channel, wait = (
                data.get(prefix + name, "") for name in ("key", "type", "channel", "for")
            )
            texts, values = texts_as_posted(prefix, channel, data)
            found.append(StepBlock(len(found), key, kind, channel, wait, values, texts))
    return found


def edited(steps: list[StepBlock], operation: str, kinds: list[str]) -> list[StepBlock]:
    """The steps after a button was pressed: add-message, add-delay, up-2, down-2, remove-2, ab-2, more-2, less-2-1."""
    word, _, what = operation.partition("-")
    at, _, row = what.partition("-")
    steps = list(steps)
    if word == "add" and what in _TYPES:
        channel = kinds[0] if kinds else "email"
        steps.append(StepBlock(len(steps), _free_key(steps, what), what, channel, "1 days"))
    elif (place := whole(at)) is not None and place < len(steps):
        if word == "remove":
            steps.pop(place)
        elif word in ("up", "down"):
            to = max(0, min(len(steps) - 1, place + (1 if word == "down" else -1)))
            steps.insert(to, steps.pop(place))
        else:
            step = steps[place]
            step.values = step.texts.change(word, whole(row) or 0, step.values)
    for index, step in enumerate(steps):
        step.renumber(index)
    return steps


def _free_key(steps: list[StepBlock], kind: str) -> str:
    """A key that no step has: people inside keep their place by key, so one is never given twice."""
    used = {step.key for step in steps}
    return next(key for number in range(1, MOST_STEPS + 2) if (key := f"{kind}-{number}") not in used)

"""The forms of *What*: one block a channel, and the steps of a journey. Both read what was posted into the API's shape."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from channels.domain.content import ContentField, fields_for
from channels.domain.kinds import KINDS, ChannelKind, available_kinds
from channels.models import Connection
from channels.providers import registry

MOST_CHANNELS = 20
MOST_STEPS = 200
#: Kinds of campaign that are about one kind of channel only.
ONLY = {"sms": "sms", "voice": "voice"}


@dataclass(slots=True)
class Block:
    """One channel of the form: what was chosen and typed, and what is wrong with it."""

    index: int
    kind: ChannelKind
    id: str = ""
    connection: str = ""
    values: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    locked: str = ""
    connections: list[Connection] = field(default_factory=list)

    @property
    def prefix(self) -> str:
        """The number in the names of its fields."""
        return str(self.index)

    @property
    def inputs(self) -> list[dict[str, Any]]:
        """The content's fields with their values and errors."""
        return [
            {"field": f, "value": self.values.get(f.name, ""), "error": self.errors.get(f.name, "")}
            for f in fields_for(self.kind.key)
        ]

    def payload(self, with_content: bool) -> dict[str, Any]:
        """The channel in the API's shape; a locked one is only named."""
        found: dict[str, Any] = {"kind": self.kind.key}
        if self.id:
            found["id"] = int(self.id)
        if self.locked:
            return found
        found["connection"] = int(self.connection) if self.connection.isdigit() else None
        if with_content:
            filled = {name: value for name, value in self.values.items() if value.strip()}
            found["content"] = filled
        return found


@dataclass(slots=True)
class StepBlock:
    """One step of the workflow's form."""

    index: int
    key: str
    type: str
    channel: str = ""
    subject: str = ""
    body: str = ""
    duration: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def prefix(self) -> str:
        """The number in the names of its fields."""
        return str(self.index)

    @property
    def number(self) -> int:
        """What people call it, counted from 1."""
        return self.index + 1

    @property
    def inputs(self) -> list[ContentField]:
        return list(fields_for(self.channel or "email"))

    def payload(self) -> dict[str, Any]:
        if self.type == "message":
            found = {"key": self.key, "type": "message", "channel": self.channel, "body": self.body}
            return {**found, "subject": self.subject} if self.subject else found
        if self.type == "delay":
            return {"key": self.key, "type": "delay", "for": self.duration}
        return {"key": self.key, "type": self.type}


def usable_connections(workspace: Any) -> dict[str, list[Connection]]:
    """The workspace's connections by the kind of channel that they can carry: one query."""
    found: dict[str, list[Connection]] = {kind.key: [] for kind in available_kinds()}
    for connection in Connection.objects.filter(workspace=workspace).order_by("name"):
        try:
            kinds = registry.get(connection.provider).kinds
        except LookupError:
            continue
        for key in kinds & found.keys():
            found[key].append(connection)
    return found


def kinds_for(campaign_kind: str) -> list[ChannelKind]:
    """The kinds of channel that this kind of campaign may have."""
    only = ONLY.get(campaign_kind)
    return [kind for kind in available_kinds() if not only or kind.key == only]


def blocks_of(campaign: Any, channels: Iterable[Any]) -> list[Block]:
    """The channels as they are."""
    found = []
    for index, channel in enumerate(channels):
        open_for_edits = channel.status in ("ready", "paused", "errored") or campaign.kind != "outreach"
        values = {key: str(value) for key, value in channel.content.items() if isinstance(value, str)}
        locked = "" if open_for_edits else f"It is {channel.status}: pause it to change it."
        found.append(
            Block(
                index,
                KINDS[channel.kind],
                str(channel.pk),
                str(channel.connection_id or ""),
                values,
                {},
                locked,
            )
        )
    return found


def posted_blocks(data: Mapping[str, Any], campaign: Any, channels: Iterable[Any]) -> list[Block]:
    """The channels as they were typed. A locked one keeps what it has."""
    existing = {block.id: block for block in blocks_of(campaign, channels)}
    found: list[Block] = []
    for index in range(min(_number(data.get("channels")), MOST_CHANNELS)):
        kind = KINDS.get(data.get(f"c{index}-kind", ""))
        if kind is None:
            continue
        known = existing.get(data.get(f"c{index}-id", ""))
        if known is not None and known.locked:
            known.index = len(found)
            found.append(known)
            continue
        values = {
            f.name: data.get(f"c{index}-{f.name}", "").replace("\r\n", "\n") for f in fields_for(kind.key)
        }
        found.append(
            Block(len(found), kind, known.id if known else "", data.get(f"c{index}-connection", ""), values)
        )
    return found


def steps_blocks(workflow: Iterable[Any]) -> list[StepBlock]:
    """The steps as they are."""
    found: list[StepBlock] = []
    for step in workflow:
        if isinstance(step, Mapping):
            found.append(
                StepBlock(
                    len(found),
                    str(step.get("key", "")),
                    str(step.get("type", "")),
                    str(step.get("channel", "")),
                    str(step.get("subject", "")),
                    str(step.get("body", "")),
                    str(step.get("for", "")),
                )
            )
    return found


def posted_steps(data: Mapping[str, Any]) -> list[StepBlock]:
    """The steps as they were typed."""
    found: list[StepBlock] = []
    for index in range(min(_number(data.get("steps")), MOST_STEPS)):
        prefix = f"s{index}-"
        if data.get(f"{prefix}type") in ("message", "delay", "exit"):
            text = {
                name: data.get(prefix + name, "").replace("\r\n", "\n") for name in ("subject", "body", "for")
            }
            found.append(
                StepBlock(
                    len(found),
                    data.get(f"{prefix}key", ""),
                    data[f"{prefix}type"],
                    data.get(f"{prefix}channel", ""),
                    text["subject"],
                    text["body"],
                    text["for"],
                )
            )
    return found


def edited(steps: list[StepBlock], operation: str, kinds: list[str]) -> list[StepBlock]:
    """The steps after a button was pressed: add-message, add-delay, up-2, down-2, remove-2."""
    word, _, what = operation.partition("-")
    steps = list(steps)
    if word == "add" and what in ("message", "delay", "exit"):
        new = StepBlock(
            0, _free_key(steps, what), what, channel=kinds[0] if kinds else "email", duration="1 days"
        )
        steps.append(new)
    elif what.isdigit() and int(what) < len(steps):
        at = int(what)
        if word == "remove":
            steps.pop(at)
        elif word in ("up", "down"):
            to = max(0, min(len(steps) - 1, at + (1 if word == "down" else -1)))
            steps.insert(to, steps.pop(at))
    for index, step in enumerate(steps):
        step.index = index
    return steps


def _free_key(steps: list[StepBlock], kind: str) -> str:
    """A key that no step has: people inside keep their place by key, so one is never given twice."""
    used = {step.key for step in steps}
    return next(key for number in range(1, MOST_STEPS + 2) if (key := f"{kind}-{number}") not in used)


def _number(value: Any) -> int:
    return int(value) if str(value or "").isdigit() else 0

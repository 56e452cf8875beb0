"""Who, what and when of a campaign as plain data: the hash that an approval pins, and what differs between two of them.

A snapshot is ``{"who": {…}, "what": {…}, "when": {…}}`` in the API's shape. ``names`` beside them (lists and connections
by id) is only for people to read: renaming a list changes nothing that was approved.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from campaigns.domain import conditions
from campaigns.domain.condition_reading import ConditionProblems, parse_condition
from campaigns.domain.workflow import own_part, steps_in
from channels.domain.kinds import KINDS

Snapshot = Mapping[str, Any]
#: Path of one value, and its label, its text and itself.
Leaf = tuple[str, tuple[str, str, Any]]
PARTS = ("who", "what", "when")

#: What people call the keys; a channel's own name comes before these.
_LABELS = {
    "audience": "Audience", "trigger": "Trigger", "frequency": "How often a person may enter", "workflow": "Workflow",
    "flows": "Flows", "strategy": "Strategy", "goal": "Goal", "exit": "Exit criteria",
    "campaign_name": "Name (the content shows it)", "starts_at": "Start",
    "stops_at": "Stop", "timezone": "Time zone", "delivery": "Delivery", "connection": "Connection",
    "subject": "Subject", "body": "Message", "in": "In any of", "not_in": "In none of", "type": "Type", "at": "At",
    "if": "Condition", "condition": "Condition", "filter": "Only people who meet", "rrule": "Recurrence",
    "kind": "Channel", "send_schedule": "Messages go out",
}  # fmt: skip
#: Keys whose values are ids of rows that have a name.
_NAMED = {
    "segment": "segments",
    "in": "segments",
    "not_in": "segments",
    "connection": "connections",
    "agent": "agents",
    "topic": "topics",
}
#: Keys whose values are conditions; they are said in words.
_CONDITIONS = ("if", "condition", "filter")
NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs, as text for people; ``before`` or ``after`` is "–" where it is not there."""

    section: str
    path: str
    label: str
    before: str
    after: str


def content_hash(snapshot: Snapshot) -> str:
    """SHA-256 over the canonical JSON of who, what and when; nothing else in the snapshot counts."""
    parts = {part: snapshot.get(part) or {} for part in PARTS}
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def differences(before: Snapshot, after: Snapshot) -> list[Difference]:
    """What differs, section by section in the order of the page; everything that is there, where ``before`` is empty."""
    found = []
    names = _names_of(before, after)
    for section in PARTS:
        old = dict(_leaves(before.get(section) or {}, names))
        new = dict(_leaves(after.get(section) or {}, names))
        for path in dict.fromkeys([*old, *new]):
            label_then, was, value_then = old.get(path, ("", NOTHING, None))
            label_now, now, value_now = new.get(path, ("", NOTHING, None))
            if (was, value_then) == (now, value_now):
                continue
            if was == now:  # the words would hide the change
                was, now = (json.dumps(value, ensure_ascii=False) for value in (value_then, value_now))
            found.append(Difference(section, path, label_now or label_then, was, now))
    return found


def _names_of(before: Snapshot, after: Snapshot) -> dict[str, dict[str, str]]:
    """What rows are called, by kind and id, on both sides alike: that one was renamed is no difference.

    Two that were called the same, one after the other, are told apart by their ids.
    """
    then, now = before.get("names") or {}, after.get("names") or {}
    found = {}
    for kind in {*then, *now}:
        called = {**(then.get(kind) or {}), **(now.get(kind) or {})}
        often = Counter(called.values())
        found[kind] = {pk: f"{name} (#{pk})" if often[name] > 1 else name for pk, name in called.items()}
    return found


def in_words(found: list[Difference]) -> str:
    """The differences in one line, for refusals: “Message: “Hello” → “Good day”; …”."""
    return "; ".join(
        f"{one.label}: {_short(one.before)} → {_short(one.after)}" for one in found[:5]
    ) + ("; …" if len(found) > 5 else "")  # fmt: skip


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return f"“{flat[:60]}…”" if len(flat) > 60 else f"“{flat}”"


def _leaves(part: Mapping[str, Any], names: Mapping[str, Any]) -> Iterator[Leaf]:
    """(path, (label, text, value)) of every value that is there; empty ones count as not there."""
    for key, value in part.items():
        if key == "channels":
            for index, channel in enumerate(value or []):
                yield from _channel(f"channels.{index}", channel, names)
        elif key == "workflow":
            yield from _steps(value or [], "workflow", "", names)
        elif key == "flows":
            for index, flow in enumerate(value or []):
                label = f"Flow {flow.get('name') or flow.get('key') or index + 1}"
                own = {name: part for name, part in flow.items() if name != "workflow"}
                yield from _under(f"flows.{index}", label, own, "", names)
                yield from _steps(flow.get("workflow") or [], f"flows.{index}.workflow", f"{label}: ", names)
        else:
            yield from _under(key, _LABELS.get(key, _plain(key)), value, key, names)


def _steps(workflow: Sequence[Any], path: str, before: str, names: Mapping[str, Any]) -> Iterator[Leaf]:
    """Every step, those inside others too, numbered as it is drawn."""
    for number, place in enumerate(steps_in(workflow, path), 1):
        yield from _under(place.path, f"{before}Step {number}", own_part(place.step), "", names)


def _channel(path: str, channel: Mapping[str, Any], names: Mapping[str, Any]) -> Iterator[Leaf]:
    key = str(channel.get("kind") or "channel")
    kind = KINDS[key].label if key in KINDS else _plain(key)
    yield f"{path}.kind", (f"{kind}: channel", kind, key)
    connection = channel.get("connection")
    if connection:
        yield (
            f"{path}.connection",
            (f"{kind}: connection", _text(connection, "connection", names), connection),
        )
    if remarkets := channel.get("remarkets"):
        yield f"{path}.remarkets", (f"{kind}: for", str(remarkets), remarkets)
    if agent := channel.get("agent"):
        yield f"{path}.agent", (f"{kind}: agent", _text(agent, "agent", names), agent)
    for key, value in (channel.get("content") or {}).items():
        yield from _under(f"{path}.content.{key}", f"{kind}: {_label(key)}", value, key, names)


def _under(path: str, label: str, value: Any, key: str, names: Mapping[str, Any]) -> Iterator[Leaf]:
    """The leaves of one value: conditions in words, mappings key by key, lists of mappings item by item, else one text."""
    if key in _CONDITIONS and (words := _condition_words(value, names)):
        yield path, (label, words, value)
    elif isinstance(value, Mapping):
        for inner, item in value.items():
            more = "" if inner in ("segment", "type") else f": {_label(inner)}"
            yield from _under(f"{path}.{inner}", f"{label}{more}", item, inner, names)
    elif isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        for index, item in enumerate(value):
            yield from _under(f"{path}.{index}", f"{label} {index + 1}", item, key, names)
    elif value not in (None, "", [], {}):
        yield path, (label, _text(value, key, names), value)


def _condition_words(value: Any, names: Mapping[str, Any]) -> str:
    """A condition as people say it; "" of what is none (yet)."""
    try:
        condition = parse_condition(value, of_event=True)
    except ConditionProblems:
        return ""
    segments = {int(pk): name for pk, name in (names.get("segments") or {}).items()}
    return conditions.in_words(condition, segments)


def _text(value: Any, key: str, names: Mapping[str, Any]) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        joined = " or " if key == "in" else ", "
        return joined.join(_text(item, key, names) for item in value)
    if key in _NAMED and isinstance(value, int):
        return str((names.get(_NAMED[key]) or {}).get(str(value)) or f"#{value}")
    return str(value)


def _label(key: str) -> str:
    return _LABELS.get(key, _plain(key)).lower()


def _plain(key: str) -> str:
    return key.replace("_", " ").capitalize()

"""The workflow of a journey: its steps, read from the API's shape, and everything that can be wrong with them. Pure.

Keys are stable: people inside a live campaign keep their place by key.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from campaigns.domain.durations import Duration, DurationError, parse_duration, parse_duration_problem
from channels.domain.content import validate
from channels.domain.kinds import KINDS, available_kinds
from channels.domain.variants import texts_of

__all__ = [
    "Step",
    "next_steps",
    "parse_duration_problem",
    "parse_workflow",
    "workflow_errors",
    "workflow_problem",
]

MESSAGE, DELAY, EXIT = "message", "delay", "exit"
#: The keys that a step of each type has besides ``key`` and ``type``.
STEP_KEYS: dict[str, tuple[str, ...]] = {
    MESSAGE: ("channel", "subject", "body", "variants", "winner", "sending"),
    DELAY: ("for",),
    EXIT: (),
}
MOST_STEPS = 200
#: As long as the ledger's column for it.
_KEY = re.compile(r"[A-Za-z0-9_-]{1,60}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Step:
    """One step. ``channel`` is the kind of channel of a message, ``duration`` how long a delay takes."""

    key: str
    type: str
    channel: str = ""
    duration: Duration | None = None


def parse_workflow(workflow: Sequence[Mapping[str, Any]]) -> list[Step]:
    """The steps of a stored workflow, in order: one that `workflow_errors` has let through, so it is not asked again."""
    return [
        Step(
            step["key"],
            step["type"],
            channel=step.get("channel", ""),
            duration=parse_duration(step["for"]) if step["type"] == DELAY else None,
        )
        for step in workflow
    ]


def next_steps(steps: Iterable[Step]) -> Iterator[tuple[Step, Step | None]]:
    """Every step with the one that follows it; None after the last. Nothing for a workflow without steps."""
    ordered = list(steps)
    yield from zip_longest(ordered, ordered[1:])


def workflow_errors(workflow: Any) -> dict[str, str]:
    """Everything wrong with a workflow, path → what would be right; {} where all is well. An empty one is no error."""
    if not isinstance(workflow, list):
        return {"workflow": "workflow must be a list of steps."}
    if len(workflow) > MOST_STEPS:
        return {"workflow": f"A workflow has at most {MOST_STEPS} steps; this one has {len(workflow)}."}
    errors: dict[str, str] = {}
    keys: set[str] = set()
    for index, step in enumerate(workflow):
        errors |= _step_errors(step, f"workflow.{index}", keys)
    return errors


def workflow_problem(workflow: Any, channel_kinds: Collection[str]) -> str:
    """Why a campaign with these channels cannot run this workflow: one sentence, or ""."""
    errors = workflow_errors(workflow)
    if errors:
        path, message = next(iter(errors.items()))
        return f"{path}: {message}"
    messages = [step for step in workflow if step["type"] == MESSAGE]
    if not messages:
        return "The workflow has no message yet: add one under What."
    for step in messages:
        if step["channel"] not in channel_kinds:
            label = KINDS[step["channel"]].label
            return f"The step “{step['key']}” sends by {label}, but the campaign has no {label} channel."
    return ""


def _step_errors(step: Any, path: str, keys: set[str]) -> dict[str, str]:
    if not isinstance(step, Mapping):
        return {path: "A step must be an object with key and type."}
    errors = _key_errors(step.get("key"), path, keys)
    kind = step.get("type")
    if not isinstance(kind, str) or kind not in STEP_KEYS:
        known = ", ".join(STEP_KEYS)
        return errors | {f"{path}.type": f"Unknown step type {kind!r}; known types are {known}."}
    allowed = ("key", "type", *STEP_KEYS[kind])
    for name in sorted(set(map(str, step)) - set(allowed)):
        errors[f"{path}.{name}"] = f"Unknown key of a {kind} step; known keys are {', '.join(allowed)}."
    if kind == MESSAGE:
        errors |= _message_errors(step, path)
    if kind == DELAY:
        errors |= _delay_errors(step, path)
    return errors


def _key_errors(key: Any, path: str, keys: set[str]) -> dict[str, str]:
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        return {f"{path}.key": "A step needs a key: 1 to 60 letters, digits, hyphens or underscores."}
    if key in keys:
        return {f"{path}.key": f"The key {key!r} is used by an earlier step; every key is used once."}
    keys.add(key)
    return {}


def _message_errors(step: Mapping[str, Any], path: str) -> dict[str, str]:
    channel = step.get("channel")
    known = [kind.key for kind in available_kinds()]
    if channel not in known:
        return {f"{path}.channel": f"channel must be one of: {', '.join(known)}."}
    errors = {}
    if step.get("sending", "automatic") != "automatic":
        errors[f"{path}.sending"] = 'sending must be "automatic".'
    content = {name: step[name] for name in ("subject", "body", "variants") if name in step}
    problems = validate(channel, content)
    for name, message in problems.items():
        errors[f"{path}.{name}"] = message
    if not problems and step.get("winner"):
        names = [variant.name for variant in texts_of(content) if variant.name]
        if step["winner"] not in names:
            errors[f"{path}.winner"] = (
                f"The winner must be one of the variants: {', '.join(names) or 'there are none'}."
            )
    return errors


def _delay_errors(step: Mapping[str, Any], path: str) -> dict[str, str]:
    try:
        parse_duration(step.get("for"))
    except DurationError as error:
        return {f"{path}.for": str(error)}
    return {}

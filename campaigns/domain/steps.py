"""The steps of a workflow (interface.md, *workflow*), read from the API's shape, and what can be wrong with each. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from campaigns.domain.condition_reading import ConditionProblems, parse_condition
from campaigns.domain.conditions import PERSON_FIELDS
from campaigns.domain.durations import Duration, DurationError, parse_duration
from campaigns.domain.windows import Window, read_window, window_errors
from channels.domain.content import validate
from channels.domain.kinds import available_kinds
from channels.domain.variants import texts_of

MESSAGE, DELAY, WINDOW, BRANCH = "message", "delay", "window", "branch"
WAIT_UNTIL, UPDATE, SPLIT, WEBHOOK, EXIT = "wait_until", "update", "split", "webhook", "exit"
#: The keys that a step of each type has besides ``key``, ``type`` and ``name``.
STEP_KEYS: dict[str, tuple[str, ...]] = {
    MESSAGE: ("channel", "subject", "body", "variants", "winner", "sending"),
    DELAY: ("for",),
    WINDOW: ("days", "from", "to", "timezone"),
    BRANCH: ("if", "then", "else"),
    WAIT_UNTIL: ("condition", "timeout"),
    UPDATE: ("attributes",),
    SPLIT: ("variants", "winner", "decide"),
    WEBHOOK: ("url", "body"),
    EXIT: (),
}
#: These end in a row of the ledger: a message to somebody, or a call about somebody.
SENDING = (MESSAGE, WEBHOOK)
AUTOMATIC, DRAFT = "automatic", "draft"
LONGEST_NAME = 80
MOST_VARIANTS = 10
MOST_ATTRIBUTES = 50
HEAVIEST = 1_000
#: As long as a key of the API may be; the engine adds the flow's (programs.py).
_KEY = re.compile(r"[A-Za-z0-9_-]{1,60}", re.ASCII)
_URL = re.compile(r"https?://[^\s/]+\S*")


@dataclass(frozen=True, slots=True)
class Share:
    """One variant of a split: ``weight`` of all weights go this way."""

    name: str
    weight: int


@dataclass(frozen=True, slots=True)
class Step:
    """One step, as stored (``raw``) and read. What does not belong to its type is empty."""

    key: str
    type: str
    name: str = ""
    channel: str = ""
    """Of a message or webhook: the kind of channel."""
    duration: Duration | None = None
    """Of a delay how long it takes, of a wait until when it is given up (None: never)."""
    window: Window | None = None
    condition: Mapping[str, Any] = field(default_factory=dict)
    """Of a branch or wait, in the API's shape."""
    shares: tuple[Share, ...] = ()
    winner: str = ""
    """Of a split: the variant that everybody gets from now on."""
    drafted: bool = False
    """A message that waits for somebody to release it."""
    raw: Mapping[str, Any] = field(default_factory=dict, compare=False)


def read_step(step: Mapping[str, Any]) -> Step:
    """A stored step: one that `step_errors` has let through, so it is not asked again."""
    kind = step["type"]
    written = step.get("for") if kind == DELAY else step.get("timeout") if kind == WAIT_UNTIL else None
    return Step(
        step["key"],
        kind,
        step.get("name", ""),
        channel=channel_kind_of(step),
        duration=parse_duration(written) if written else None,
        window=read_window(step) if kind == WINDOW else None,
        condition=step.get("if" if kind == BRANCH else "condition") or {},
        shares=tuple(Share(v["name"], int(v.get("weight", 1))) for v in step["variants"])
        if kind == SPLIT
        else (),
        winner=step.get("winner", "") if kind == SPLIT else "",
        drafted=step.get("sending", AUTOMATIC) == DRAFT,
        raw=step,
    )


def channel_kind_of(step: Mapping[str, Any]) -> str:
    """The kind of channel that a step sends by, "" of one that sends nothing."""
    if step.get("type") == WEBHOOK:
        return WEBHOOK
    return str(step.get("channel") or "") if step.get("type") == MESSAGE else ""


def branches_of(step: Mapping[str, Any]) -> list[tuple[str, str, Any]]:
    """The lists of steps inside a step: (the way's name, its path below the step, the list)."""
    if step.get("type") == BRANCH:
        return [(way, way, step.get(way) or []) for way in ("then", "else")]
    variants = step.get("variants")
    if step.get("type") != SPLIT or not isinstance(variants, Sequence):
        return []
    inside = [(at, variant) for at, variant in enumerate(variants) if isinstance(variant, Mapping)]
    return [(str(v.get("name", at)), f"variants.{at}.steps", v.get("steps") or []) for at, v in inside]


def step_errors(step: Any, path: str, keys: set[str]) -> dict[str, str]:
    """Everything wrong with one step but not with those inside it; its key is added to ``keys``."""
    if not isinstance(step, Mapping):
        return {path: "A step must be an object with key and type."}
    errors = _key_errors(step.get("key"), path, keys)
    kind = step.get("type")
    if not isinstance(kind, str) or kind not in STEP_KEYS:
        known = ", ".join(STEP_KEYS)
        return errors | {f"{path}.type": f"Unknown step type {kind!r}; known types are {known}."}
    allowed = ("key", "type", "name", *STEP_KEYS[kind])
    for name in sorted(set(map(str, step)) - set(allowed)):
        errors[f"{path}.{name}"] = f"Unknown key of a {kind} step; known keys are {', '.join(allowed)}."
    name = step.get("name", "")
    if not isinstance(name, str) or len(name) > LONGEST_NAME:
        errors[f"{path}.name"] = f"A name is text of at most {LONGEST_NAME} characters."
    return errors | _ERRORS[kind](step, path)


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
    if step.get("sending", AUTOMATIC) not in (AUTOMATIC, DRAFT):
        errors[f"{path}.sending"] = 'sending must be "automatic" or "draft".'
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


def _duration_errors(written: object, path: str) -> dict[str, str]:
    try:
        parse_duration(written)
    except DurationError as error:
        return {path: str(error)}
    return {}


def _delay_errors(step: Mapping[str, Any], path: str) -> dict[str, str]:
    return _duration_errors(step.get("for"), f"{path}.for")


def _condition_errors(given: object, path: str) -> dict[str, str]:
    try:
        parse_condition(given, path)
    except ConditionProblems as refused:
        return refused.problems
    return {}


def _branch_errors(step: Mapping[str, Any], path: str) -> dict[str, str]:
    errors = _condition_errors(step.get("if"), f"{path}.if")
    for way in ("then", "else"):
        if not isinstance(step.get(way) or [], list):
            errors[f"{path}.{way}"] = f"{way} must be a list of steps."
    return errors


def _wait_errors(step: Mapping[str, Any], path: str) -> dict[str, str]:
    errors = _condition_errors(step.get("condition"), f"{path}.condition")
    if step.get("timeout") not in (None, ""):
        errors |= _duration_errors(step["timeout"], f"{path}.timeout")
    return errors


def _update_errors(step: Mapping[str, Any], path: str) -> dict[str, str]:
    given = step.get("attributes")
    if not isinstance(given, Mapping) or not 1 <= len(given) <= MOST_ATTRIBUTES:
        return {f"{path}.attributes": f"attributes must be an object of 1 to {MOST_ATTRIBUTES} attributes."}
    errors = {}
    for name, value in given.items():
        if not isinstance(name, str) or not name or len(name) > 100 or "\0" in name:
            errors[f"{path}.attributes"] = "An attribute's name has 1 to 100 characters."
        elif name in PERSON_FIELDS:
            errors[f"{path}.attributes.{name}"] = (
                f"{name} is the person's own field; a step sets attributes only."
            )
        elif not isinstance(value, str | int | float | bool | None) or (
            isinstance(value, str) and (len(value) > 500 or "\0" in value)
        ):
            errors[f"{path}.attributes.{name}"] = (
                "A value is text of at most 500 characters, a number, true, false, or null to take it away."
            )
    return errors


def _split_errors(step: Mapping[str, Any], path: str) -> dict[str, str]:
    variants = step.get("variants")
    if not isinstance(variants, list) or not 2 <= len(variants) <= MOST_VARIANTS:
        return {f"{path}.variants": f"A split has 2 to {MOST_VARIANTS} variants."}
    errors: dict[str, str] = {}
    names: list[str] = []
    for at, variant in enumerate(variants):
        errors |= _variant_errors(variant, f"{path}.variants.{at}", names)
    if not errors and step.get("winner") and step["winner"] not in names:
        errors[f"{path}.winner"] = f"The winner must be one of the variants: {', '.join(names)}."
    return errors | _decide_errors(step.get("decide"), f"{path}.decide")


def _variant_errors(variant: Any, path: str, names: list[str]) -> dict[str, str]:
    if not isinstance(variant, Mapping) or set(variant) - {"name", "weight", "steps"}:
        return {path: "A variant is an object with name, weight and steps."}
    errors = {}
    name, weight = variant.get("name"), variant.get("weight", 1)
    if not isinstance(name, str) or not 1 <= len(name) <= 40 or name in names:
        errors[f"{path}.name"] = "A variant needs a name of its own of 1 to 40 characters."
    else:
        names.append(name)
    if isinstance(weight, bool) or not isinstance(weight, int) or not 1 <= weight <= HEAVIEST:
        errors[f"{path}.weight"] = f"weight is a whole number from 1 to {HEAVIEST:,}."
    if not isinstance(variant.get("steps") or [], list):
        errors[f"{path}.steps"] = "steps must be a list of steps."
    return errors


def _decide_errors(decide: Any, path: str) -> dict[str, str]:
    """When the winner is chosen by the campaign's goal: ``{"after": "7 days"}`` after people began to arrive."""
    if decide in (None, {}):
        return {}
    if not isinstance(decide, Mapping) or set(decide) != {"after"}:
        return {
            path: 'decide must look like {"after": "7 days"}: then the variant with most conversions wins.'
        }
    return _duration_errors(decide["after"], f"{path}.after")


def _webhook_errors(step: Mapping[str, Any], path: str) -> dict[str, str]:
    errors = {}
    url = step.get("url")
    if not isinstance(url, str) or len(url) > 2_000 or not _URL.fullmatch(url):
        errors[f"{path}.url"] = "url must be an address like https://example.com/path."
    for name, message in validate(WEBHOOK, {"body": step.get("body", "")}).items():
        errors[f"{path}.{name}"] = message
    return errors


def _no_errors(step: Mapping[str, Any], path: str) -> dict[str, str]:
    return {}


_ERRORS: dict[str, Callable[[Mapping[str, Any], str], dict[str, str]]] = {
    MESSAGE: _message_errors, DELAY: _delay_errors, WINDOW: window_errors, BRANCH: _branch_errors,
    WAIT_UNTIL: _wait_errors, UPDATE: _update_errors, SPLIT: _split_errors, WEBHOOK: _webhook_errors, EXIT: _no_errors,
}  # fmt: skip

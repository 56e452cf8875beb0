"""Conditions on people (interface.md, *condition*): what they consist of, what they use, and what they say in words.

Reading them is the business of condition_reading.py; engine/conditions.py makes SQL of them. Every leaf is true or false
of a person, never unknown: *ne*, *not_exists*, *not_done*, *not_in* and *not_sent* are the exact opposites of the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dateutil.relativedelta import relativedelta

from campaigns.domain.durations import Duration

Scalar = str | int | float | bool

#: Opposites of other operators: the condition is the other one's negation.
OPPOSITES = {
    "ne": "eq", "not_exists": "exists", "not_done": "done", "not_in": "in", "not_sent": "sent",
    "not_related": "related",
}  # fmt: skip
#: Attributes of these names are the person's own fields.
PERSON_FIELDS = ("external_id", "email", "phone", "timezone")
#: Conditions on objects may name this as if it were one of their attributes.
OBJECT_FIELDS = ("external_id",)
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,10})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Group:
    """``all`` or ``any`` of the parts; one part at least."""

    word: str
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a condition."""

    part: Condition


@dataclass(frozen=True, slots=True)
class AttributeIs:
    """An attribute compared: ``value`` is a scalar, a tuple of them for ``in``, None for ``exists``."""

    key: str
    op: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class PropertyIs:
    """A property of the event that triggers a workflow, compared as an attribute is."""

    key: str
    op: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class EventDone:
    """An event done at least so often, within a time until now (None: ever)."""

    name: str
    op: str
    within: Duration | None = None
    at_least: int = 1


@dataclass(frozen=True, slots=True)
class InSegment:
    """In another segment or list."""

    segment: int
    op: str


@dataclass(frozen=True, slots=True)
class LabelSent:
    """Sent a message of a campaign with this label, within a time until now (None: ever)."""

    label: str
    op: str
    within: Duration | None = None


@dataclass(frozen=True, slots=True)
class Related:
    """Related to an object of the type (a company, an account) for which ``where`` is true; None: to any.

    ``by`` says what ``where`` looks at: the attributes of the ``object``, or those of the ``relationship`` itself.
    """

    by: str
    type: str
    op: str
    where: Condition | None = None


Leaf = AttributeIs | PropertyIs | EventDone | InSegment | LabelSent | Related
Condition = Group | Not | Leaf


def leaves_of(condition: Condition) -> Iterator[Leaf]:
    """Every leaf, from left to right."""
    if isinstance(condition, Group):
        for part in condition.parts:
            yield from leaves_of(part)
    elif isinstance(condition, Not):
        yield from leaves_of(condition.part)
    else:
        yield condition


def uses_of(condition: Condition) -> dict[str, list[Any]]:
    """What the condition looks at: names of attributes, events and labels, ids of segments; each once, sorted.

    ``objects`` are types of objects in lower case, as they are told apart.
    """
    kinds = ("attributes", "events", "segments", "labels", "objects")
    found: dict[str, set[Any]] = {kind: set() for kind in kinds}
    for leaf in leaves_of(condition):
        match leaf:
            case AttributeIs():
                found["attributes"].add(leaf.key)
            case EventDone():
                found["events"].add(leaf.name)
            case InSegment():
                found["segments"].add(leaf.segment)
            case LabelSent():
                found["labels"].add(leaf.label)
            case Related():
                found["objects"].add(leaf.type.lower())
    return {kind: sorted(names) for kind, names in found.items()}


def cycle_from(segment: int, uses: Mapping[int, Iterable[int]]) -> list[int]:
    """The way by which a segment depends on itself, from it to it; [] where it does not."""
    seen: set[int] = set()
    waiting = [[segment]]
    while waiting:
        way = waiting.pop()
        for following in uses.get(way[-1], ()):
            if following == segment:
                return [*way, segment]
            if following not in seen:
                seen.add(following)
                waiting.append([*way, following])
    return []


def names_in(given: Any, path: str = "condition") -> Iterator[tuple[str, str, Any]]:
    """(path, kind, name) of every segment, label and type of objects in a condition that has been read."""
    for word in ("all", "any"):
        for index, part in enumerate(given.get(word, [])):
            yield from names_in(part, f"{path}.{word}.{index}")
    if "not" in given:
        yield from names_in(given["not"], f"{path}.not")
    for kind in ("segment", "label", "object", "relationship"):
        if kind in given:
            yield f"{path}.{kind}", kind, given[kind]


def window_start(within: Duration | None, now: datetime) -> datetime | None:
    """The moment after which something counts; None where all of the past does. Months are calendar months in UTC."""
    if within is None:
        return None
    back = relativedelta(**{f"{within.unit}s": within.amount})  # type: ignore[arg-type]
    return now.astimezone(UTC) - back


def equal_values(value: Scalar) -> tuple[Scalar, ...]:
    """What an attribute may hold to equal ``value``: “42” and 42 are the same, so are “true” and true."""
    if isinstance(value, bool):
        return (value, "true" if value else "false")
    if isinstance(value, int | float):
        return (value, number_text(value))
    if value in ("true", "false"):
        return (value, value == "true")
    if _NUMBER.fullmatch(value):
        return (value, float(value) if "." in value else int(value))
    return (value,)


def number_text(value: float) -> str:
    """A number as people write it: whole ones without a point."""
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(value)


# --- in words

_COMPARED = {
    "eq": "is {}", "ne": "is not {}", "gt": "is more than {}", "gte": "is at least {}", "lt": "is less than {}",
    "lte": "is at most {}", "contains": "contains {}", "starts_with": "begins with {}", "in": "is one of {}",
    "exists": "is known", "not_exists": "is not known",
}  # fmt: skip
_DATES = {"gt": "is after {}", "gte": "is on or after {}", "lt": "is before {}", "lte": "is on or before {}"}
_JOINED = {"all": " and ", "any": " or "}


def in_words(condition: Condition, names: Mapping[int, str] | None = None) -> str:
    """The condition as a person would say it; ``names`` are those of segments by id."""
    return _words(condition, names or {}, inside=False)


def _words(condition: Condition, names: Mapping[int, str], inside: bool) -> str:
    match condition:
        case Group(word, parts):
            joined = _JOINED[word].join(_words(part, names, inside=len(parts) > 1) for part in parts)
            return f"({joined})" if inside and len(parts) > 1 else joined
        case Not(part):
            return f"not ({_words(part, names, inside=False)})"
        case AttributeIs(key, op, value):
            table = _DATES if op in _DATES and isinstance(value, str) else _COMPARED
            return f"{key} {table[op].format(_value(value))}"
        case PropertyIs(key, op, value):
            table = _DATES if op in _DATES and isinstance(value, str) else _COMPARED
            return f"the event's {key} {table[op].format(_value(value))}"
        case EventDone(name, op, within, at_least):
            times = "" if at_least == 1 else f" at least {at_least} times"
            return f"{'has done' if op == 'done' else 'has not done'} “{name}”{times}{_within(within)}"
        case InSegment(segment, op):
            name = names.get(segment, f"#{segment}")
            return f"is {'in' if op == 'in' else 'not in'} “{name}”"
        case LabelSent(label, op, within):
            sent = "was sent" if op == "sent" else "was not sent"
            return f"{sent} a message labelled “{label}”{_within(within)}"
        case Related(by, name, op, where):
            related = "is related" if op == "related" else "is not related"
            how = "by a relationship where" if by == "relationship" else "where"
            asked = f" {how} {_words(where, names, inside=True)}" if where else ""
            return f"{related} to a “{name}”{asked}"


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(_value(item) for item in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"“{value}”" if isinstance(value, str) else str(value)


def _within(within: Duration | None) -> str:
    return f" within {within}" if within else ""

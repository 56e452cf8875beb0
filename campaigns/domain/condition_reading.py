"""Reads a condition from the shape of the API: everything unknown is refused with its path, nothing is skipped."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from campaigns.domain.conditions import (
    AttributeIs,
    Condition,
    EventDone,
    Group,
    InSegment,
    LabelSent,
    Leaf,
    Not,
    PropertyIs,
    Related,
)
from campaigns.domain.durations import Duration, DurationError, parse_duration
from campaigns.domain.headers import LONGEST_KEY
from campaigns.domain.moments import moment_of

DEEPEST = 6
MOST_LEAVES = 100
MOST_VALUES = 500
LONGEST_TEXT = 500
LONGEST_EVENT = 100
LONGEST_LABEL = 60
LONGEST_TYPE = 60
MOST_TIMES = 10_000

#: The largest number that is compared exactly everywhere.
LARGEST = 10**15
_COMBINE = ("all", "any", "not")
_ORDERED = ("gt", "gte", "lt", "lte")
#: Operators by kind of leaf; the kind is the key that names what is looked at.
OPERATORS: dict[str, tuple[str, ...]] = {
    "attribute": (
        "eq", "ne", "gt", "gte", "lt", "lte", "contains", "starts_with", "in", "exists", "not_exists",
    ),
    "event": ("done", "not_done"),
    "segment": ("in", "not_in"),
    "label": ("sent", "not_sent"),
    "object": ("related", "not_related"),
    "relationship": ("related", "not_related"),
}  # fmt: skip
#: Only of the event that triggers a workflow: what happened, not who the person is.
OF_EVENT = {"property": OPERATORS["attribute"]}
_KEYS = {
    "attribute": {"attribute", "op", "value"},
    "property": {"property", "op", "value"},
    "event": {"event", "op", "within", "at_least"},
    "segment": {"segment", "op"},
    "label": {"label", "op", "within"},
    "object": {"object", "op", "where"},
    "relationship": {"relationship", "op", "where"},
}
#: What is meant where no ``op`` is said.
_USUAL = {"object": "related", "relationship": "related"}


class ConditionProblems(ValueError):
    """The condition is unusable; ``problems`` says by path what would be right."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(next(iter(problems.values())))
        self.problems = dict(problems)


def parse_condition(given: object, path: str = "condition", *, of_event: bool = False) -> Condition:
    """The condition, or every problem at once as `ConditionProblems`. ``of_event``: it may look at an event's properties."""
    reader = _Reader(of_event)
    condition = reader.read(given, path, 1)
    if reader.problems or condition is None:
        raise ConditionProblems(reader.problems)
    return condition


class _Reader:
    """One reading: collects the problems, counts the leaves."""

    def __init__(self, of_event: bool = False) -> None:
        self.problems: dict[str, str] = {}
        self.leaves = 0
        #: What leaves may be: inside ``where`` there are only attributes.
        self._kinds: tuple[str, ...] = (*OPERATORS, *(OF_EVENT if of_event else ()))

    def refuse(self, path: str, problem: str) -> None:
        self.problems.setdefault(path, problem)

    def read(self, given: object, path: str, depth: int) -> Condition | None:
        """The condition at this path; None where it is unusable, which then has been said."""
        if not isinstance(given, Mapping):
            self.refuse(path, 'A condition is an object like {"attribute": "plan", "op": "eq", "value": 1}.')
            return None
        kinds = [kind for kind in (*_COMBINE, *self._kinds) if kind in given]
        if len(kinds) != 1:
            known = ", ".join((*_COMBINE, *self._kinds))
            found = f"here are {' and '.join(kinds)}" if kinds else "here is none"
            self.refuse(path, f"A condition has exactly one of {known}; {found}.")
            return None
        kind = kinds[0]
        known_keys = _KEYS.get(kind, {kind})
        for key in given:
            if key not in known_keys:
                self.refuse(f"{path}.{key}", f"Unknown key; known are {', '.join(sorted(known_keys))}.")
        if kind in _COMBINE:
            return self._combined(kind, given[kind], f"{path}.{kind}", depth)
        return self._leaf(kind, given, path)

    def _combined(self, kind: str, inner: object, path: str, depth: int) -> Condition | None:
        if depth >= DEEPEST:
            self.refuse(path, f"Conditions are at most {DEEPEST} levels deep.")
            return None
        if kind == "not":
            part = self.read(inner, path, depth + 1)
            return Not(part) if part else None
        if not isinstance(inner, list) or not inner:
            self.refuse(path, f"{kind} needs a list of at least one condition.")
            return None
        if len(inner) > MOST_LEAVES:
            self.refuse(path, f"A condition has at most {MOST_LEAVES} parts.")
            return None
        parts = [self.read(item, f"{path}.{index}", depth + 1) for index, item in enumerate(inner)]
        return Group(kind, tuple(part for part in parts if part))

    def _leaf(self, kind: str, given: Mapping[str, Any], path: str) -> Leaf | None:
        self.leaves += 1
        if self.leaves > MOST_LEAVES:
            self.refuse(path, f"A condition has at most {MOST_LEAVES} parts.")
            return None
        op, known = given.get("op", _USUAL.get(kind)), (OPERATORS | OF_EVENT)[kind]
        if op not in known:
            self.refuse(f"{path}.op", f"op must be one of {', '.join(known)}.")
            return None
        make: Callable[[Mapping[str, Any], str, str], Leaf | None] = getattr(self, f"_{kind}")
        return make(given, op, path)

    def _attribute(self, given: Mapping[str, Any], op: str, path: str) -> Leaf | None:
        key = self._text(given["attribute"], f"{path}.attribute", LONGEST_KEY)
        return AttributeIs(key, op, self._compared(given, op, path))

    def _property(self, given: Mapping[str, Any], op: str, path: str) -> Leaf | None:
        key = self._text(given["property"], f"{path}.property", LONGEST_KEY)
        return PropertyIs(key, op, self._compared(given, op, path))

    def _compared(self, given: Mapping[str, Any], op: str, path: str) -> Any:
        """What it is compared with, as `AttributeIs.value`."""
        value: Any = None
        if op in ("exists", "not_exists"):
            if given.get("value") is not None:
                self.refuse(f"{path}.value", f"{op} takes no value.")
        elif op == "in":
            value = self._values(given.get("value"), f"{path}.value")
        else:
            value = self._value(given.get("value"), f"{path}.value")
            self._fitting(op, value, f"{path}.value")
        return value

    def _fitting(self, op: str, value: object, path: str) -> None:
        """Whether the operator can be used with such a value."""
        if op in ("contains", "starts_with") and not isinstance(value, str):
            self.refuse(path, f"{op} needs text.")
        if op in _ORDERED:
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not number and moment_of(value) is None:
                self.refuse(
                    path, f"{op} needs a number, or a date like 2026-01-31 or 2026-01-31T09:00:00+01:00."
                )

    def _values(self, given: object, path: str) -> tuple[Any, ...]:
        if not isinstance(given, list) or not 1 <= len(given) <= MOST_VALUES:
            self.refuse(path, f"in needs a list of 1 to {MOST_VALUES} values.")
            return ()
        return tuple(self._value(item, f"{path}.{index}") for index, item in enumerate(given))

    def _value(self, given: object, path: str) -> Any:
        if isinstance(given, bool):
            return given
        if isinstance(given, int | float):
            if not math.isfinite(given) or abs(given) > LARGEST:
                self.refuse(path, f"A number lies between -{LARGEST:,} and {LARGEST:,}.")
            return given
        return self._text(given, path, LONGEST_TEXT, "A value is text, a number, true or false.")

    def _text(self, given: object, path: str, longest: int, otherwise: str = "This must be text.") -> str:
        if not isinstance(given, str):
            self.refuse(path, otherwise)
            return ""
        if not given or len(given) > longest:
            self.refuse(path, f"This text has 1 to {longest} characters.")
        elif "\0" in given or any("\ud800" <= character <= "\udfff" for character in given):
            self.refuse(path, "Contains a character that no text may hold.")
        return given

    def _event(self, given: Mapping[str, Any], op: str, path: str) -> Leaf | None:
        times = given.get("at_least", 1)
        if isinstance(times, bool) or not isinstance(times, int) or not 1 <= times <= MOST_TIMES:
            self.refuse(f"{path}.at_least", f"at_least is a whole number from 1 to {MOST_TIMES:,}.")
        name = self._text(given["event"], f"{path}.event", LONGEST_EVENT)
        return EventDone(name, op, self._within(given, path), times)

    def _segment(self, given: Mapping[str, Any], op: str, path: str) -> Leaf | None:
        segment = given["segment"]
        if isinstance(segment, bool) or not isinstance(segment, int) or not 0 < segment < 2**63:
            self.refuse(f"{path}.segment", "The id of a segment is a whole number.")
            return None
        return InSegment(segment, op)

    def _label(self, given: Mapping[str, Any], op: str, path: str) -> Leaf | None:
        name = self._text(given["label"], f"{path}.label", LONGEST_LABEL)
        return LabelSent(name, op, self._within(given, path))

    def _object(self, given: Mapping[str, Any], op: str, path: str) -> Leaf | None:
        return self._related("object", given, op, path)

    def _relationship(self, given: Mapping[str, Any], op: str, path: str) -> Leaf | None:
        return self._related("relationship", given, op, path)

    def _related(self, by: str, given: Mapping[str, Any], op: str, path: str) -> Leaf | None:
        name = self._text(given[by], f"{path}.{by}", LONGEST_TYPE)
        if given.get("where") is None:
            return Related(by, name, op)
        before, self._kinds = self._kinds, ("attribute",)
        where = self.read(given["where"], f"{path}.where", 1)
        self._kinds = before
        return Related(by, name, op, where)

    def _within(self, given: Mapping[str, Any], path: str) -> Duration | None:
        if given.get("within") is None:
            return None
        try:
            return parse_duration(given["within"])
        except DurationError as error:
            self.refuse(f"{path}.within", str(error))
            return None

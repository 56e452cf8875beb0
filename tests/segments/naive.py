"""Conditions evaluated by hand on plain data: what the SQL is compared with. Slow, simple and written independently."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from dateutil.relativedelta import relativedelta

from campaigns.domain.moments import moment_of


@dataclass
class Somebody:
    """A person with all that a condition may look at."""

    fields: dict[str, str]
    attributes: dict[str, Any]
    events: list[tuple[str, datetime]] = field(default_factory=list)
    segments: set[int] = field(default_factory=set)
    sent: list[tuple[str, datetime]] = field(default_factory=list)
    """(label, when) of messages."""
    related: list[tuple[str, dict[str, str], dict[str, Any], dict[str, Any]]] = field(default_factory=list)
    """(type, fields of the object, its attributes, those of the relationship)."""


def meets(who: Somebody, condition: dict[str, Any], now: datetime) -> bool:
    """Whether the person meets a condition in the API's shape."""
    if "all" in condition:
        return all(meets(who, part, now) for part in condition["all"])
    if "any" in condition:
        return any(meets(who, part, now) for part in condition["any"])
    if "not" in condition:
        return not meets(who, condition["not"], now)
    for by in ("object", "relationship"):
        if by in condition:
            return _related(who, by, condition, now) == (condition.get("op", "related") == "related")
    op = condition["op"]
    if "attribute" in condition:
        return _attribute(who, condition["attribute"], op, condition.get("value"))
    since = _since(condition.get("within"), now)
    if "event" in condition:
        times = sum(name == condition["event"] and when > since for name, when in who.events)
        return (times >= condition.get("at_least", 1)) == (op == "done")
    if "segment" in condition:
        return (condition["segment"] in who.segments) == (op == "in")
    sent = any(label == condition["label"] and when > since for label, when in who.sent)
    return sent == (op == "sent")


def _related(who: Somebody, by: str, condition: dict[str, Any], now: datetime) -> bool:
    for name, fields, attributes, role in who.related:
        thing = Somebody(fields, attributes) if by == "object" else Somebody({}, role)
        where = condition.get("where")
        if name.lower() == condition[by].lower() and (where is None or meets(thing, where, now)):
            return True
    return False


def _since(within: str | None, now: datetime) -> datetime:
    if within is None:
        return now - timedelta(days=20_000)
    amount, unit = within.split()
    return now - relativedelta(**{unit.rstrip("s") + "s": int(amount)})


def _attribute(who: Somebody, key: str, op: str, wanted: Any) -> bool:
    held = who.fields[key] if key in who.fields else who.attributes.get(key)
    if op == "ne":
        return not _equal(held, wanted)
    if op == "not_exists":
        return held in (None, "")
    if op == "exists":
        return held not in (None, "")
    if op == "eq":
        return _equal(held, wanted)
    if op == "in":
        return any(_equal(held, one) for one in wanted)
    if op == "contains":
        return wanted in held if isinstance(held, list) else wanted in _text(held)
    if op == "starts_with":
        return _is_scalar(held) and _text(held).startswith(wanted)
    left, right = (
        (_moment(held), _moment(wanted)) if isinstance(wanted, str) else (_number(held), _number(wanted))
    )
    if left is None:
        return False
    return {"gt": left > right, "gte": left >= right, "lt": left < right, "lte": left <= right}[op]


def _is_scalar(held: Any) -> bool:
    return isinstance(held, str | int | float)


def _text(held: Any) -> str:
    """As JSON shows it; nothing for lists, objects and null."""
    if isinstance(held, str):
        return held
    return json.dumps(held) if _is_scalar(held) else ""


def _equal(held: Any, wanted: Any) -> bool:
    if not _is_scalar(held):
        return False
    if isinstance(held, bool) or isinstance(wanted, bool):
        return _text(held) == _text(wanted)
    if isinstance(held, str) and isinstance(wanted, str):
        return held == wanted
    if isinstance(wanted, str):
        return _is_plain_number(wanted) and Decimal(wanted) == Decimal(repr(held))
    if isinstance(held, str):
        return held == (str(int(wanted)) if float(wanted).is_integer() else repr(wanted))
    return held == wanted


def _is_plain_number(text: str) -> bool:
    """Written as a number is, without zeros before it."""
    digits = text.removeprefix("-").partition(".")[0]
    return _number(text) is not None and (digits == "0" or not digits.startswith("0"))


def _number(held: Any) -> Decimal | None:
    if isinstance(held, bool) or held is None:
        return None
    if isinstance(held, int | float):
        return Decimal(repr(held))
    if isinstance(held, str) and held.isascii():
        whole, _, rest = held.removeprefix("-").partition(".")
        if (
            whole.isdigit()
            and len(whole) <= 15
            and ((rest.isdigit() and len(rest) <= 10) or (held[-1] != "." and not rest))
        ):
            return Decimal(held)
    return None


def _moment(held: Any) -> datetime | None:
    return moment_of(held)

"""Conditions as the builder on the page has them: blocks of rows, joined by *and* or *or*, each block perhaps negated.

Everything in a row is text as it was typed. A condition that is nested deeper than that has no such form.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from campaigns.domain.conditions import number_text
from campaigns.domain.durations import DurationError, parse_duration

JOINS = ("all", "any")
#: Operators that are offered for what an attribute has been seen to hold.
OPERATORS_OF_TYPE: dict[str, tuple[str, ...]] = {
    "text": ("eq", "ne", "in", "contains", "starts_with", "exists", "not_exists"),
    "number": ("eq", "ne", "gt", "gte", "lt", "lte", "exists", "not_exists"),
    "date": ("eq", "gt", "gte", "lt", "lte", "exists", "not_exists"),
    "boolean": ("eq", "ne", "exists", "not_exists"),
    "list": ("contains", "exists", "not_exists"),
    "": ("eq", "ne", "gt", "gte", "lt", "lte", "in", "contains", "starts_with", "exists", "not_exists"),
}
_FIRST_OPERATOR = {
    "attribute": "eq", "event": "done", "segment": "in", "label": "sent", "object": "related", "relationship": "related",
    "property": "eq",
}  # fmt: skip
#: Kinds of which attributes may be asked: of the object, or of the relationship itself.
RELATED = ("object", "relationship")
#: What a field of the page holds.
LONGEST_INPUT = 2_000
_ORDERED = ("gt", "gte", "lt", "lte")


@dataclass(slots=True)
class Asked:
    """One attribute of an object or relationship that is asked for, and how.

    ``written`` is the value as JSON where a condition had one: as long as its text stands there, 10 stays a number.
    """

    key: str = ""
    test: str = ""
    value: str = ""
    written: str = ""

    @property
    def is_blank(self) -> bool:
        """Nothing has been typed."""
        return not self.key.strip() and not self.value.strip()


@dataclass(slots=True)
class Row:
    """One leaf: ``name`` is the attribute, event, label, type or the segment's id; the rest as far as the kind has it.

    ``asked`` are attributes of an object or relationship, all or any (``asked_join``) of which have to hold; a single
    blank one asks for nothing.
    """

    kind: str = "attribute"
    name: str = ""
    op: str = ""
    value: str = ""
    times: str = ""
    amount: str = ""
    unit: str = ""
    asked_join: str = "all"
    asked: list[Asked] = field(default_factory=lambda: [Asked()])

    def __post_init__(self) -> None:
        self.op = self.op or _FIRST_OPERATOR.get(self.kind, "")


@dataclass(slots=True)
class Block:
    """Rows of which all or any have to hold, or not."""

    join: str = "all"
    negated: bool = False
    rows: list[Row] = field(default_factory=lambda: [Row()])


@dataclass(slots=True)
class Draft:
    """What the builder shows."""

    join: str = "all"
    blocks: list[Block] = field(default_factory=lambda: [Block()])


def condition_of(draft: Draft, type_of: Callable[[str], str], *, plain: bool = True) -> dict[str, Any]:
    """The condition in the API's shape; not ``plain``: with every block and row at the place that the page has it."""
    blocks = []
    for block in draft.blocks:
        rows = [_leaf(row, type_of, plain) for row in block.rows]
        inner = rows[0] if plain and len(rows) == 1 else {block.join: rows}
        blocks.append({"not": inner} if block.negated else inner)
    return blocks[0] if plain and len(blocks) == 1 else {draft.join: blocks}


def _leaf(row: Row, type_of: Callable[[str], str], plain: bool = True) -> dict[str, Any]:
    found: dict[str, Any] = {row.kind: row.name, "op": row.op}
    if row.kind == "segment":
        found["segment"] = int(row.name) if row.name.isdecimal() else row.name
    elif row.kind in RELATED:
        if len(row.asked) > 1 or not row.asked[0].is_blank:
            asked = [_asked_leaf(one) for one in row.asked]
            found["where"] = asked[0] if plain and len(asked) == 1 else {row.asked_join: asked}
    elif row.kind in ("attribute", "property"):
        kind = type_of(row.name) if row.kind == "attribute" else ""
        if row.op == "in":
            found["value"] = [
                _typed(part.strip(), kind, row.op) for part in row.value.split(",") if part.strip()
            ]
        elif row.op not in ("exists", "not_exists"):
            found["value"] = _typed(row.value.strip(), kind, row.op)
    else:
        if row.amount.strip():
            found["within"] = f"{row.amount.strip()} {row.unit}s"
        if row.kind == "event" and row.times.strip() not in ("", "1"):
            found["at_least"] = number_of(row.times.strip())
    return found


def _asked_leaf(asked: Asked) -> dict[str, Any]:
    """Of what objects hold nobody knows the types: what is typed is read as it looks, what was written stays."""
    leaf = _leaf(Row("attribute", asked.key.strip(), asked.test, asked.value), lambda key: "")
    try:
        written = json.loads(asked.written) if asked.written and "value" in leaf else None
        same_shape = isinstance(written, list) == (asked.test == "in")
        if written is not None and same_shape and _value_text(written) == asked.value:
            leaf["value"] = written
    except (ValueError, TypeError, OverflowError, RecursionError):
        pass  # no condition of ours wrote that
    return leaf


def _typed(text: str, kind: str, op: str) -> Any:
    if kind == "boolean" and text in ("true", "false"):
        return text == "true"
    if kind == "number" or (kind in ("", "text") and op in _ORDERED):
        return number_of(text)
    return text


def number_of(text: str) -> Any:
    """The number that a text says; the text where it says none."""
    for read in (int, float):
        try:
            return read(text) if text.isascii() else text
        except ValueError:
            continue
    return text


def blocks_of(condition: Mapping[str, Any]) -> Draft | None:
    """The condition as blocks, None where it is nested deeper or holds what the page cannot show."""
    word = next((word for word in JOINS if word in condition), "")
    parts = condition[word] if word else [condition]
    if word and all(_is_leaf(part) for part in parts):
        parts, outer = [condition], "all"
    else:
        outer = word or "all"
    blocks = [_block(part) for part in parts]
    whole = [block for block in blocks if block is not None]
    return Draft(outer, whole) if len(whole) == len(blocks) else None


def _is_leaf(condition: Mapping[str, Any]) -> bool:
    return not {"all", "any", "not"} & set(condition)


def _block(condition: Mapping[str, Any]) -> Block | None:
    if "not" in condition:
        inner = _block(condition["not"])
        return None if inner is None or inner.negated else Block(inner.join, True, inner.rows)
    word = next((word for word in JOINS if word in condition), "")
    parts = condition[word] if word else [condition]
    rows = [_row(part) if _is_leaf(part) else None for part in parts]
    whole = [row for row in rows if row is not None]
    return Block(word or "all", False, whole) if len(whole) == len(rows) else None


def _row(leaf: Mapping[str, Any]) -> Row | None:
    kind = next((kind for kind in _FIRST_OPERATOR if kind in leaf), None)
    if kind is None:
        return None
    row = Row(kind, str(leaf[kind]), leaf.get("op", ""))
    if kind in RELATED:
        return _with_where(row, leaf.get("where"))
    text = _value_text(leaf.get("value"))
    if text is None:
        return None
    row.value = text
    row.times = str(leaf["at_least"]) if leaf.get("at_least") else ""
    if leaf.get("within"):
        try:
            within = parse_duration(leaf["within"])
        except DurationError:
            return None
        row.amount, row.unit = str(within.amount), within.unit
    return row


def _with_where(row: Row, where: Mapping[str, Any] | None) -> Row | None:
    """With the attributes that are asked for; None where they are nested or hold what a line cannot show."""
    if where is None:
        return row
    word = next((word for word in JOINS if word in where), "")
    asked = []
    for part in where[word] if word else [where]:
        leaf = _row(part) if "attribute" in part else None
        if leaf is None or leaf.name != leaf.name.strip():
            return None
        written = json.dumps(part["value"], ensure_ascii=False) if "value" in part else ""
        asked.append(Asked(leaf.name, leaf.op, leaf.value, written))
    row.asked_join, row.asked = word or "all", asked
    return row


def _value_text(value: Any) -> str | None:
    """A value, or several with commas between them, as it stands in a field; None where a field would change it."""
    if value is None:
        return ""
    texts = [_text(one) for one in value] if isinstance(value, list) else [_text(value)]
    text = ", ".join(texts)
    lost = any(one != one.strip() or (isinstance(value, list) and "," in one) for one in texts)
    return None if lost or len(text) > LONGEST_INPUT else text


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else number_text(value)

"""Conditions as the builder on the page has them: blocks of rows, joined by *and* or *or*, each block perhaps negated.

Everything in a row is text as it was typed. A condition that is nested deeper than that has no such form.
"""

from __future__ import annotations

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
_FIRST_OPERATOR = {"attribute": "eq", "event": "done", "segment": "in", "label": "sent"}
_ORDERED = ("gt", "gte", "lt", "lte")


@dataclass(slots=True)
class Row:
    """One leaf: ``name`` is the attribute, event, label or the segment's id; the rest as far as the kind has it."""

    kind: str = "attribute"
    name: str = ""
    op: str = ""
    value: str = ""
    times: str = ""
    amount: str = ""
    unit: str = ""

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
        rows = [_leaf(row, type_of) for row in block.rows]
        inner = rows[0] if plain and len(rows) == 1 else {block.join: rows}
        blocks.append({"not": inner} if block.negated else inner)
    return blocks[0] if plain and len(blocks) == 1 else {draft.join: blocks}


def _leaf(row: Row, type_of: Callable[[str], str]) -> dict[str, Any]:
    found: dict[str, Any] = {row.kind: row.name, "op": row.op}
    if row.kind == "segment":
        found["segment"] = int(row.name) if row.name.isdecimal() else row.name
    elif row.kind == "attribute":
        kind = type_of(row.name)
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
            found["at_least"] = _number(row.times.strip())
    return found


def _typed(text: str, kind: str, op: str) -> Any:
    if kind == "boolean" and text in ("true", "false"):
        return text == "true"
    if kind == "number" or (kind in ("", "text") and op in _ORDERED):
        return _number(text)
    return text


def _number(text: str) -> Any:
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
    kind = next(kind for kind in _FIRST_OPERATOR if kind in leaf)
    row = Row(kind, str(leaf[kind]), leaf["op"])
    value = leaf.get("value")
    if isinstance(value, list):
        texts = [_text(one) for one in value]
        if any("," in text or text != text.strip() for text in texts):
            return None
        row.value = ", ".join(texts)
    elif value is not None:
        row.value = _text(value)
    row.times = str(leaf["at_least"]) if leaf.get("at_least") else ""
    if leaf.get("within"):
        try:
            within = parse_duration(leaf["within"])
        except DurationError:
            return None
        row.amount, row.unit = str(within.amount), within.unit
    return row


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else number_text(value)

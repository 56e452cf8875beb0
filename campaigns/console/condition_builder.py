"""The builder of conditions: reads the form's rows, adds and removes them, and says what each row offers to choose from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.http import QueryDict

from campaigns.domain.condition_blocks import (
    LONGEST_INPUT,
    OPERATORS_OF_TYPE,
    RELATED,
    Asked,
    Block,
    Draft,
    Row,
)
from campaigns.domain.condition_reading import MOST_LEAVES
from campaigns.domain.conditions import cycle_from
from campaigns.domain.durations import UNITS
from campaigns.engine.vocabulary import attribute_types, event_names
from campaigns.models import Label, ObjectType, Segment, Workspace

KINDS = {
    "attribute": "Attribute",
    "event": "Event",
    "label": "Label",
    "segment": "Segment",
    "object": "Object",
    "relationship": "Relationship",
}
#: Only of conditions about an event that lets people in.
OF_EVENT = {"property": "Property of the event"}
JOINS = {"all": "all of these", "any": "any of these"}
_WORDS = {
    "eq": "is", "ne": "is not", "gt": "is more than", "gte": "is at least", "lt": "is less than", "lte": "is at most",
    "contains": "contains", "starts_with": "begins with", "in": "is one of", "exists": "is known",
    "not_exists": "is not known",
}  # fmt: skip
_DATE_WORDS = {"gt": "is after", "gte": "is on or after", "lt": "is before", "lte": "is on or before"}
_OTHER_OPERATORS = {
    "event": {"done": "was done", "not_done": "was not done"},
    "segment": {"in": "the person is in", "not_in": "the person is not in"},
    "label": {"sent": "was sent", "not_sent": "was not sent"},
    "object": {"related": "the person is related to", "not_related": "the person is not related to"},
    "relationship": {"related": "the person is related to", "not_related": "the person is not related to"},
}
#: What can be asked of an attribute of an object, whose types nobody knows.
_TESTS = {op: _WORDS[op] for op in OPERATORS_OF_TYPE[""]}
_TYPE_WORDS = {
    "text": "text",
    "number": "a number",
    "date": "a date",
    "boolean": "yes or no",
    "list": "a list",
}
_ROW = re.compile(r"b(\d{1,3})-r(\d{1,3})-kind")
_ASKED = re.compile(r"(b\d{1,3}-r\d{1,3}-)a(\d{1,3})-key")
_OPERATION = re.compile(r"([a-z]+(?:-[a-z]+)?)((?:-\d{1,3}){0,3})")
_PLACE = re.compile(
    r"condition\.\w+\.(\d+)(?:\.not)?\.\w+\.(\d+)(?:\.where\.(?:all|any)\.(\d+))?(?:\.[\w.]+)?"
)


class Vocabulary:
    """What can be chosen in one workspace; ``segment`` is the one that is edited."""

    def __init__(self, workspace: Workspace, segment: Segment | None = None) -> None:
        self.types = attribute_types(workspace.pk)
        self.events = event_names(workspace.pk)
        self.labels = list(
            Label.objects.filter(workspace=workspace).order_by("name").values_list("name", flat=True)
        )
        self.segments = _choosable(workspace, segment)
        self.object_types = list(
            ObjectType.objects.filter(workspace=workspace).order_by("name").values_list("name", flat=True)
        )

    def type_of(self, attribute: str) -> str:
        """The type that the attribute has been seen to hold; "" where nobody has it."""
        return self.types.get(attribute, "")


def _choosable(workspace: Workspace, segment: Segment | None) -> list[Segment]:
    """Active ones that do not depend on the segment that is edited."""
    active = list(
        Segment.objects.filter(workspace=workspace, archived_at=None, hidden=False).order_by("name")
    )
    if segment is None:
        return active
    uses = {row.pk: row.uses.get("segments", []) for row in active}
    return [
        row for row in active if not cycle_from(segment.pk, {**uses, segment.pk: [row.pk]})
    ]  # a segment that depends on this one would close the circle


# --- the form


def read_draft(data: QueryDict) -> Draft:
    """The rows as they were typed, in their order; unknown words become the first choice."""
    places = sorted({(int(b), int(r)) for key in data if (m := _ROW.fullmatch(key)) for b, r in [m.groups()]})
    asked: dict[str, list[int]] = {}
    for match in filter(None, map(_ASKED.fullmatch, data)):
        asked.setdefault(match[1], []).append(int(match[2]))
    blocks: dict[int, Block] = {}
    for b, r in places[:MOST_LEAVES]:
        if b not in blocks:
            join = data.get(f"b{b}-join", "")
            blocks[b] = Block(join if join in JOINS else "all", data.get(f"b{b}-not") == "on", [])
        blocks[b].rows.append(_read_row(data, f"b{b}-r{r}-", sorted(asked.get(f"b{b}-r{r}-", [0]))))
    join = data.get("join", "")
    return Draft(join if join in JOINS else "all", list(blocks.values()) or [Block()])


def _read_row(data: QueryDict, prefix: str, places: list[int]) -> Row:
    kind = data.get(f"{prefix}kind", "")
    known = KINDS | OF_EVENT
    if kind not in known or data.get(f"{prefix}was") not in (kind, None):
        return Row(kind if kind in known else "attribute")  # another kind: nothing that was typed fits it
    values = {
        name: data.get(prefix + name, "")[:LONGEST_INPUT]
        for name in ("name", "op", "value", "times", "amount", "unit")
    }
    join = data.get(f"{prefix}asked", "")
    row = Row(kind, **values, asked_join=join if join in JOINS else "all")
    if kind in RELATED:
        typed = (
            [data.get(f"{prefix}a{n}-{name}", "") for name in ("key", "test", "value", "written")]
            for n in places
        )
        row.asked = [Asked(*(text[:LONGEST_INPUT] for text in texts)) for texts in typed][:MOST_LEAVES]
    return row


def change_draft(draft: Draft, operation: str) -> None:
    """Add or remove what a button of the form says: ``add-block``, ``add-row-0``, ``remove-0-1``; of the attributes
    that a row asks for: ``add-ask-0-1``, ``remove-ask-0-1-2``.
    """
    match = _OPERATION.fullmatch(operation)
    word = match[1] if match else ""
    places = [int(place) for place in match[2].split("-")[1:]] if match else []
    has_room = sum(max(len(row.asked), 1) for block in draft.blocks for row in block.rows) < MOST_LEAVES
    match word, places:
        case "add-block", [] if has_room:
            draft.blocks.append(Block())
        case "add-row", [b] if has_room and b < len(draft.blocks):
            draft.blocks[b].rows.append(Row(draft.blocks[b].rows[-1].kind))
        case "remove", [b, r] if _row_at(draft, b, r):
            del draft.blocks[b].rows[r]
            draft.blocks = [block for block in draft.blocks if block.rows] or [Block()]
        case "add-ask", [b, r] if has_room and (row := _row_at(draft, b, r)):
            row.asked.append(Asked())
        case "remove-ask", [b, r, n] if (row := _row_at(draft, b, r)) and n < len(row.asked):
            del row.asked[n]
            row.asked = row.asked or [Asked()]


def _row_at(draft: Draft, b: int, r: int) -> Row | None:
    rows = draft.blocks[b].rows if b < len(draft.blocks) else []
    return rows[r] if r < len(rows) else None


# --- what the page shows


def shown(
    draft: Draft,
    vocabulary: Vocabulary,
    problems: Mapping[str, str] | None = None,
    kinds: Mapping[str, str] = KINDS,
) -> dict[str, Any]:
    """The builder for its template; ``problems`` by the paths of the condition as the page has it;
    ``kinds`` are those of the rows that are offered.
    """
    return {
        "join": draft.join,
        "joins": JOINS,
        "vocabulary": vocabulary,
        "units": UNITS,
        "kinds": kinds,
        "blocks": list(_blocks(draft, vocabulary, _placed(problems or {}))),
        "several": sum(len(block.rows) for block in draft.blocks) > 1,
    }


def _placed(problems: Mapping[str, str]) -> dict[tuple[int, ...], str]:
    """By block and row, and by the attribute's place where it is one that the row asks for."""
    found: dict[tuple[int, ...], str] = {}
    for path, problem in problems.items():
        if match := _PLACE.fullmatch(path):
            found.setdefault(tuple(int(place) for place in match.groups() if place), problem)
    return found


def _blocks(
    draft: Draft, vocabulary: Vocabulary, problems: Mapping[tuple[int, ...], str]
) -> Iterator[dict[str, Any]]:
    for b, block in enumerate(draft.blocks):
        rows = [
            _shown_row(row, f"b{b}-r{r}-", vocabulary, problems.get((b, r), ""))
            | {
                "remove": f"remove-{b}-{r}", "add_ask": f"add-ask-{b}-{r}", "joins": JOINS,
                "asked": list(_asked(row, b, r, problems)) if row.kind in RELATED else [],
            }
            for r, row in enumerate(block.rows)
        ]  # fmt: skip
        yield {
            "prefix": f"b{b}-", "join": block.join, "negated": block.negated, "rows": rows, "add": f"add-row-{b}",
            "number": b + 1,
        }  # fmt: skip


def _asked(row: Row, b: int, r: int, problems: Mapping[tuple[int, ...], str]) -> Iterator[dict[str, Any]]:
    """The lines of the attributes that a row asks for."""
    for n, one in enumerate(row.asked):
        if one.test not in _TESTS:
            one.test = "eq"
        yield {
            "prefix": f"b{b}-r{r}-a{n}-", "line": one, "needs_value": one.test not in ("exists", "not_exists"),
            "remove": f"remove-ask-{b}-{r}-{n}", "problem": problems.get((b, r, n), ""),
        }  # fmt: skip


def _shown_row(row: Row, prefix: str, vocabulary: Vocabulary, problem: str) -> dict[str, Any]:
    kind = vocabulary.type_of(row.name) if row.kind == "attribute" else ""
    operators = _operators(row, kind)
    if row.op not in operators:
        row.op = next(iter(operators))
    needs_value = row.kind in ("attribute", "property") and row.op not in ("exists", "not_exists")
    return {
        "prefix": prefix, "row": row, "operators": operators, "needs_value": needs_value, "problem": problem,
        "tests": _TESTS, "type": kind, "type_words": _TYPE_WORDS.get(kind, ""),
        "input": {"number": "number", "date": "date"}.get(kind, "text") if row.op != "in" else "text",
    }  # fmt: skip


def _operators(row: Row, kind: str) -> dict[str, str]:
    if row.kind not in ("attribute", "property"):
        return _OTHER_OPERATORS[row.kind]
    words = _WORDS | _DATE_WORDS if kind == "date" else _WORDS
    return {op: words[op] for op in OPERATORS_OF_TYPE[kind]}

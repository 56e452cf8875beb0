"""The builder of conditions: reads the form's rows, adds and removes them, and says what each row offers to choose from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.http import QueryDict

from campaigns.domain.condition_blocks import OPERATORS_OF_TYPE, Block, Draft, Row
from campaigns.domain.condition_reading import MOST_LEAVES
from campaigns.domain.conditions import cycle_from
from campaigns.domain.durations import UNITS
from campaigns.engine.vocabulary import attribute_types, event_names
from campaigns.models import Label, Segment, Workspace

KINDS = {"attribute": "Attribute", "event": "Event", "label": "Label", "segment": "Segment"}
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
}
_TYPE_WORDS = {
    "text": "text",
    "number": "a number",
    "date": "a date",
    "boolean": "yes or no",
    "list": "a list",
}
_ROW = re.compile(r"b(\d{1,3})-r(\d{1,3})-kind")
_OPERATION = re.compile(r"(add-block|add-row(?=-\d+$)|remove(?=-\d+-\d+$))(?:-(\d{1,3}))?(?:-(\d{1,3}))?")
_PLACE = re.compile(r"condition\.\w+\.(\d+)(?:\.not)?\.\w+\.(\d+)(?:\.(\w+))?")


class Vocabulary:
    """What can be chosen in one workspace; ``segment`` is the one that is edited."""

    def __init__(self, workspace: Workspace, segment: Segment | None = None) -> None:
        self.types = attribute_types(workspace.pk)
        self.events = event_names(workspace.pk)
        self.labels = list(
            Label.objects.filter(workspace=workspace).order_by("name").values_list("name", flat=True)
        )
        self.segments = _choosable(workspace, segment)

    def type_of(self, attribute: str) -> str:
        """The type that the attribute has been seen to hold; "" where nobody has it."""
        return self.types.get(attribute, "")


def _choosable(workspace: Workspace, segment: Segment | None) -> list[Segment]:
    """Active ones that do not depend on the segment that is edited."""
    active = list(Segment.objects.filter(workspace=workspace, archived_at__isnull=True).order_by("name"))
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
    blocks: dict[int, Block] = {}
    for b, r in places[:MOST_LEAVES]:
        if b not in blocks:
            join = data.get(f"b{b}-join", "")
            blocks[b] = Block(join if join in JOINS else "all", data.get(f"b{b}-not") == "on", [])
        blocks[b].rows.append(_read_row(data, f"b{b}-r{r}-"))
    join = data.get("join", "")
    return Draft(join if join in JOINS else "all", list(blocks.values()) or [Block()])


def _read_row(data: QueryDict, prefix: str) -> Row:
    kind = data.get(f"{prefix}kind", "")
    if kind not in KINDS or data.get(f"{prefix}was") not in (kind, None):
        return Row(kind if kind in KINDS else "attribute")  # another kind: nothing that was typed fits it
    values = {
        name: data.get(prefix + name, "")[:2_000]
        for name in ("name", "op", "value", "times", "amount", "unit")
    }
    return Row(kind, **values)


def change_draft(draft: Draft, operation: str) -> None:
    """Add or remove what a button of the form says: ``add-block``, ``add-row-0``, ``remove-0-1``."""
    rows = sum(len(block.rows) for block in draft.blocks)
    match = _OPERATION.fullmatch(operation)
    word, b, r = (match[1], int(match[2] or 0), int(match[3] or 0)) if match else ("", 0, 0)
    if word == "add-block" and rows < MOST_LEAVES:
        draft.blocks.append(Block())
    elif b >= len(draft.blocks):
        return
    elif word == "add-row" and rows < MOST_LEAVES:
        draft.blocks[b].rows.append(Row(draft.blocks[b].rows[-1].kind))
    elif word == "remove" and r < len(draft.blocks[b].rows):
        del draft.blocks[b].rows[r]
        draft.blocks = [block for block in draft.blocks if block.rows] or [Block()]


# --- what the page shows


def shown(draft: Draft, vocabulary: Vocabulary, problems: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The builder for its template; ``problems`` by the paths of the condition as the page has it."""
    return {
        "join": draft.join,
        "joins": JOINS,
        "vocabulary": vocabulary,
        "units": UNITS,
        "kinds": KINDS,
        "blocks": list(_blocks(draft, vocabulary, _placed(problems or {}))),
        "several": sum(len(block.rows) for block in draft.blocks) > 1,
    }


def _placed(problems: Mapping[str, str]) -> dict[tuple[int, int], str]:
    found: dict[tuple[int, int], str] = {}
    for path, problem in problems.items():
        if match := _PLACE.fullmatch(path):
            found.setdefault((int(match[1]), int(match[2])), problem)
    return found


def _blocks(
    draft: Draft, vocabulary: Vocabulary, problems: Mapping[tuple[int, int], str]
) -> Iterator[dict[str, Any]]:
    for b, block in enumerate(draft.blocks):
        rows = [
            _shown_row(row, f"b{b}-r{r}-", vocabulary, problems.get((b, r), ""))
            | {"remove": f"remove-{b}-{r}"}
            for r, row in enumerate(block.rows)
        ]
        yield {
            "prefix": f"b{b}-", "join": block.join, "negated": block.negated, "rows": rows, "add": f"add-row-{b}",
            "number": b + 1,
        }  # fmt: skip


def _shown_row(row: Row, prefix: str, vocabulary: Vocabulary, problem: str) -> dict[str, Any]:
    kind = vocabulary.type_of(row.name) if row.kind == "attribute" else ""
    operators = _operators(row, kind)
    if row.op not in operators:
        row.op = next(iter(operators))
    needs_value = row.kind == "attribute" and row.op not in ("exists", "not_exists")
    return {
        "prefix": prefix, "row": row, "operators": operators, "needs_value": needs_value, "problem": problem,
        "type": kind, "type_words": _TYPE_WORDS.get(kind, ""),
        "input": {"number": "number", "date": "date"}.get(kind, "text") if row.op != "in" else "text",
    }  # fmt: skip


def _operators(row: Row, kind: str) -> dict[str, str]:
    if row.kind != "attribute":
        return _OTHER_OPERATORS[row.kind]
    words = _WORDS | _DATE_WORDS if kind == "date" else _WORDS
    return {op: words[op] for op in OPERATORS_OF_TYPE[kind]}

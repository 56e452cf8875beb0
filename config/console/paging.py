"""Keyset paging and capped counts: a list costs the same on its first page and on its thousandth."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import EmptyResultSet, ValidationError
from django.db import connection
from django.db.models import F, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan

COUNT_CAP = 10_000


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a list, and the cursors of the pages around them ("" where there is none)."""

    rows: list[Any]
    next: str = ""
    previous: str = ""


def _encode(direction: str, values: Sequence[Any]) -> str:
    text = json.dumps([direction, *(str(value) for value in values)], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(cursor: str, length: int) -> tuple[str, list[str]] | None:
    """What a cursor says; None for one that this list did not make (then the first page is shown)."""
    try:
        parts = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        return None
    sound = isinstance(parts, list) and len(parts) == length + 1 and all(_is_text(part) for part in parts)
    return (parts[0], parts[1:]) if sound and parts[0] in ("after", "before") else None


def _is_text(part: Any) -> bool:
    return isinstance(part, str) and "\0" not in part


def _reversed(order: Sequence[str]) -> list[str]:
    return [name[1:] if name.startswith("-") else f"-{name}" for name in order]


def _beyond(queryset: QuerySet[Any], order: Sequence[str], values: Sequence[str]) -> QuerySet[Any]:
    """The rows that come after ``values`` in this order: one comparison of rows, which an index answers directly.

    All fields have to run in one direction.
    """
    fields = Tuple(*(F(name.lstrip("-")) for name in order))
    compare = TupleLessThan if order[0].startswith("-") else TupleGreaterThan
    return queryset.filter(compare(fields, tuple(values)))


def keyset_page(
    queryset: QuerySet[Any], order: Sequence[str] = ("-id",), cursor: str = "", size: int = 50
) -> Page:
    """One page of ``queryset`` in ``order`` (its last field unique), from ``cursor`` on.

    A cursor that is not one shows the first page: an old link is better answered than refused.
    """
    place = _decode(cursor, len(order)) if cursor else None
    backwards = place is not None and place[0] == "before"
    direction = _reversed(order) if backwards else list(order)
    try:
        found = queryset.order_by(*direction)
        rows = list((_beyond(found, direction, place[1]) if place else found)[: size + 1])
    except (
        ValueError,
        TypeError,
        OverflowError,
        ValidationError,
    ):
        if place is None:
            raise
        # A forged cursor: its values do not fit the columns.
        return keyset_page(queryset, order, "", size)
    more, rows = len(rows) > size, rows[:size]
    if backwards:
        rows.reverse()
    return _with_cursors(rows, order, more, backwards, place is not None)


def _with_cursors(
    rows: list[Any], order: Sequence[str], more: bool, backwards: bool, is_inside: bool
) -> Page:
    def cursor(direction: str, row: Any) -> str:
        return _encode(direction, [_value(row, name.lstrip("-")) for name in order])

    if not rows:
        return Page(rows)
    has_next = backwards or more
    has_previous = more if backwards else is_inside
    return Page(
        rows,
        cursor("after", rows[-1]) if has_next else "",
        cursor("before", rows[0]) if has_previous else "",
    )


def _value(row: Any, name: str) -> Any:
    value = row[name] if isinstance(row, dict) else getattr(row, name)
    return value.isoformat() if hasattr(value, "isoformat") else value


def capped_count(queryset: QuerySet[Any], cap: int = COUNT_CAP) -> int:
    """How many rows, but never looking at more than ``cap`` + 1 of them."""
    return capped_counts(queryset, cap=cap)[0]


def capped_counts(*querysets: QuerySet[Any], cap: int = COUNT_CAP) -> list[int]:
    """`capped_count` of each, in one query. A queryset that can have no rows is not asked."""
    parts: list[str] = []
    values: list[Any] = []
    asked: list[int] = []
    for position, queryset in enumerate(querysets):
        try:
            sql, params = queryset.order_by().values("pk")[: cap + 1].query.sql_with_params()
        except EmptyResultSet:
            continue
        parts.append(f"(SELECT count(*) FROM ({sql}) AS rows)")
        values += params
        asked.append(position)
    found = [0] * len(querysets)
    if parts:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {', '.join(parts)}", values)
            for position, number in zip(asked, cursor.fetchone(), strict=True):
                found[position] = number
    return found


def count_words(number: int, cap: int = COUNT_CAP) -> str:
    """1,204, or 10,000+ past the cap."""
    return f"{cap:,}+" if number > cap else f"{number:,}"

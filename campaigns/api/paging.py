"""Keyset paging: ``{"items": […], "next": cursor}``, in the order of creation; the last page has ``null``.

A cursor is the place in the order after which to go on, so a page costs the same wherever it is, and rows that are
added meanwhile come at the end.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Annotated, Any

from django.db.models import QuerySet
from pydantic import BaseModel, Field

from campaigns.api.addresses import LARGEST_ID
from campaigns.services.errors import Invalid

Limit = Annotated[int, Field(ge=1, le=200, description="How many at most.")]
Cursor = Annotated[
    str, Field(max_length=500, description="The `next` of the page before; leave it out for the first.")
]


class PageQuery(BaseModel):
    """The query parameters of every list."""

    cursor: Cursor = ""
    limit: Limit = 50


def next_cursor(place: Sequence[Any]) -> str:
    """The cursor that stands after this place (the values that the list is ordered by)."""
    text = json.dumps(list(place), separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place_of(cursor: str, kinds: Sequence[type]) -> tuple[Any, ...] | None:
    """The place that a cursor says; None without one. Raises `Invalid` for what this list did not give out."""
    if not cursor:
        return None
    try:
        place = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        place = None
    if not isinstance(place, list) or [type(value) for value in place] != list(kinds):
        raise Invalid.field("cursor", "This is not a cursor of this list; take `next` of the page before.")
    if any(isinstance(value, int) and abs(value) > LARGEST_ID for value in place) or "\0" in repr(place):
        raise Invalid.field("cursor", "This is not a cursor of this list; take `next` of the page before.")
    return tuple(place)


def page_by_id(rows: QuerySet[Any], query: PageQuery) -> tuple[list[Any], str | None]:
    """The rows of one page in the order of their ids, and the cursor of the next (None: there is none)."""
    place = place_of(query.cursor, [int])
    found = rows.order_by("pk")
    if place:
        found = found.filter(pk__gt=place[0])
    listed = list(found[: query.limit + 1])
    more = len(listed) > query.limit
    listed = listed[: query.limit]
    return listed, next_cursor([listed[-1].pk]) if more else None

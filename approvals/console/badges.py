"""The numbers beside the navigation: requests that wait for this member, and what they have not read. One query."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet, Value
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from approvals.models import Notification, Request

#: Beyond it the exact number says no more.
MOST = 100


#: Queries for (the name of a page, a number); the numbers of a page are added up.
Parts = list[QuerySet[Any, tuple[str, int]]]


def badges(request: HttpRequest, more: Callable[[Any], Parts] = lambda membership: []) -> dict[str, Any]:
    """``badges``, the numbers by the names of the pages, ``more`` ones of other apps included.

    Asked for only where a page shows them.
    """
    if not hasattr(request, "user") or not request.user.is_authenticated:
        return {}
    return {"badges": SimpleLazyObject(lambda: counts_for(request.membership, more))}  # type: ignore[attr-defined]


def counts_for(membership: Any, more: Callable[[Any], Parts] = lambda membership: []) -> dict[str, int]:
    """How many requests wait for this member and how many notifications they have not opened, each at most 100."""
    if not membership:
        return {}
    unread = Notification.objects.of(membership).unread()
    parts = [unread.values_list(Value("notifications:list"), Value(1)).order_by()[:MOST], *more(membership)]
    if membership.may("decide_approvals"):
        waiting = Request.objects.waiting_for(membership)
        parts.append(waiting.values_list(Value("approvals:inbox"), Value(1)).order_by()[:MOST])
    found: Counter[str] = Counter()
    for name, number in parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]:
        found[name] += number
    return {name: number for name, number in found.items() if number}

"""The numbers beside the navigation: requests that wait for this member, and what they have not read. One query."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.db.models import Value
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from approvals.models import Notification, Request

#: Beyond it the exact number says no more.
MOST = 100


def badges(request: HttpRequest) -> dict[str, Any]:
    """Context processor: ``badges``, the numbers by the names of the pages; asked for only where a page shows them."""
    if not hasattr(request, "user") or not request.user.is_authenticated:
        return {}
    return {"badges": SimpleLazyObject(lambda: counts_for(request.membership))}  # type: ignore[attr-defined]


def counts_for(membership: Any) -> dict[str, int]:
    """How many requests wait for this member and how many notifications they have not opened, each at most 100."""
    if not membership:
        return {}
    unread = Notification.objects.of(membership).unread()
    parts = [unread.values_list(Value("notifications:list"), flat=True).order_by()[:MOST]]
    if membership.may("decide_approvals"):
        waiting = Request.objects.waiting_for(membership)
        parts.append(waiting.values_list(Value("approvals:inbox"), flat=True).order_by()[:MOST])
    found = parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]
    return dict(Counter(found))

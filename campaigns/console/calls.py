"""The log of calls as pages show it: each call of a person, when it was placed and how it ended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from channels.models import Call

_ORDINALS = {1: "1st", 2: "2nd", 3: "3rd"}


@dataclass(frozen=True, slots=True)
class CallShown:
    """One call."""

    words: str
    detail: str
    called_at: datetime
    again_at: datetime | None


def calls_of(delivery_ids: Iterable[int]) -> dict[int, list[CallShown]]:
    """The calls of these rows of the ledger, the first one first; one query."""
    found: dict[int, list[CallShown]] = {}
    for call in Call.objects.filter(delivery_id__in=list(delivery_ids)).order_by("delivery_id", "number"):
        outcome = call.get_outcome_display() or "not reported yet"
        words = f"{_ORDINALS.get(call.number, f'{call.number}th')} call: {outcome}"
        shown = CallShown(words, call.detail, call.called_at, call.again_at)
        found.setdefault(call.delivery_id, []).append(shown)
    return found

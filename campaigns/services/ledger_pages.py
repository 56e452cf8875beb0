"""Pages of a campaign's ledger: walked channel by channel along an index, so that any page costs the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Q, QuerySet

from campaigns.services.counts import channel_counts
from channels.domain import states as cs
from channels.models import Delivery

#: Statuses that have an index of their own: (channel, status, id).
_RARE = (cs.FAILED, cs.SKIPPED, cs.UNKNOWN, cs.RECALLED, cs.DRAFTED)

#: Where a page begins: after this row of this channel. (channel, run, step, person) or, for the rare ones, (…, id).
Place = tuple[int, int, str, int]


def ledger_page(
    channel_ids: Sequence[int], statuses: Sequence[str], after: Place | None, limit: int
) -> tuple[list[Delivery], Place | None]:
    """Up to ``limit`` rows with their people, and the place of the last (None: there are no more).

    ``statuses``: only those; empty: all. Channels whose tallies say that they have no such row are not looked at.
    """
    order = "id" if len(statuses) == 1 and statuses[0] in _RARE else "person_id"
    counts = channel_counts(channel_ids)
    rows: list[Delivery] = []
    for channel_id in sorted(channel_ids):
        if (after and channel_id < after[0]) or not _has_any(counts[channel_id], statuses):
            continue
        found = Delivery.objects.filter(channel_id=channel_id).select_related("person")
        if statuses:
            found = found.filter(status__in=statuses)
        if after and channel_id == after[0]:
            found = _beyond(found, after, order)
        rows += found.order_by(*(["id"] if order == "id" else ["run", "step", "person_id"]))[
            : limit + 1 - len(rows)
        ]
        if len(rows) > limit:
            break
    more, rows = len(rows) > limit, rows[:limit]
    return rows, _place(rows[-1], order) if more else None


def _has_any(counts: dict[str, int], statuses: Sequence[str]) -> bool:
    return any(counts[status] for status in statuses or ("audience",))


def _beyond(rows: QuerySet[Any], after: Place, order: str) -> QuerySet[Any]:
    _, run, step, last = after
    if order == "id":
        return rows.filter(id__gt=last)
    later_step = Q(run=run, step__gt=step) | Q(run=run, step=step, person_id__gt=last)
    # The first condition alone lets the index begin where the page does.
    return rows.filter(Q(run__gte=run) & (Q(run__gt=run) | later_step))


def _place(row: Delivery, order: str) -> Place:
    return (row.channel_id, row.run, row.step, row.pk if order == "id" else row.person_id)

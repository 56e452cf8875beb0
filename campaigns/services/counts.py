"""The counts that pages and the API show: sums of the appended tallies, exact at every moment, never of the ledger itself.

Each function takes any number of ids and makes one query.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import F, QuerySet, Sum

from campaigns.models import Journey, JourneyTally
from channels.domain import states as cs
from channels.models import Tally

#: audience, the nine terms that add up to it, and what happened to the messages afterwards.
COUNTED = ("audience", *cs.DELIVERY_STATUSES, *cs.OUTCOMES)

Counts = dict[str, int]


def counts_for(campaign_ids: Iterable[int]) -> dict[int, Counts]:
    """Campaign id → its counts (all of `COUNTED`, zero where there is nothing); all ids are in the answer."""
    ids = list(campaign_ids)
    return _counts(
        ids, Tally.objects.filter(channel__campaign_id__in=ids).annotate(of=F("channel__campaign_id"))
    )


def channel_counts(channel_ids: Iterable[int]) -> dict[int, Counts]:
    """Channel id → its counts, as `counts_for`."""
    ids = list(channel_ids)
    return _counts(ids, Tally.objects.filter(channel_id__in=ids).annotate(of=F("channel_id")))


def journey_counts(campaign_ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Campaign id → ``{"entered", "active", "finished", "exited", "at": {step key: people there now}}``."""
    ids = list(campaign_ids)
    found: dict[int, dict[str, Any]] = {
        pk: {"entered": 0, "active": 0, "finished": 0, "exited": 0, "at": {}} for pk in ids
    }
    tallies = JourneyTally.objects.filter(campaign_id__in=ids)
    for pk, step, status, n in _summed(tallies, "campaign_id", "step", "status"):
        found[pk][status] += n
        found[pk]["entered"] += n
        if status == Journey.ACTIVE and n:
            found[pk]["at"][step] = n
    return found


def _counts(ids: list[int], tallies: QuerySet[Any]) -> dict[int, Counts]:
    found = {pk: dict.fromkeys(COUNTED, 0) for pk in ids}
    for pk, status, n in _summed(tallies, "of", "status"):
        found[pk][status] = n
        if status in cs.DELIVERY_STATUSES:
            found[pk]["audience"] += n
    return found


def _summed(tallies: QuerySet[Any], *by: str) -> Iterable[tuple[Any, ...]]:
    return tallies.values(*by).annotate(total=Sum("n")).values_list(*by, "total").order_by()

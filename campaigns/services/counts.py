"""The counts that pages and the API show: sums of the appended tallies, exact at every moment, never of the ledger itself.

Each function takes any number of ids and makes one query.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import F, QuerySet, Sum

from campaigns.models import Journey, JourneyTally
from channels.domain import states as cs
from channels.models import Tally

#: audience, the nine terms that add up to it, and what happened to the messages afterwards.
COUNTED = ("audience", *cs.DELIVERY_STATUSES, *cs.OUTCOMES)

#: How calls end (seed 001, results of a voice campaign), in the order of the page.
CALLS = (cs.ANSWERED, *cs.REACHED_NOBODY, cs.FAILED, "unreported")

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


def call_counts(channel_ids: Iterable[int]) -> dict[int, Counts]:
    """Voice channel id → how its calls ended, by person: the last call of each. Empty without a query where there is none.

    ``unreported``: placed, and the provider has not said yet how it ended. ``failed``: for any other reason.
    """
    ids = list(channel_ids)
    if not ids:
        return {}
    found: dict[int, Counts] = {pk: dict.fromkeys(CALLS, 0) for pk in ids}
    raw: dict[int, dict[str, int]] = {pk: {} for pk in ids}
    for pk, status, n in _summed(Tally.objects.filter(channel_id__in=ids), "channel_id", "status"):
        raw[pk][status] = n
    for pk, counts in raw.items():
        nobody = {outcome: counts.get(outcome, 0) for outcome in cs.REACHED_NOBODY}
        found[pk] |= nobody
        found[pk]["failed"] = counts.get(cs.FAILED, 0) - sum(nobody.values())
        found[pk]["answered"] = counts.get("delivered", 0)
        found[pk]["unreported"] = max(0, counts.get(cs.SENT, 0) - counts.get("delivered", 0))
    return found


def journey_counts(campaign_ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Campaign id → ``{"entered", "active", "finished", "exited", "at": {step key: people there now}}``."""
    ids = list(campaign_ids)
    found: dict[int, dict[str, Any]] = {
        pk: {"entered": 0, "active": 0, "finished": 0, "exited": 0, "at": {}} for pk in ids
    }
    tallies = JourneyTally.objects.filter(campaign_id__in=ids).exclude(status=JourneyTally.ARRIVED)
    for pk, step, status, n in _summed(tallies, "campaign_id", "step", "status"):
        found[pk][status] += n
        found[pk]["entered"] += n
        if status == Journey.ACTIVE and n:
            found[pk]["at"][step] = n
    return found


def next_moved(campaign_id: int, steps: Iterable[str], now: datetime) -> datetime | None:
    """When somebody at one of these steps goes on next, of those who have to wait; one look at an index for each step."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT min(first.due_at) FROM unnest(%s::text[]) AS key, LATERAL (
                   SELECT due_at FROM campaigns_journey WHERE campaign_id = %s AND step = key AND status = 'active'
                       AND due_at > %s ORDER BY due_at LIMIT 1) AS first""",
            [list(steps), campaign_id, now],
        )
        return cursor.fetchone()[0]


def journey_step_counts(campaign_id: int) -> dict[str, Counts]:
    """Step key → people by their journeys' status, of those whose step this is, and *arrived*: ever come to it."""
    return _by_step(JourneyTally.objects.filter(campaign_id=campaign_id))


def message_step_counts(channel_ids: Iterable[int]) -> dict[str, Counts]:
    """Step key → ledger rows by status and outcome, over all these channels and every entry."""
    return _by_step(Tally.objects.filter(channel_id__in=list(channel_ids), status__in=COUNTED))


def _by_step(tallies: QuerySet[Any]) -> dict[str, Counts]:
    found: dict[str, Counts] = {}
    for step, status, n in _summed(tallies, "step", "status"):
        if n:
            found.setdefault(step, {})[status] = n
    return found


def _counts(ids: list[int], tallies: QuerySet[Any]) -> dict[int, Counts]:
    found = {pk: dict.fromkeys(COUNTED, 0) for pk in ids}
    for pk, status, n in _summed(tallies.filter(status__in=COUNTED), "of", "status"):
        found[pk][status] = n
        if status in cs.DELIVERY_STATUSES:
            found[pk]["audience"] += n
    return found


def _summed(tallies: QuerySet[Any], *by: str) -> Iterable[tuple[Any, ...]]:
    return tallies.values(*by).annotate(total=Sum("n")).values_list(*by, "total").order_by()

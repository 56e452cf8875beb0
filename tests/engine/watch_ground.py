"""Journeys whose people wait for something, people put at any step, messages sent, and the worker that looks at changes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from campaigns.engine.segments import Kept, keep_members
from campaigns.models import Campaign, Journey
from campaigns.services.watching import keep_watch
from channels.models import Channel, Delivery
from tests.engine.world import NOW, make_journey, message

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
BOUGHT = {"event": "purchase", "op": "done"}
GOLD = {"attribute": "plan", "op": "eq", "value": "gold"}
FOREVER = "infinity"


def wait(key: str, condition: dict[str, Any], timeout: str = "") -> dict[str, Any]:
    """A step at which people wait for a condition."""
    return {"key": key, "type": "wait_until", "condition": condition} | (
        {"timeout": timeout} if timeout else {}
    )


def watching(
    segment: Any, workflow: list[dict[str, Any]] | None = None, now: datetime = NOW, **fields: Any
) -> Campaign:
    """A running journey that is watched as the services have it."""
    campaign = make_journey(segment, workflow or [wait("wait", BOUGHT), message("m")], **fields)
    keep_watch(campaign, now)
    return campaign


def put(campaign: Campaign, people: Iterable[int], step: str, *, due: str = FOREVER, **fields: Any) -> None:
    """These people are at the step."""
    from django.db import connection

    values = {"campaign": campaign.pk, "people": list(people), "step": step, "due": due, "now": NOW}
    values |= {"entry": 0, "flow": "", **fields}
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO campaigns_journey (campaign_id, person_id, flow, entry, step, status, reason, due_at, entered_at)
               SELECT %(campaign)s, unnest(%(people)s::bigint[]), %(flow)s, %(entry)s, %(step)s, 'active', '',
                   %(due)s::timestamptz, %(now)s""",
            values,
        )


def awake(campaign: Campaign, now: datetime = NOW) -> set[int]:
    """Who is due."""
    found = Journey.objects.filter(campaign=campaign, status="active", due_at__lte=now)
    return set(found.values_list("person_id", flat=True))


def look(campaign: Campaign, now: datetime = NOW) -> Kept:
    """What a worker does about everything that has changed, once."""
    return keep_members(campaign.workspace_id, now)


def sent(channel: Channel, person: int, when: datetime = NOW, **fields: Any) -> Delivery:
    """A message that the person was sent."""
    fields = {"status": "sent", "sent_at": when, "due_at": when, **fields}
    return Delivery.objects.create(channel=channel, person_id=person, **fields)

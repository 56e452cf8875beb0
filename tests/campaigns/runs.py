"""What the tests of runs share: messages in runs, a beat that sends at once, and what became of each run."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from campaigns.domain import permissions
from campaigns.models import Campaign, Run
from campaigns.services import actions, due_runs, duties
from campaigns.services.actors import Actor
from channels.models import Delivery
from tests import factories
from tests.factories.campaigns import member_of

NOW = factories.NOW
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SYSTEM = Actor.system()


def recurring(rule: str = "FREQ=DAILY", start: datetime = NOW + DAY) -> dict[str, Any]:
    """A recurring delivery that begins at ``start``."""
    return {"type": "recurring", "rrule": rule, "starts_at": start.isoformat()}


def dates(*times: datetime) -> dict[str, Any]:
    """A delivery on these dates."""
    return {"type": "multiple_dates", "at": [time.isoformat() for time in times]}


def message(delivery: dict[str, Any], **values: Any) -> Campaign:
    """A draft that its creator made."""
    return factories.CampaignFactory(kind="message", delivery=delivery, **values)


def publish(campaign: Campaign, now: datetime = NOW, **params: Any) -> Campaign:
    """Published by the workspace's approver."""
    approver = Actor.member(member_of(campaign.workspace, permissions.APPROVER))
    return actions.perform("publish", campaign.pk, approver, params=params, now=now)


def published(delivery: dict[str, Any], **values: Any) -> Campaign:
    """A message that has been published at NOW."""
    return publish(message(delivery, **values))


def beat(now: datetime) -> dict[str, Any]:
    """What is due begins; nothing is sent yet."""
    return duties.start_due(now) | due_runs.run_due(now)


def send_all(now: datetime) -> None:
    """Everything that the engine has to do, as if every provider took every message at once."""
    duties.work(now)
    Delivery.objects.filter(status="pending", due_at__lte=now).update(status="sent", sent_at=now)
    duties.settle(now)


def run_at(now: datetime) -> dict[str, Any]:
    """A beat, and all that follows from it."""
    done = beat(now)
    send_all(now)
    return done


def fresh(campaign: Campaign) -> Campaign:
    return Campaign.objects.select_related("workspace").get(pk=campaign.pk)


def runs(campaign: Campaign) -> list[tuple[int, str, str]]:
    """(number, status, local time) of every run."""
    return list(
        Run.objects.filter(campaign=campaign).order_by("occurs_at").values_list("number", "status", "local")
    )


def reasons(campaign: Campaign) -> list[str]:
    """The reason of every run, "" where it has none."""
    return list(Run.objects.filter(campaign=campaign).order_by("occurs_at").values_list("reason", flat=True))


def sent_by_run(campaign: Campaign) -> dict[int, int]:
    """How many messages went out in each run."""
    found: dict[int, int] = {}
    for number in Delivery.objects.filter(channel__campaign=campaign, status="sent").values_list(
        "run", flat=True
    ):
        found[number] = found.get(number, 0) + 1
    return found

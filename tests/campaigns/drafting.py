"""A running journey whose messages wait as drafts."""

from __future__ import annotations

from campaigns.engine import ledger
from campaigns.services import duties
from campaigns.services.actions import perform
from campaigns.services.actors import Actor
from channels.models import Delivery
from tests.factories import NOW, CampaignFactory

DRAFT = {
    "key": "hello",
    "type": "message",
    "channel": "email",
    "subject": "Hi",
    "body": "Hello",
    "sending": "draft",
}


def journey(creator, people=3, **values):
    """A running journey everybody of which has come to a step whose messages wait as drafts."""
    campaign = CampaignFactory(kind="journey", created_by=creator, people=people, workflow=[DRAFT], **values)
    perform("start", campaign.pk, Actor.member(creator), now=NOW)
    duties.work_on(campaign.pk, NOW)
    return campaign


def statuses(campaign):
    rows = Delivery.objects.filter(channel__campaign=campaign).order_by("id")
    return [(row.status, row.reason) for row in rows]


def work(campaign, now=NOW):
    duties.work_on(campaign.pk, now)
    assert list(ledger.violations()) == []

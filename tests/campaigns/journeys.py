"""Journeys for the tests of seed 000: made by one member, acted on through the gateway, at times of the test's choosing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from campaigns.models import Campaign, Journey, Membership, Person
from campaigns.services import duties
from campaigns.services.actions import perform
from campaigns.services.actors import Actor
from tests.api.callers import Caller
from tests.engine.world import add_to_list
from tests.factories import CampaignFactory
from tests.factories.people import PersonFactory
from tests.factories.workspaces import NOW

DAY = timedelta(days=1)
SOON = NOW + timedelta(minutes=1)
BODY = {"type": "message", "channel": "email", "subject": "News", "body": "Hello"}
ONCE_MORE = [
    {"key": "hello", **BODY},
    {"key": "wait", "type": "delay", "for": "2 days"},
    {"key": "again", **BODY},
]


def journey(creator: Membership, status: str = "draft", **values: Any) -> Campaign:
    return CampaignFactory.in_state(status, kind="journey", created_by=creator, **values)


def act(campaign: Campaign, action: str, now: datetime = SOON, **params: Any) -> Campaign:
    """The action by whoever made the campaign, then the background work it left."""
    owner = Membership.objects.get(workspace=campaign.workspace, user=campaign.created_by)
    perform(action, campaign.pk, Actor.member(owner), params=params, now=now)
    duties.work_on(campaign.pk, now)
    return Campaign.objects.get(pk=campaign.pk)


def join(campaign: Campaign, when: datetime, number: int = 1) -> list[Person]:
    """People who join the journey's list at that time."""
    people = [PersonFactory(workspace=campaign.workspace) for _ in range(number)]
    add_to_list(campaign.segment, [person.pk for person in people], when)
    return people


def entered(campaign: Campaign) -> int:
    return Journey.objects.filter(campaign=campaign).count()


def offered(api: Caller, campaign: Campaign) -> list[str]:
    return [action["label"] for action in api.get(f"/campaigns/{campaign.pk}").json()["actions"]]

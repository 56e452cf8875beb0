"""A workspace's journeys by their triggers: made, started, entered; who is inside."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from campaigns.engine.journeys import enter_people
from campaigns.models import (
    Campaign,
    Journey,
    Person,
    Workspace,
)
from campaigns.services import actions, duties
from campaigns.services.actors import Actor
from campaigns.services.segments import keep_segments
from tests.factories import CampaignFactory, PersonFactory
from tests.factories.campaigns import owner_of

NOW = datetime.fromisoformat("2026-03-02T09:00:00+00:00")
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
GOLD = {"attribute": "plan", "op": "eq", "value": "gold"}


def make_person(workspace: Workspace, name: str, **attributes: Any) -> Person:
    return PersonFactory(workspace=workspace, external_id=name, attributes=attributes, created_at=NOW - DAY)


def journey(
    workspace: Workspace, trigger: dict[str, Any], frequency: dict[str, Any] | None = None
) -> Campaign:
    """A draft with this trigger, whose segments have been filled."""
    made = CampaignFactory(
        kind="journey",
        workspace=workspace,
        audience=None,
        trigger=trigger,
        frequency=frequency or {},
        now=NOW - DAY,
    )
    keep_segments(NOW - DAY)
    return made


def act(action: str, campaign: Campaign, now: datetime, **params: Any) -> Campaign:
    done = actions.perform(action, campaign.pk, Actor.member(owner_of(campaign)), params=params, now=now)
    if action == "stop":
        duties.work_on(campaign.pk, now)
    return done


def inside(campaign: Campaign) -> list[str]:
    """Who has entered, in order, once for each entry."""
    found = Journey.objects.filter(campaign=campaign).order_by("id")
    return list(found.values_list("person__external_id", flat=True))


def enter(campaign: Campaign, now: datetime) -> list[str]:
    """Who enters now."""
    before = len(inside(campaign))
    keep_segments(now)
    enter_people(campaign.pk, now)
    return sorted(inside(campaign)[before:])

"""What lets people into a journey (features A12, A13; seed 000): every type of trigger, how often, and a restart of each."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from campaigns.models import (
    Campaign,
    Journey,
    Person,
    RelatedObject,
    Relationship,
    Segment,
    SegmentMember,
    Workspace,
)
from campaigns.models.relation import ObjectType
from campaigns.services import duties
from campaigns.services.actors import Actor
from campaigns.services.campaigns import update_campaign
from campaigns.services.errors import Invalid
from campaigns.services.segments import keep_segments
from tests.campaigns.triggered import DAY, GOLD, MINUTE, NOW, act, enter, journey, make_person
from tests.factories import SegmentFactory
from tests.factories.campaigns import owner_of

pytestmark = pytest.mark.django_db


# --- each type: who matches now, and how somebody comes to match later


class ByCondition:
    """A trigger that people meet for a time: how to make one, and how somebody comes to meet it."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def trigger(self) -> dict[str, Any]:
        raise NotImplementedError

    def meet(self, person: Person, now: datetime) -> None:
        raise NotImplementedError


class BySegment(ByCondition):
    def trigger(self) -> dict[str, Any]:
        self.segment = SegmentFactory(workspace=self.workspace, people=0)
        return {"type": "segment", "in": [[self.segment.pk]]}

    def meet(self, person: Person, now: datetime) -> None:
        SegmentMember.objects.create(segment=self.segment, person=person, since=now)


class ByAttribute(ByCondition):
    def trigger(self) -> dict[str, Any]:
        return {"type": "attribute", "condition": GOLD}

    def meet(self, person: Person, now: datetime) -> None:
        person.attributes = {"plan": "gold"}
        person.save()


class ByObject(ByCondition):
    def trigger(self) -> dict[str, Any]:
        self.kind = ObjectType.objects.create(workspace=self.workspace, name="company")
        return {
            "type": "object",
            "object_type": "company",
            "condition": {"attribute": "size", "op": "gt", "value": 10},
        }

    def meet(self, person: Person, now: datetime) -> None:
        company = RelatedObject.objects.create(
            type=self.kind, external_id=person.external_id, attributes={"size": 1}
        )
        Relationship.objects.create(object=company, person=person, attributes={"role": "owner"}, since=now)
        company.attributes = {"size": 20}
        company.save()


class ByRelationship(ByObject):
    def trigger(self) -> dict[str, Any]:
        super().trigger()
        role = {"attribute": "role", "op": "eq", "value": "owner"}
        return {"type": "relationship", "object_type": "company", "condition": role}


CONDITIONS = [BySegment, ByAttribute, ByObject, ByRelationship]


@pytest.mark.parametrize("kind", CONDITIONS)
def test_a_start_takes_those_who_match_and_whoever_comes_to(
    workspace: Workspace, kind: type[ByCondition]
) -> None:
    way = kind(workspace)
    campaign = journey(workspace, way.trigger())
    ada, grace, _ = (make_person(workspace, name) for name in ("ada", "grace", "alan"))
    way.meet(ada, NOW - MINUTE)
    keep_segments(NOW - MINUTE)
    act("start", campaign, NOW)
    assert enter(campaign, NOW) == ["ada"]
    way.meet(grace, NOW + MINUTE)
    assert enter(campaign, NOW + MINUTE) == ["grace"]
    assert enter(campaign, NOW + 2 * MINUTE) == []


@pytest.mark.parametrize(
    ("audience", "frequency", "expected"),
    [
        ("current", {}, ["before"]),
        ("current", {"every_time": True}, ["before", "early"]),
        ("current", {"at_most_every": "30 days"}, ["before"]),
        ("current", {"at_most_every": "1 day"}, ["before", "early"]),
        ("future", {}, []),
        ("future", {"every_time": True}, []),
    ],
)
@pytest.mark.parametrize("kind", CONDITIONS)
def test_a_restart_takes_current_people_subject_to_frequency_or_future_ones_only(
    workspace: Workspace,
    kind: type[ByCondition],
    audience: str,
    frequency: dict[str, Any],
    expected: list[str],
) -> None:
    """Seed 000, Restart. “early” has been in it before; “before” came to match while it was stopped."""
    way = kind(workspace)
    campaign = journey(workspace, way.trigger(), frequency)
    early, before, after = (make_person(workspace, name) for name in ("early", "before", "after"))
    way.meet(early, NOW - MINUTE)
    keep_segments(NOW - MINUTE)
    act("start", campaign, NOW)
    assert enter(campaign, NOW) == ["early"]
    Journey.objects.update(status="finished")
    act("stop", campaign, NOW + DAY, mode="exit")
    way.meet(before, NOW + DAY + MINUTE)
    assert enter(campaign, NOW + DAY + MINUTE) == []
    act("restart", campaign, NOW + 2 * DAY, audience=audience)
    assert enter(campaign, NOW + 2 * DAY) == expected
    way.meet(after, NOW + 2 * DAY + MINUTE)
    assert enter(campaign, NOW + 2 * DAY + MINUTE) == ["after"]


HAPPENS = [
    {"type": "event", "name": "purchase"},
    {"type": "webhook"},
    {"type": "date", "attribute": "renewal", "at": "09:00"},
]


@pytest.mark.parametrize("trigger", HAPPENS, ids=lambda trigger: trigger["type"])
def test_what_happens_does_not_ask_who_enters_at_a_restart(
    workspace: Workspace, trigger: dict[str, Any]
) -> None:
    campaign = journey(workspace, trigger)
    act("start", campaign, NOW)
    act("stop", campaign, NOW + DAY, mode="exit")
    with pytest.raises(Invalid) as refused:
        act("restart", campaign, NOW + DAY, audience="current")
    assert "leave audience out" in refused.value.fields["audience"]
    with pytest.raises(Invalid):
        act("schedule", campaign, NOW + DAY, starts_at=NOW + 2 * DAY, audience="future")
    assert act("restart", campaign, NOW + DAY).status == "running"


# --- the hidden segment


def test_the_segment_of_a_trigger_is_nobodys_business_and_goes_with_the_campaign(
    workspace: Workspace,
) -> None:
    ada = make_person(workspace, "ada", plan="gold")
    campaign = journey(workspace, {"type": "attribute", "condition": GOLD})
    segment = Segment.objects.get(hidden=True)
    assert list(segment.members.values_list("person", flat=True)) == [ada.pk]
    act("start", campaign, NOW)
    act("archive", campaign, NOW)
    segment.refresh_from_db()
    assert segment.archived_at == NOW
    act("unarchive", campaign, NOW + MINUTE)
    segment.refresh_from_db()
    assert segment.archived_at is None and segment.is_filling
    copy = act("duplicate", campaign, NOW + MINUTE)
    assert copy.entrances.get().segment_id not in (None, segment.pk)
    act("delete", campaign, NOW + MINUTE)
    segment.refresh_from_db()
    assert segment.archived_at is not None
    duties.work(NOW + MINUTE)
    duties.forget(NOW + MINUTE)
    assert list(Segment.objects.filter(hidden=True)) == [copy.entrances.get().segment]


def test_another_condition_fills_it_again_and_lets_in_who_meets_it_now(workspace: Workspace) -> None:
    campaign = journey(workspace, {"type": "attribute", "condition": GOLD})
    make_person(workspace, "ada", plan="gold"), make_person(workspace, "grace", plan="silver")
    keep_segments(NOW)
    act("start", campaign, NOW)
    assert enter(campaign, NOW) == ["ada"]
    either = {"attribute": "plan", "op": "in", "value": ["gold", "silver"]}
    campaign = Campaign.objects.get(pk=campaign.pk)
    update_campaign(
        campaign.pk, Actor.member(owner_of(campaign)), {"trigger": {"type": "attribute", "condition": either}},
        campaign.version, NOW + MINUTE,
    )  # fmt: skip
    assert enter(campaign, NOW + 2 * MINUTE) == ["grace"]
    assert Segment.objects.filter(hidden=True).count() == 1

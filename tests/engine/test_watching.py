"""Whatever changes about a person wakes those who wait for it and ends the journeys whose exit criteria are met."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from campaigns.domain.watching import watched_by
from campaigns.engine.journeys import advance
from campaigns.models import (
    Campaign,
    Event,
    Journey,
    ObjectType,
    Person,
    RelatedObject,
    Relationship,
    TouchedPerson,
    Watch,
)
from campaigns.services.watching import keep_watch
from channels.models import Delivery
from tests.engine.watch_ground import BOUGHT, DAY, GOLD, HOUR, awake, look, put, wait, watching
from tests.engine.world import (
    NOW,
    add_to_list,
    delay,
    everyone,
    make_campaign,
    make_list,
    make_people,
    make_workspace,
    message,
    places,
    statuses,
)

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


def buy(campaign: Campaign, person: int, name: str = "purchase", when: datetime = NOW) -> None:
    Event.objects.create(
        workspace_id=campaign.workspace_id, person_id=person, name=name, occurred_at=when, received_at=when
    )


def relate(campaign: Campaign, person: int, **attributes: Any) -> Relationship:
    kind = ObjectType.objects.get_or_create(workspace_id=campaign.workspace_id, name="Company")[0]
    company = RelatedObject.objects.get_or_create(type=kind, external_id="acme")[0]
    return Relationship.objects.create(object=company, person_id=person, attributes=attributes, since=NOW)


def change_plan(campaign: Campaign, person: int) -> None:
    Person.objects.filter(pk=person).update(attributes={"plan": "gold"})


def become_member(campaign: Campaign, person: int) -> None:
    add_to_list(campaign.workspace.segments.get(name="Friends"), [person])


def change_object(campaign: Campaign, person: int) -> None:
    relate(campaign, person)
    look(campaign)
    RelatedObject.objects.get().save()
    assert not TouchedPerson.objects.exists()  # nothing has changed
    RelatedObject.objects.update(attributes={"plan": "gold"})


def change_relationship(campaign: Campaign, person: int) -> None:
    relate(campaign, person, role="guest")
    look(campaign)
    Relationship.objects.update(attributes={"role": "admin"})


def unrelate(campaign: Campaign, person: int) -> None:
    Relationship.objects.filter(person_id=person).delete()


ADMIN = {"attribute": "role", "op": "eq", "value": "admin"}
#: What is waited for, and what makes it true.
CHANGES: dict[str, tuple[dict[str, Any], Any]] = {
    "an attribute": (GOLD, change_plan),
    "an event": (BOUGHT, buy),
    "a list": ({"segment": "friends", "op": "in"}, become_member),
    "a relationship": ({"object": "company"}, relate),
    "its attributes": ({"relationship": "company", "where": ADMIN}, change_relationship),
    "an object": ({"object": "Company", "where": GOLD}, change_object),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_wakes_whom_it_concerns(name: str) -> None:
    condition, change = CHANGES[name]
    workspace = make_workspace()
    ObjectType.objects.create(workspace=workspace, name="Company")
    friends = make_list(workspace, name="Friends")
    condition = {**condition, "segment": friends.pk} if "segment" in condition else condition
    ann, bob = make_people(workspace, 2)
    campaign = watching(everyone(workspace), [wait("wait", condition), message("m")])
    put(campaign, [ann, bob], "wait")
    change(campaign, ann)
    assert look(campaign).woken == {campaign.pk}
    assert awake(campaign) == {ann}
    advance(campaign.pk, NOW)
    assert places(campaign) == {"finished": 1, "active:wait": 1}
    assert statuses(campaign.channels.get()) == {"pending": 1}


def test_the_end_of_a_relationship_wakes() -> None:
    workspace = make_workspace()
    ann, bob = make_people(workspace, 2)
    ObjectType.objects.create(workspace=workspace, name="Company")
    campaign = watching(
        everyone(workspace), [wait("w", {"object": "company", "op": "not_related"}), message("m")]
    )
    for person in (ann, bob):
        relate(campaign, person)
    look(campaign)
    put(campaign, [ann, bob], "w")
    unrelate(campaign, ann)
    look(campaign)
    assert awake(campaign) == {ann}


def test_what_does_not_make_it_true_wakes_nobody() -> None:
    workspace = make_workspace()
    (ann,) = make_people(workspace, 1)
    campaign = watching(everyone(workspace), [wait("wait", {**BOUGHT, "at_least": 2}), message("m")])
    put(campaign, [ann], "wait")
    buy(campaign, ann)
    kept = look(campaign)
    assert (kept.looked_at, kept.woken, awake(campaign)) == (1, set(), set())
    buy(campaign, ann)
    assert look(campaign).woken == {campaign.pk}


def test_two_waits_are_told_apart_and_other_steps_are_left_alone() -> None:
    workspace = make_workspace()
    ann, bob, cat = make_people(workspace, 3)
    steps = [wait("buys", BOUGHT), delay("later", "3 days"), wait("gold", GOLD), message("m")]
    campaign = watching(everyone(workspace), steps)
    for person, step in ((ann, "buys"), (bob, "gold"), (cat, "later")):
        put(campaign, [person], step)
        buy(campaign, person)
    look(campaign)
    assert awake(campaign) == {ann}


def test_nothing_is_queued_where_nobody_looks() -> None:
    workspace, other = make_workspace(), make_workspace("other")
    (ann,) = make_people(workspace, 1)
    campaign = watching(everyone(workspace))
    (eve,) = make_people(other, 1)
    change_plan(campaign, ann)  # it looks at events only
    buy(campaign, ann, "visit")
    Event.objects.create(workspace=other, person_id=eve, name="purchase", occurred_at=NOW, received_at=NOW)
    make_people(workspace, 5, prefix="new")  # who has just come is inside of nothing
    assert not TouchedPerson.objects.exists()
    buy(campaign, ann)
    assert list(TouchedPerson.objects.values_list("person", flat=True)) == [ann]


# --- exit criteria


def test_who_meets_the_exit_criteria_leaves_with_what_was_unsent() -> None:
    workspace = make_workspace()
    ann, bob = make_people(workspace, 2)
    campaign = watching(
        everyone(workspace), [message("m"), delay("d", "3 days"), message("n")], exit={"condition": BOUGHT}
    )
    channel = campaign.channels.get()
    put(campaign, [ann, bob], "d", due="2026-03-05")
    put(campaign, [ann], "d", entry=1, due="2026-03-05")
    rows = {
        "pending": (0, "pending"),
        "drafted": (1, "drafted"),
        "sent": (0, "sent"),
        "sending": (1, "sending"),
    }
    for step, (run, status) in rows.items():
        Delivery.objects.create(channel=channel, person_id=ann, run=run, step=step, status=status, due_at=NOW)
    Delivery.objects.create(channel=channel, person_id=bob, step="pending", status="pending", due_at=NOW)
    buy(campaign, ann)
    assert look(campaign).woken == {campaign.pk}
    assert places(campaign) == {"exited:exit_criteria": 2, "active:d": 1}
    assert statuses(channel) == {"cancelled:exit_criteria": 2, "sent": 1, "sending": 1, "pending": 1}
    assert set(Journey.objects.filter(person_id=ann).values_list("ended_at", flat=True)) == {NOW}


def test_an_exit_takes_nothing_of_earlier_entries_and_other_campaigns() -> None:
    workspace = make_workspace()
    (ann,) = make_people(workspace, 1)
    campaign = watching(everyone(workspace), [delay("d", "3 days"), message("n")], exit={"condition": BOUGHT})
    other = watching(everyone_of(campaign), [delay("d", "3 days"), message("n")])
    put(campaign, [ann], "d", entry=1)
    put(other, [ann], "d", entry=1)
    for owner, run in ((campaign, 0), (campaign, 1), (other, 1)):
        Delivery.objects.create(
            channel=owner.channels.get(), person_id=ann, run=run, step="n", status="pending", due_at=NOW
        )
    buy(campaign, ann)
    look(campaign)
    assert statuses(campaign.channels.get()) == {"pending": 1, "cancelled:exit_criteria": 1}
    assert (statuses(other.channels.get()), places(other)) == ({"pending": 1}, {"active:d": 1})


def everyone_of(campaign: Campaign) -> Any:
    return campaign.segment


def test_flows_of_one_campaign_leave_each_with_its_own_messages() -> None:
    workspace = make_workspace()
    (ann,) = make_people(workspace, 1)
    flows = [
        {
            "key": key,
            "name": key,
            "active": True,
            "trigger": {},
            "workflow": [delay("d", "1 day"), message("m")],
        }
        for key in ("one", "two")
    ]
    campaign = make_campaign(everyone(workspace), "flow", flows=flows, exit={"condition": BOUGHT})
    channel = campaign.channels.create(kind="sms", status="running")
    keep_watch(campaign, NOW)
    put(campaign, [ann], "one:d", flow="one", entry=0)
    for step in ("one:m", "two:m"):
        Delivery.objects.create(
            channel=channel, person_id=ann, run=0, step=step, status="pending", due_at=NOW
        )
    buy(campaign, ann)
    look(campaign)
    found = dict(Delivery.objects.filter(channel=channel).values_list("step", "status"))
    assert found == {"one:m": "cancelled", "two:m": "pending"}


def test_who_has_not_done_something_for_long_leaves_by_the_passing_of_time() -> None:
    workspace = make_workspace()
    ann, bob, cat = make_people(workspace, 3)
    idle = {"event": "visit", "op": "not_done", "within": "7 days"}
    campaign = watching(everyone(workspace), [delay("d", "1 month"), message("m")], exit={"condition": idle})
    put(campaign, [ann, bob], "d")
    for person in (ann, bob, cat):
        buy(campaign, person, "visit", NOW - HOUR)
    look(campaign, NOW)
    buy(campaign, bob, "visit", NOW + DAY)
    look(campaign, NOW + 6 * DAY)
    assert places(campaign) == {"active:d": 2}
    kept = look(campaign, NOW + 7 * DAY)
    assert kept.looked_at == 2  # cat is not inside
    assert places(campaign) == {"exited:exit_criteria": 1, "active:d": 1}
    look(campaign, NOW + 8 * DAY)
    assert places(campaign) == {"exited:exit_criteria": 2}


# --- when a campaign watches

GOAL = {"condition": GOLD, "within": "7 days"}


@pytest.mark.parametrize(
    ("kind", "status", "what"),
    [
        ("journey", "draft", []),
        ("journey", "running", ["wait", "exit", "goal"]),
        ("journey", "stopping", ["wait", "exit", "goal"]),
        ("journey", "stopped", ["goal"]),
        ("journey", "archived", ["goal"]),
        ("message", "scheduled", []),
        ("message", "awaiting_next_run", ["goal"]),
        ("message", "completed", ["goal"]),
        ("outreach", "draft", []),
        ("outreach", "stopped", ["goal"]),
        ("sms", "running", ["goal"]),
    ],
)
def test_what_a_campaign_watches_by_its_status(kind: str, status: str, what: list[str]) -> None:
    fields: dict[str, Any] = {"goal": GOAL}
    if kind == "journey":
        fields |= {"workflow": [wait("w", BOUGHT), message("m")], "exit": {"condition": BOUGHT}}
    begun = None if status in ("draft", "scheduled") else NOW
    campaign = make_campaign(everyone(make_workspace()), kind, status, started_at=begun, **fields)
    keep_watch(campaign, NOW)
    found = Watch.objects.filter(pk=campaign.pk).first()
    assert (found.what if found else []) == what


def test_the_watch_for_a_goal_ends_with_its_time() -> None:
    campaign = make_campaign(everyone(make_workspace()), "sms", "completed", started_at=NOW, goal=GOAL)
    keep_watch(campaign, NOW)
    assert Watch.objects.get().until == NOW + 7 * DAY
    look(campaign, NOW + 6 * DAY)
    assert Watch.objects.exists()
    look(campaign, NOW + 7 * DAY)
    assert not Watch.objects.exists()
    assert watched_by(campaign, NOW + 7 * DAY).what == []

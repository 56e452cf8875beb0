"""POST /events and the trigger of a message that is delivered by API."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from campaigns.domain import permissions
from campaigns.models import Campaign, Event
from campaigns.services import actions, due_runs, duties
from campaigns.services.actors import Actor
from channels.models import Delivery
from tests.api.callers import Caller, assert_problem
from tests.factories import CampaignFactory, PersonFactory
from tests.factories.campaigns import member_of

pytestmark = pytest.mark.django_db
EVENT = {"external_id": "grace", "name": "purchase", "properties": {"amount": 12}, "id": "e1"}


@pytest.fixture
def grace(owner: Caller) -> Any:
    return PersonFactory(workspace=owner.workspace, external_id="grace")


def test_events_are_kept_and_an_id_counts_once(owner: Caller, grace: Any) -> None:
    first = owner.post("/events", [EVENT, {**EVENT, "id": "e2"}, {**EVENT, "id": "e2"}])
    assert first.json() == {"created": 2, "duplicates": 1, "rejected": []}
    again = owner.post("/events", [EVENT, {"external_id": "grace", "name": "visit"}])
    assert again.json() == {"created": 1, "duplicates": 1, "rejected": []}
    kept = Event.objects.order_by("pk").values_list("name", "event_id", "properties", "person_id")
    assert list(kept) == [
        ("purchase", "e1", {"amount": 12}, grace.pk), ("purchase", "e2", {"amount": 12}, grace.pk),
        ("visit", "", {}, grace.pk),
    ]  # fmt: skip


WRONG: list[tuple[Any, str, str]] = [
    ("visit", "", "must be an object"),
    ({"name": "visit"}, "external_id", "Required"),
    ({"external_id": "nobody", "name": "visit"}, "external_id", "Nobody in this workspace"),
    ({"external_id": "grace"}, "name", "Required"),
    ({"external_id": "grace", "name": ["visit"]}, "name", "Must be text"),
    ({"external_id": "grace", "name": "x" * 101}, "name", "At most 100"),
    ({"external_id": "grace", "name": "$trigger:1"}, "name", "console's own"),
    ({"external_id": "grace", "name": "a\0b"}, "name", "no text may hold"),
    ({"external_id": "grace", "name": "visit", "when": 1}, "when", "no such field"),
    ({"external_id": "grace", "name": "visit", "properties": []}, "properties", "Must be an object"),
    ({"external_id": "grace", "name": "visit", "properties": {"a": "\0"}}, "properties", "NUL"),
    ({"external_id": "grace", "name": "visit", "properties": {"a": "x" * 20_001}}, "properties", "At most"),
    ({"external_id": "grace", "name": "visit", "occurred_at": "today"}, "occurred_at", "must be a time"),
    (
        {"external_id": "grace", "name": "visit", "occurred_at": "2999-01-01T00:00:00Z"},
        "occurred_at",
        "to come",
    ),
    ({"external_id": "grace", "name": "visit", "id": "x" * 151}, "id", "At most 150"),
]


@pytest.mark.parametrize(("item", "path", "said"), WRONG)
def test_one_bad_event_never_stops_the_others(
    owner: Caller, grace: Any, item: Any, path: str, said: str
) -> None:
    answer = owner.post("/events", [EVENT, item, {**EVENT, "id": "e2"}]).json()
    assert (answer["created"], answer["duplicates"]) == (2, 0)
    assert answer["rejected"][0]["index"] == 1
    assert said in answer["rejected"][0]["errors"][path]


def test_too_many_at_once(owner: Caller) -> None:
    assert_problem(owner.post("/events", [EVENT] * 10_001), 422, "invalid")


def test_people_of_another_workspace_are_nobody(owner: Caller, stranger: Caller, grace: Any) -> None:
    answer = stranger.post("/events", [EVENT]).json()
    assert answer["created"] == 0
    assert "Nobody" in answer["rejected"][0]["errors"]["external_id"]


def by_api(owner: Caller, **values: Any) -> Campaign:
    """A running message that is delivered by API."""
    campaign = CampaignFactory(
        kind="message", created_by=owner.membership, delivery={"type": "api"}, **values
    )
    approver = Actor.member(member_of(owner.workspace, permissions.APPROVER))
    return actions.perform("publish", campaign.pk, approver, now=timezone.now())


def test_a_trigger_sends_to_the_people_named(owner: Caller) -> None:
    campaign = by_api(owner)
    people = [{"external_id": "person-2", "properties": {"code": "X"}}, {"external_id": "nobody"}]
    answer = owner.post(f"/campaigns/{campaign.pk}/trigger", people)
    assert answer.status_code == 200
    assert answer.json()["accepted"] == 1
    assert answer.json()["rejected"][0]["index"] == 1
    duties.work(timezone.now())
    assert [row.person.external_id for row in Delivery.objects.select_related("person")] == ["person-2"]
    owner.post(f"/campaigns/{campaign.pk}/trigger", people[:1])
    duties.work(timezone.now())
    assert list(Delivery.objects.order_by("id").values_list("run", flat=True)) == [0, 1]


def test_a_trigger_by_frequency_once(owner: Caller) -> None:
    campaign = by_api(owner, frequency={"once": True})
    for _ in range(2):
        owner.post(f"/campaigns/{campaign.pk}/trigger", [{"external_id": "person-2"}])
    duties.work(timezone.now())
    assert Delivery.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_idempotency_key_at_once_triggers_once(owner: Caller) -> None:
    campaign = by_api(owner)

    def call(_: int) -> dict[str, Any]:
        try:
            path = f"/campaigns/{campaign.pk}/trigger"
            return owner.post(path, [{"external_id": "person-2"}], Idempotency_Key="k").json()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(call, range(24)))
    assert all(answer == {"accepted": 1, "rejected": []} for answer in answers)
    duties.work(timezone.now())
    assert Delivery.objects.count() == 1


def test_what_is_not_running_or_not_by_api_has_no_trigger(owner: Caller) -> None:
    campaign = by_api(owner)
    actions.perform("stop", campaign.pk, Actor.member(owner.membership), now=timezone.now())
    stopped = owner.post(f"/campaigns/{campaign.pk}/trigger", [{"external_id": "person-2"}])
    assert "only while it is Running" in assert_problem(stopped, 409, "transition_not_allowed")["message"]
    other = CampaignFactory(kind="message", created_by=owner.membership)
    refused = owner.post(f"/campaigns/{other.pk}/trigger", [])
    assert "delivered by API" in assert_problem(refused, 409, "transition_not_allowed")["message"]
    assert Event.objects.count() == 0


def test_a_delivery_is_shown_as_it_was_sent(owner: Caller) -> None:
    delivery = {"type": "recurring", "rrule": "FREQ=DAILY;COUNT=3", "starts_at": "2031-01-01T09:00:00+01:00"}
    made = owner.post("/campaigns", {"kind": "message", "name": "Daily", "delivery": delivery}).json()
    assert made["delivery"] == delivery
    assert made["starts_at"] == "2031-01-01T08:00:00Z"
    bad = owner.post(
        "/campaigns", {"kind": "message", "name": "D", "delivery": {**delivery, "rrule": "FREQ=X"}}
    )
    assert "delivery.rrule" in assert_problem(bad, 422, "invalid")["fields"]


def test_runs_are_listed_newest_first_and_a_late_one_is_decided(owner: Caller) -> None:
    start = timezone.now() - timedelta(days=2)
    delivery = {"type": "recurring", "rrule": "FREQ=WEEKLY", "starts_at": start.isoformat()}
    campaign = CampaignFactory(kind="message", created_by=owner.membership, delivery=delivery, now=start)
    approver = Actor.member(member_of(owner.workspace, permissions.APPROVER))
    actions.perform("publish", campaign.pk, approver, now=start - timedelta(hours=1))
    due_runs.run_due(timezone.now())
    path = f"/campaigns/{campaign.pk}/runs"
    listed = owner.get(f"{path}?limit=1").json()
    assert [(run["number"], run["status"]) for run in listed["items"]] == [(2, "planned")]
    rest = owner.get(f"{path}?limit=1&cursor={listed['next']}").json()
    assert [(run["number"], run["status"]) for run in rest["items"]] == [(1, "late")]
    assert_problem(owner.post(f"{path}/2/skip"), 409, "transition_not_allowed")
    assert owner.post(f"{path}/1/skip").json()["status"] == "scheduled"
    assert_problem(owner.post(f"{path}/1/now"), 409, "transition_not_allowed")
    assert_problem(owner.post(f"{path}/9/now"), 404, "not_found")

"""Triggers over the API: every type is read and shown, every refusal names its path; webhooks and who may call them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from campaigns.models import Campaign, Event, Journey, Segment
from campaigns.models.relation import ObjectType
from campaigns.services import duties
from tests.api.callers import Caller, assert_problem
from tests.factories import PersonFactory, SegmentFactory, sandbox_connection

pytestmark = pytest.mark.django_db
GOLD = {"attribute": "plan", "op": "eq", "value": "gold"}
LARGE = {"property": "amount", "op": "gt", "value": 100}


def make(owner: Caller, trigger: Any, **more: Any) -> Any:
    connection = sandbox_connection(owner.workspace)
    step = {
        "key": "hello",
        "type": "message",
        "channel": "email",
        "subject": "Order {{ event.order }}",
        "body": "Hi",
    }
    return owner.post("/campaigns", {
        "kind": "journey", "name": "J", "trigger": trigger, "workflow": [step],
        "channels": [{"kind": "email", "connection": connection.pk}], **more,
    })  # fmt: skip


TYPES: list[dict[str, Any]] = [
    {"type": "attribute", "condition": GOLD},
    {"type": "event", "name": "purchase"},
    {"type": "event", "name": "purchase", "condition": {"all": [LARGE, GOLD]}},
    {"type": "webhook", "condition": LARGE},
    {"type": "object", "object_type": "company", "condition": {"attribute": "size", "op": "gt", "value": 5}},
    {"type": "relationship", "object_type": "company"},
    {"type": "date", "attribute": "renewal", "at": "09:00", "offset": "-3 days"},
]


@pytest.mark.parametrize("trigger", TYPES, ids=lambda trigger: trigger["type"])
def test_every_type_is_kept_shown_and_sent_back(owner: Caller, trigger: dict[str, Any]) -> None:
    ObjectType.objects.create(workspace=owner.workspace, name="company")
    made = make(owner, trigger)
    assert made.status_code == 201, made.json()
    shown = owner.get(f"/campaigns/{made.json()['id']}").json()
    assert {**shown["trigger"], "url": ""} == {**trigger, "url": ""}
    assert ("url" in shown["trigger"]) == (trigger["type"] == "webhook")
    again = owner.patch(
        f"/campaigns/{shown['id']}", {"version": shown["version"], "trigger": shown["trigger"]}
    )
    assert again.status_code == 200, again.json()


WRONG: list[tuple[Any, str]] = [
    ("event", "trigger.type"),
    ({"type": "telepathy"}, "trigger.type"),
    ({"name": "purchase"}, "trigger.type"),
    ({"type": "attribute"}, "trigger.condition"),
    ({"type": "attribute", "condition": LARGE}, "trigger.condition"),
    ({"type": "attribute", "condition": GOLD, "name": "x"}, "trigger.name"),
    ({"type": "event"}, "trigger.name"),
    ({"type": "event", "name": "$trigger:1"}, "trigger.name"),
    ({"type": "event", "name": 7}, "trigger.name"),
    ({"type": "event", "name": "x" * 101}, "trigger.name"),
    ({"type": "event", "name": "a", "condition": {"property": "b", "op": "like"}}, "trigger.condition.op"),
    ({"type": "event", "name": "a", "condition": {"segment": 999, "op": "in"}}, "trigger.condition.segment"),
    ({"type": "webhook", "url": 5}, "trigger.url"),
    ({"type": "object"}, "trigger.object_type"),
    ({"type": "object", "object_type": "company", "condition": {"event": "x", "op": "done"}}, "trigger.condition"),
    ({"type": "date", "at": "09:00"}, "trigger.attribute"),
    ({"type": "date", "attribute": "renewal"}, "trigger.at"),
    ({"type": "date", "attribute": "renewal", "at": "9"}, "trigger.at"),
    ({"type": "date", "attribute": "renewal", "at": "09:00", "offset": "-3 hours"}, "trigger.offset"),
    ({"type": "date", "attribute": "renewal", "at": "09:00", "offset": 3}, "trigger.offset"),
    ({"type": "segment", "in": []}, "trigger.in"),
    ({"type": "segment", "not_in": []}, "trigger.in"),
    ({"type": "webhook", "in": [[1]]}, "trigger.in"),
]  # fmt: skip


@pytest.mark.parametrize(("trigger", "path"), WRONG)
def test_what_is_wrong_is_422_with_its_path(owner: Caller, trigger: Any, path: str) -> None:
    if isinstance(trigger, str):
        assert make(owner, trigger).status_code == 422
        return
    assert_problem(make(owner, trigger), 422, "invalid", path)


@pytest.mark.parametrize("change", [{"type": "webhook"}, {}, None])
def test_the_type_never_changes_not_even_in_a_draft(owner: Caller, change: Any) -> None:
    made = make(owner, {"type": "event", "name": "purchase"}).json()
    refused = owner.patch(f"/campaigns/{made['id']}", {"version": 1, "trigger": change})
    assert_problem(refused, 422, "invalid", "trigger.type")
    assert Campaign.objects.get(pk=made["id"]).trigger == {"type": "event", "name": "purchase"}
    settings = {"type": "event", "name": "visit", "condition": LARGE}
    assert owner.patch(f"/campaigns/{made['id']}", {"version": 1, "trigger": settings}).status_code == 200


def test_a_copy_keeps_the_type_of_its_trigger(owner: Caller) -> None:
    """Seed 000: a copy of a campaign with the legacy segment trigger cannot define attributes either."""
    segment = SegmentFactory(workspace=owner.workspace)
    made = make(owner, {"type": "segment", "in": [[segment.pk]]}).json()
    copy = owner.post(f"/campaigns/{made['id']}/actions/duplicate").json()
    refused = owner.patch(
        f"/campaigns/{copy['id']}", {"version": 1, "trigger": {"type": "attribute", "condition": GOLD}}
    )
    assert_problem(refused, 422, "invalid", "trigger.type")


def test_flows_have_triggers_of_their_own(owner: Caller) -> None:
    flow = {"key": "one", "name": "One", "active": True, "workflow": []}
    made = owner.post("/campaigns", {"kind": "flow", "name": "F", "flows": [
        {**flow, "trigger": {"type": "webhook"}},
        {**flow, "key": "two", "name": "Two", "trigger": {"type": "event", "name": "x"}},
    ]})  # fmt: skip
    assert made.status_code == 201, made.json()
    flows = owner.get(f"/campaigns/{made.json()['id']}").json()["flows"]
    assert flows[0]["trigger"]["url"].startswith("http") and "url" not in flows[1]["trigger"]
    wrong = [flows[0], {**flows[1], "trigger": {"type": "webhook"}}]
    assert_problem(
        owner.patch(f"/campaigns/{made.json()['id']}", {"version": 1, "flows": wrong}),
        422,
        "invalid",
        "flows.1.trigger.type",
    )
    bad = [{**flow, "trigger": {"type": "date", "attribute": "a"}}]
    assert_problem(
        owner.post("/campaigns", {"kind": "flow", "name": "G", "flows": bad}),
        422,
        "invalid",
        "flows.0.trigger.at",
    )


def test_conditions_of_a_flow_name_what_is_in_the_workspace(owner: Caller) -> None:
    mine, strange = SegmentFactory(workspace=owner.workspace), SegmentFactory()

    def save(segment: Segment) -> Any:
        inside = {"key": "wait", "type": "wait_until", "condition": {"segment": segment.pk, "op": "in"}}
        fork = {"key": "fork", "type": "branch", "if": GOLD, "then": [inside]}
        flows = [{"key": "one", "name": "One", "trigger": {"type": "webhook"}, "workflow": [fork]}]
        return owner.post("/campaigns", {"kind": "flow", "name": "F", "flows": flows})

    assert save(mine).status_code == 201
    assert_problem(save(strange), 422, "invalid", "flows.0.workflow.0.then.0.condition.segment")


def test_the_segment_of_a_trigger_is_in_no_list(owner: Caller) -> None:
    make(owner, {"type": "attribute", "condition": GOLD})
    hidden = Segment.objects.get(hidden=True)
    assert hidden.pk not in [row["id"] for row in owner.get("/segments").json()["items"]]
    assert owner.get(f"/segments/{hidden.pk}").status_code == 404
    assert_problem(make(owner, {"type": "segment", "in": [[hidden.pk]]}), 422, "invalid", "trigger.in.0.0")


# --- webhooks


@pytest.fixture
def hook(owner: Caller) -> str:
    """The path of the webhook of a running journey; ada and two people of one address are there."""
    PersonFactory(workspace=owner.workspace, external_id="ada", email="ada@example.test")
    for name in ("twin-1", "twin-2"):
        PersonFactory(workspace=owner.workspace, external_id=name, email="twin@example.test")
    made = make(owner, {"type": "webhook"}).json()
    started = owner.post(f"/campaigns/{made['id']}/actions/start")
    assert started.status_code == 200, started.json()
    return "/hooks" + str(made["trigger"]["url"]).split("/hooks")[1]


def call(path: str, body: Any, **headers: str) -> Any:
    raw = body if isinstance(body, str) else json.dumps(body)
    return Client().post(path, raw, content_type="application/json", headers=headers)


def test_a_call_lets_people_in_once(hook: str) -> None:
    """By id, email or phone; a repeated call counts once, by its key or by the ids in it."""
    body = {"external_id": "ada", "properties": {"order": 7}}
    assert call(hook, body, **{"Idempotency-Key": "k1"}).json() == {
        "created": 1,
        "duplicates": 0,
        "rejected": [],
    }
    again = call(hook, body, **{"Idempotency-Key": "k1"})
    assert (again.status_code, again.json()["duplicates"]) == (202, 1)
    listed = [
        {"email": " Ada@Example.test ", "id": "e1"},
        {"external_id": "ada", "id": "e1"},
        {"email": "nobody@x.test"},
    ]
    answer = call(hook, listed).json()
    assert (answer["created"], answer["duplicates"], answer["rejected"][0]["index"]) == (1, 1, 2)
    duties.tick(Event.objects.latest("id").received_at)
    assert sorted(Journey.objects.values_list("person__external_id", "entry")) == [("ada", 0), ("ada", 1)]


REFUSED: list[tuple[Any, int, str]] = [
    ({"external_id": "nobody"}, 422, "0.external_id"),
    ({"email": "twin@example.test"}, 422, "0.email"),
    ({"email": "no address"}, 422, "0.email"),
    ({"external_id": "ada", "email": "ada@example.test"}, 422, "0.external_id"),
    ({"properties": {}}, 422, "0.external_id"),
    ({"external_id": "ada", "more": 1}, 422, "0.more"),
    ({"external_id": "ada", "properties": [1]}, 422, "0.properties"),
    ([], 422, ""),
    (7, 422, "0."),
    ("{", 400, ""),
    ('{"external_id": NaN}', 400, ""),
    ('"' + "x" * 1_100_000 + '"', 413, ""),
]


@pytest.mark.parametrize(("body", "status", "path"), REFUSED)
def test_a_wrong_call_is_refused_and_says_why(hook: str, body: Any, status: int, path: str) -> None:
    answer = call(hook, body)
    assert answer.status_code == status, answer.content
    error = answer.json()["error"]
    assert error["message"] and (not path or path in error["fields"]), error
    assert not Event.objects.exists()


def test_addresses_that_nobody_has_and_doors_that_are_closed(owner: Caller, hook: str) -> None:
    body = {"external_id": "ada"}
    assert call("/hooks/campaigns/guessed/", body).status_code == 404
    assert Client().get(hook).status_code == 405
    campaign = Campaign.objects.get()
    owner.post(f"/campaigns/{campaign.pk}/actions/stop", {"mode": "exit"})
    closed = call(hook, body)
    assert (closed.status_code, closed.json()["error"]["code"]) == (409, "transition_not_allowed")
    assert "Stopped" in closed.json()["error"]["message"]


def test_a_new_address_replaces_the_one_that_became_known(owner: Caller, hook: str) -> None:
    campaign = Campaign.objects.get()
    fresh = owner.post(f"/campaigns/{campaign.pk}/trigger/url").json()["url"]
    assert call(hook, {"external_id": "ada"}).status_code == 404
    assert call("/hooks" + fresh.split("/hooks")[1], {"external_id": "ada"}).status_code == 202
    copy = owner.post(f"/campaigns/{campaign.pk}/actions/duplicate").json()
    assert copy["trigger"]["url"] not in (fresh, "")
    other = make(owner, {"type": "event", "name": "x"}).json()
    assert owner.post(f"/campaigns/{other['id']}/trigger/url").status_code == 409


def test_the_api_of_triggers_lets_people_into_a_journey_with_a_webhook(owner: Caller, hook: str) -> None:
    campaign = Campaign.objects.get()
    answer = owner.post(
        f"/campaigns/{campaign.pk}/trigger", [{"external_id": "ada", "properties": {"order": 1}}]
    )
    assert answer.json() == {"accepted": 1, "rejected": []}
    duties.tick(Event.objects.latest("id").received_at)
    assert Journey.objects.count() == 1

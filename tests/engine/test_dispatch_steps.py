"""What leaves for the rows that workflows have written: the step's own text, its own address, and not behind its window."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from campaigns.engine.journeys import advance, enter_people
from campaigns.models import Campaign, Journey
from channels.engine.dispatch import dispatch_channel
from channels.engine.rendering import find_step
from channels.models import Channel, Connection, Delivery, SandboxMessage
from tests import factories
from tests.engine.sending import ledger
from tests.engine.world import (
    NOW,
    make_campaign,
    make_channel,
    make_journey,
    make_list,
    make_people,
    make_workspace,
    message,
)
from tests.sinks.sink import Sink

pytestmark = [pytest.mark.engine, pytest.mark.django_db]

HOUR = timedelta(hours=1)
CALL = {"key": "call", "type": "webhook", "body": "{{ person.first_name }} is here"}


def journey(workflow: list[dict[str, Any]], people: int = 3, **fields: Any) -> Campaign:
    workspace = make_workspace()
    campaign = make_journey(make_list(workspace, make_people(workspace, people)), workflow, **fields)
    enter_people(campaign.pk, NOW)
    return campaign


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_webhook_step_calls_its_own_address(http_sink: Sink, settings: Any, elsewhere: bool) -> None:
    """The connection signs it; its Authorization header is only for the connection's own server."""
    settings.WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    campaign = journey([CALL | {"url": f"{http_sink.url}/crm"}])
    home = "http://192.0.2.1/in" if elsewhere else http_sink.url
    account = factories.webhook_connection(
        campaign.workspace, home, secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", authorization="Bearer own"
    )
    channel = make_channel(campaign, "webhook")
    Channel.objects.filter(pk=channel.pk).update(connection=account)
    advance(campaign.pk, NOW)
    dispatch_channel(channel.pk, now=NOW)
    assert ledger(channel) == {"sent": 3}
    records = http_sink.journal()
    assert {record["path"] for record in records} == {"/hook/crm"}
    bodies = [json.loads(record["body"])["data"]["body"] for record in records]
    assert sorted(bodies) == ["Person 1 is here", "Person 2 is here", "Person 3 is here"]
    for record in records:
        assert record["headers"]["webhook-signature"].startswith("v1,")
        assert record["headers"].get("authorization") == (None if elsewhere else "Bearer own")


def test_a_message_of_a_flow_has_the_text_of_its_own_flow() -> None:
    workspace = make_workspace()
    flows = [
        {"key": key, "active": True, "workflow": [message("hello") | {"body": f"From {key}"}]} for key in "ab"
    ]
    campaign = make_campaign(make_list(workspace), "flow", flows=flows)
    channel = make_channel(campaign)
    (person,) = make_people(workspace, 1)
    for key in "ab":
        Journey.objects.create(
            campaign=campaign, person_id=person, flow=key, step=f"{key}:hello", due_at=NOW, entered_at=NOW
        )
    advance(campaign.pk, NOW)
    dispatch_channel(channel.pk, now=NOW)
    assert sorted(SandboxMessage.objects.values_list("body", flat=True)) == ["From a", "From b"]


def test_a_pause_of_two_weeks_bursts_nothing() -> None:
    """What was due in a window that has closed meanwhile is skipped and says so; what had no window goes out."""
    hours = {"key": "hours", "type": "window", "from": "09:00", "to": "17:00", "timezone": "campaign"}
    campaign = journey([message("any"), hours, message("inside"), CALL | {"url": "https://192.0.2.1/"}], 20)
    hook = make_channel(campaign, "webhook")
    channel = campaign.channels.get(kind="sms")
    advance(campaign.pk, NOW)
    Connection.objects.update(status="stopped")
    assert dispatch_channel(channel.pk, now=NOW).ended == "closed"
    Connection.objects.update(status="running")
    later = NOW + timedelta(days=14)
    dispatch_channel(channel.pk, now=later)
    dispatch_channel(hook.pk, now=later)
    assert ledger(channel) == {"sent": 20, "skipped:window_passed": 20}
    assert ledger(hook) == {"skipped:window_passed": 20}
    assert set(Delivery.objects.filter(status="sent").values_list("step", flat=True)) == {"any"}


@pytest.mark.parametrize(("hours", "status"), [(7.9, "sent"), (8, "skipped")])
def test_a_window_ends_to_the_moment(hours: float, status: str) -> None:
    window = {"key": "hours", "type": "window", "from": "09:00", "to": "17:00", "timezone": "campaign"}
    campaign = journey([window, message("inside")], 1)
    advance(campaign.pk, NOW)
    dispatch_channel(campaign.channels.get().pk, now=NOW + hours * HOUR)
    assert Delivery.objects.get().status == status


def test_steps_are_found_wherever_they_stand_and_nothing_else_is_taken_for_one() -> None:
    inner = message("inner")
    update = {"key": "set", "type": "update", "attributes": {"key": "inner", "type": "message"}}
    split = {"key": "test", "type": "split", "variants": [{"name": "a", "steps": [inner]}, {"name": "b"}]}
    variants = message("texts") | {"variants": {"on_property": "plan", "cases": {}}}
    workflows = {
        "": [update, variants, {"key": "fork", "type": "branch", "then": [split], "else": None}],
        "f": [message("own")],
    }
    assert find_step(workflows, "inner") is inner
    assert find_step(workflows, "f:own") == message("own")
    assert find_step(workflows, "own") is None
    assert find_step(workflows, "g:own") is None

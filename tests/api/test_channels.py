"""Channels over the API: added, changed, started and stopped each on its own."""

from __future__ import annotations

import pytest

from campaigns.models import Workspace
from channels.models import Channel, Connection, Delivery
from tests.api.callers import Caller, assert_problem
from tests.factories import CampaignFactory, in_state, sandbox_connection

EMAIL = {"subject": "Hello", "body": "Hi {{ person.first_name }}"}


@pytest.fixture
def sandbox(workspace: Workspace) -> Connection:
    return sandbox_connection(workspace)


def test_a_channel_is_added_changed_and_worked_through_its_life(owner: Caller, sandbox: Connection) -> None:
    campaign = CampaignFactory(created_by=owner.membership, kind="outreach", channels=[])
    response = owner.post(f"/campaigns/{campaign.pk}/channels", {"kind": "email", "connection": sandbox.pk})
    channel = response.json()
    assert response.status_code == 201
    assert set(channel) == {
        "id", "campaign", "kind", "status", "status_label", "message", "connection", "remarkets", "hints", "sends_at",
        "content", "actions", "counts",
    }  # fmt: skip
    assert (channel["campaign"], channel["status_label"]) == (campaign.pk, "Ready")
    reasons = {action["name"]: action["reason"] for action in channel["actions"]}
    assert "required" in reasons["start"]
    changed = owner.patch(f"/channels/{channel['id']}", {"content": EMAIL}).json()
    assert changed["content"] == EMAIL
    for action, status in (
        ("start", "running"),
        ("pause", "paused"),
        ("resume", "running"),
        ("stop", "stopped"),
    ):
        assert owner.post(f"/channels/{channel['id']}/actions/{action}").json()["status"] == status
    shown = owner.get(f"/campaigns/{campaign.pk}").json()
    assert (shown["status"], shown["channels"][0]["status"]) == ("stopped", "stopped")


def test_a_removed_channel_is_204_and_gone(owner: Caller) -> None:
    campaign = CampaignFactory(created_by=owner.membership, kind="outreach")
    channel = campaign.channels.get()
    assert owner.post(f"/channels/{channel.pk}/actions/remove").status_code == 204
    assert not Channel.objects.filter(pk=channel.pk).exists()
    assert_problem(owner.post(f"/channels/{channel.pk}/actions/start"), 404, "not_found")


def test_refusals(owner: Caller, stranger: Caller, sandbox: Connection) -> None:
    running = in_state("running", "outreach", created_by=owner.membership)
    channel = running.channels.get()
    act = f"/channels/{channel.pk}/actions"
    assert_problem(owner.post(f"{act}/start"), 409, "transition_not_allowed")
    assert_problem(owner.post(f"{act}/remarket"), 409, "transition_not_allowed")
    assert_problem(owner.post(f"{act}/fly"), 404, "not_found")
    assert_problem(owner.post(f"{act}/view_error"), 404, "not_found")
    assert_problem(owner.post(f"{act}/pause", {"version": running.version - 1}), 409, "stale_version")
    assert_problem(owner.post(f"{act}/pause", {"mode": "x"}), 422, "invalid", "mode")
    assert_problem(owner.patch(f"/channels/{channel.pk}", {"content": EMAIL}), 409, "edits_discarded")
    add = f"/campaigns/{running.pk}/channels"
    for body, field in (
        ({}, "kind"),
        ({"kind": "pigeon"}, "kind"),
        ({"kind": ""}, "kind"),
        ({"kind": "email", "connection": 10**18}, "connection"),
        ({"kind": "email", "content": {"subject": "a\nb"}}, "content.subject"),
        ({"kind": "email", "content": {"nul": "\0"}}, "content.nul"),
        ({"kind": "email", "content": "text"}, "content"),
        ({"kind": "email", "position": 1}, "position"),
    ):
        assert_problem(owner.post(add, body), 422, "invalid", field)
    for method, path in (("POST", add), ("PATCH", f"/channels/{channel.pk}"), ("POST", f"{act}/stop")):
        body = {"kind": "email"} if "channels" in path and "actions" not in path else {}
        assert_problem(stranger.call(method, path, body), 404, "not_found")
    assert Channel.objects.get(pk=channel.pk).status == "running"


def test_remarketing_states_numbers_and_makes_a_ready_channel(owner: Caller, stranger: Caller) -> None:
    campaign = in_state("completed", "outreach", created_by=owner.membership)
    source = campaign.channels.get()
    Delivery.objects.bulk_create(
        Delivery(channel=source, person_id=pk, status="failed", reason="bounced", due_at=campaign.created_at)
        for pk in campaign.segment.members.values_list("person_id", flat=True)[:2]
    )
    act = f"/channels/{source.pk}/actions/remarket"
    offer = owner.get(act).json()
    assert (offer["enabled"], offer["reason"]) == (True, "")
    numbers = {row["outcome"]: row["people"] for row in offer["outcomes"]}
    assert numbers["failed"] == 2 and numbers["not_opened"] == 0
    body = {"kind": "sms", "connection": source.connection_id, "content": {"body": "Hi"}}
    assert_problem(owner.post(act, body), 422, "invalid", "outcome")
    assert_problem(owner.post(act, {**body, "outcome": "unknown"}), 422, "invalid", "outcome")
    assert_problem(owner.post(act, {**body, "outcome": "failed", "kind": "x"}), 422, "invalid", "kind")
    assert_problem(owner.post(act, {**body, "outcome": "failed", "version": 0}), 409, "stale_version")
    answer = owner.post(act, {**body, "outcome": "failed", "version": campaign.version})
    shown = answer.json()
    assert (answer.status_code, shown["id"], shown["status"]) == (201, campaign.pk, "running")
    first, made = shown["channels"]
    assert (first["remarkets"], made["status"]) == (None, "ready")
    assert made["remarkets"] == {"channel": source.pk, "outcome": "failed", "people": 2}
    assert "1 channel finished, 1 still to start" in shown["message"]
    for method in ("GET", "POST"):
        assert_problem(stranger.call(method, act, {} if method == "POST" else None), 404, "not_found")
    assert_problem(owner.get(f"/channels/{source.pk}/actions/stop"), 404, "not_found")


def test_the_same_call_twice_makes_one_channel(owner: Caller) -> None:
    campaign = in_state("completed", "outreach", created_by=owner.membership)
    source = campaign.channels.get()
    person = campaign.segment.members.values_list("person_id", flat=True)[0]
    Delivery.objects.create(channel=source, person_id=person, status="failed", due_at=campaign.created_at)
    body = {"outcome": "failed", "kind": "sms", "connection": source.connection_id, "content": {"body": "Hi"}}
    key = {"Idempotency_Key": "again"}
    first, second = (owner.post(f"/channels/{source.pk}/actions/remarket", body, **key) for _ in range(2))
    assert first.json() == second.json() and first.status_code == second.status_code == 201
    assert campaign.channels.count() == 2


def test_channels_of_other_kinds_follow_their_campaign(owner: Caller) -> None:
    campaign = in_state("running", "sms", created_by=owner.membership)
    response = owner.post(f"/channels/{campaign.channels.get().pk}/actions/stop")
    assert "follow the campaign" in assert_problem(response, 409, "transition_not_allowed")["message"]


def test_a_message_of_a_scheduled_sms_campaign_is_moved(owner: Caller) -> None:
    campaign = in_state("scheduled", "sms", workspace=owner.membership.workspace, created_by=owner.membership)
    channel, later = campaign.channels.get(), "2030-03-09T10:00:00+00:00"
    moved = owner.post(f"/channels/{channel.pk}/schedule", {"sends_at": later, "version": campaign.version})
    assert (moved.status_code, moved.json()["sends_at"]) == (200, "2030-03-09T10:00:00Z")
    stale = owner.post(f"/channels/{channel.pk}/schedule", {"sends_at": None, "version": campaign.version})
    assert (stale.status_code, stale.json()["error"]["code"]) == (409, "stale_version")
    data = {"version": campaign.version + 1, "channels": [{"id": channel.pk, "sends_at": None}]}
    shown = owner.patch(f"/campaigns/{campaign.pk}", data)
    assert shown.status_code == 200 and shown.json()["channels"][0]["sends_at"] is None
    early = owner.post(f"/channels/{channel.pk}/schedule", {"sends_at": "2030-03-04T10:00:00+00:00"})
    assert early.status_code == 422 and "channels.0.sends_at" in early.json()["error"]["fields"]
    locked = {"version": campaign.version + 2, "channels": [{"id": channel.pk, "content": {"body": "x"}}]}
    refused = owner.patch(f"/campaigns/{campaign.pk}", locked)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "edits_discarded")

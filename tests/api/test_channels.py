"""Channels over the API: added, changed, started and stopped each on its own."""

from __future__ import annotations

import pytest

from campaigns.models import Workspace
from channels.models import Channel, Connection
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
        "id", "campaign", "kind", "status", "status_label", "message", "connection", "content", "actions", "counts",
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


def test_channels_of_other_kinds_follow_their_campaign(owner: Caller) -> None:
    campaign = in_state("running", "sms", created_by=owner.membership)
    response = owner.post(f"/channels/{campaign.channels.get().pk}/actions/stop")
    assert "follow the campaign" in assert_problem(response, 409, "transition_not_allowed")["message"]

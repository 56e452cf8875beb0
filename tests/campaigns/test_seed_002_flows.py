"""Seed 002, Flows: each test names the line of the seed that it is about."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.engine import ledger
from campaigns.models import Campaign, Journey
from campaigns.services import duties
from campaigns.services.actions import perform
from campaigns.services.actors import Actor
from campaigns.services.editing import save_edit
from campaigns.services.errors import EditsDiscarded, Invalid, NotAllowed
from campaigns.services.impact import impact
from channels.engine.health import set_error
from channels.models import Channel, Connection, Delivery
from channels.services.agents import create_agent, start_agent, stop_agent
from tests.factories import NOW, CampaignFactory, sandbox_connection

pytestmark = pytest.mark.django_db


def fresh(campaign):
    return Campaign.objects.get(pk=campaign.pk)


def act(campaign, creator, action):
    return perform(action, campaign.pk, Actor.member(creator), now=NOW)


def running(creator, **values):
    campaign = CampaignFactory(kind="flow", created_by=creator, **values)
    act(campaign, creator, "start")
    duties.work_on(campaign.pk, NOW)
    return campaign


def test_new_campaigns_start_as_inactive(creator):
    campaign = CampaignFactory(kind="flow", created_by=creator)
    assert (campaign.look.label, campaign.look.colour) == ("Inactive", "yellow")


@pytest.mark.parametrize(
    ("flow", "reason"),
    [
        ({"active": False}, "at least one active flow"),
        ({"trigger": {}}, "no trigger yet"),
        ({"workflow": []}, "no message yet"),
    ],
)
def test_you_clicked_start_with_at_least_one_flow_active(creator, flow, reason):
    whole = CampaignFactory(kind="flow", created_by=creator)
    campaign = CampaignFactory(kind="flow", created_by=creator, flows=[{**whole.flows[0], **flow}])
    with pytest.raises(NotAllowed, match=reason):
        act(campaign, creator, "start")


def test_the_campaign_is_running_triggers_fire_and_communications_are_scheduled(creator):
    campaign = running(creator, people=3)
    assert fresh(campaign).look.label == "Active"
    assert Journey.objects.filter(campaign=campaign, flow="one", step="one:wait").count() == 3
    assert set(Delivery.objects.values_list("step", "status")) == {("one:hello", "pending")}
    assert list(ledger.violations()) == []


def test_two_flows_let_the_same_person_in_each_for_itself(creator):
    campaign = CampaignFactory(kind="flow", created_by=creator, people=1)
    flows = [campaign.flows[0], {**campaign.flows[0], "key": "two", "name": "Two"}]
    save_edit(campaign.pk, Actor.member(creator), {"flows": flows}, None, NOW)
    act(campaign, creator, "start")
    duties.work_on(campaign.pk, NOW)
    steps = set(Journey.objects.filter(campaign=campaign).values_list("flow", "step", "entry"))
    assert steps == {("one", "one:wait", 0), ("two", "two:wait", 0)}
    told = " ".join(impact("stop", fresh(campaign), creator, NOW).sentences)
    assert "2 journeys through 2 flows are under way. Their places are kept" in told, "it is one person"


@pytest.mark.parametrize("action", ["start", "stop"])
def test_the_confirmation_counts_the_journeys_once(creator, action):
    campaign = running(creator, people=3)
    if action == "start":
        act(campaign, creator, "stop")
    with CaptureQueriesContext(connection) as captured:
        told = " ".join(impact(action, fresh(campaign), creator, NOW).sentences)
    assert "3 people" in told
    sums = [q["sql"] for q in captured.captured_queries if "campaigns_journeytally" in q["sql"]]
    assert len(sums) == 1


def test_the_active_flow_is_read_only_and_an_inactive_one_is_not(creator):
    campaign = CampaignFactory(kind="flow", created_by=creator)
    idle = {**campaign.flows[0], "key": "idle", "name": "Idle", "active": False}
    save_edit(campaign.pk, Actor.member(creator), {"flows": [campaign.flows[0], idle]}, None, NOW)
    act(campaign, creator, "start")
    one, idle = fresh(campaign).flows
    refused = [
        [{**one, "workflow": []}, idle], [{**one, "active": False}, idle], [idle], [one, {**idle, "active": True}],
    ]  # fmt: skip
    for flows in refused:
        with pytest.raises(EditsDiscarded, match="stop it first"):
            save_edit(campaign.pk, Actor.member(creator), {"flows": flows}, None, NOW)
    with pytest.raises(EditsDiscarded, match="stop it first"):
        save_edit(campaign.pk, Actor.member(creator), {"channels": []}, None, NOW)
    save_edit(campaign.pk, Actor.member(creator), {"flows": [one, {**idle, "name": "Later"}]}, None, NOW)
    assert [flow["name"] for flow in fresh(campaign).flows] == ["One", "Later"]


def test_stop_returns_the_campaign_to_inactive_and_people_keep_their_place(creator):
    campaign = running(creator, people=3)
    told = " ".join(impact("stop", fresh(campaign), creator, NOW).sentences)
    assert "3 people are inside. Their places are kept" in told and "3 unsent messages wait" in told
    act(campaign, creator, "stop")
    duties.work_on(campaign.pk, NOW)
    assert fresh(campaign).look.label == "Inactive"
    assert Channel.objects.get(campaign=campaign).status == "paused", "nothing is sent"
    assert set(Journey.objects.values_list("status", "step")) == {("active", "one:wait")}
    assert set(Delivery.objects.values_list("status", flat=True)) == {"pending"}
    assert list(ledger.violations()) == []
    act(campaign, creator, "start")
    duties.work_on(campaign.pk, NOW)
    assert Channel.objects.get(campaign=campaign).status == "running"
    assert Journey.objects.filter(campaign=campaign).count() == 3, "nobody enters twice"
    assert list(ledger.violations()) == []


@pytest.mark.parametrize("status", ["error", "stopped"])
def test_error_a_channel_that_is_not_running_and_start_returns_to_active(creator, status):
    campaign = running(creator)
    channel = campaign.channels.get()
    if status == "error":
        set_error(channel.connection_id, "535 wrong password")
    else:
        Connection.objects.filter(pk=channel.connection_id).update(status=status)
    assert duties.fail_broken(NOW)["failed"] == [campaign.pk], "by the next beat"
    found = fresh(campaign)
    assert found.look.label == "Error"
    assert ("535 wrong password" if status == "error" else "is stopped") in found.status_reason
    with pytest.raises(NotAllowed, match="connection"):
        act(campaign, creator, "start")
    Connection.objects.update(status="running", message="")
    act(campaign, creator, "start")
    assert fresh(campaign).look.label == "Active"
    assert list(ledger.violations()) == []


def test_error_an_agent_that_is_stopped(creator):
    account = sandbox_connection(creator.workspace)
    agent = start_agent(create_agent(creator.workspace_id, "Night shift", account.pk))
    campaign = running(creator, channels=[{"kind": "email", "agent": agent.pk}])
    assert campaign.channels.get().connection == account
    stop_agent(agent)
    assert duties.fail_broken(NOW)["failed"] == [campaign.pk]
    assert "agent “Night shift” is stopped" in fresh(campaign).status_reason
    with pytest.raises(NotAllowed, match="Night shift"):
        act(campaign, creator, "start")
    start_agent(agent)
    act(campaign, creator, "start")
    assert fresh(campaign).status == "running"


def test_only_inactive_can_be_started_and_only_active_stopped(creator):
    campaign = running(creator)
    with pytest.raises(NotAllowed, match="no action"):
        act(campaign, creator, "start")
    act(campaign, creator, "stop")
    for action in ("stop", "pause"):
        with pytest.raises(NotAllowed, match="no action"):
            act(campaign, creator, action)


def test_there_is_no_time_at_which_it_starts(creator):
    campaign = CampaignFactory(kind="flow", created_by=creator)
    with pytest.raises(Invalid, match="started by hand"):
        save_edit(campaign.pk, Actor.member(creator), {"starts_at": "2030-01-01T10:00:00Z"}, None, NOW)


def test_an_archive_ends_what_waits_inside(creator):
    campaign = running(creator, people=3)
    act(campaign, creator, "stop")
    act(campaign, creator, "archive")
    duties.work_on(campaign.pk, NOW)
    assert set(Journey.objects.values_list("status", "reason")) == {("exited", "archived")}
    assert set(Delivery.objects.values_list("status", "reason")) == {("cancelled", "archived")}
    assert list(ledger.violations()) == []


@pytest.mark.parametrize(
    ("flows", "path"),
    [
        ({}, "flows"),
        ([{"name": "A"}], "flows.0.key"),
        ([{"key": "a b"}], "flows.0.key"),
        ([{"key": "a"}, {"key": "a", "name": "B"}], "flows.1.key"),
        ([{"key": "a", "name": "X"}, {"key": "b", "name": "x"}], "flows.1.name"),
        ([{"key": "a", "active": "yes"}], "flows.0.active"),
        ([{"key": "a", "colour": 1}], "flows.0.colour"),
        ([{"key": "a", "trigger": {"type": "moon"}}], "flows.0.trigger.type"),
        ([{"key": "a", "frequency": "often"}], "flows.0.frequency"),
        (
            [{"key": "a", "workflow": [{"key": "x", "type": "delay", "for": "soon"}]}],
            "flows.0.workflow.0.for",
        ),
    ],
)
def test_every_refusal_of_a_flow_names_its_path(creator, flows, path):
    campaign = CampaignFactory(kind="flow", created_by=creator, flows=[])
    with pytest.raises(Invalid) as refused:
        save_edit(campaign.pk, Actor.member(creator), {"flows": flows or {"no": "list"}}, None, NOW)
    assert path in refused.value.fields

"""A flow campaign in the browser: its flows are added, given a trigger and a workflow, switched, copied and removed."""

from __future__ import annotations

import pytest
from django.test import Client

from campaigns.models import Campaign, Journey, Membership
from campaigns.services.actions import perform
from campaigns.services.actors import Actor
from campaigns.services.approving import waiting_proposal
from campaigns.services.policies import update_policy
from campaigns.services.working import work_on
from channels.services.agents import create_agent, start_agent
from tests.factories import NOW, CampaignFactory, PersonFactory, SegmentFactory, in_state, sandbox_connection


def fresh(campaign: Campaign) -> Campaign:
    return Campaign.objects.get(pk=campaign.pk)


def flows(campaign: Campaign) -> list[tuple[str, bool]]:
    return [(flow["name"], flow["active"]) for flow in fresh(campaign).flows]


@pytest.fixture
def empty(creator: Membership) -> Campaign:
    return CampaignFactory(kind="flow", created_by=creator, flows=[], channels=[])


def address(campaign: Campaign, rest: str = "what/") -> str:
    return f"/campaigns/{campaign.pk}/edit/{rest}"


def test_a_new_campaign_begins_with_its_flows(page: Client, creator: Membership) -> None:
    made = page.post("/campaigns/new/", {"kind": "flow", "name": "Welcome"})
    assert made["Location"].endswith("/edit/what/")
    shown = page.get(made["Location"]).content.decode()
    assert "There is no flow yet" in shown and "Another channel" in shown


def test_a_flow_is_added_given_a_trigger_and_renamed(
    page: Client, empty: Campaign, creator: Membership
) -> None:
    added = page.post(address(empty), {"op": "flow:add", "new_flow": "Newcomers"})
    assert added["Location"] == address(empty, "flows/flow-1/who/")
    assert flows(empty) == [("Newcomers", False)]
    assert page.get(added["Location"]).status_code == 200
    rename = address(empty, "flows/flow-1/settings/")
    assert page.post(rename, {"name": "New people"}).status_code == 302
    assert flows(empty) == [("New people", False)]
    assert page.post(rename, {"name": ""}).status_code == 422
    assert page.get(address(empty, "flows/odd/settings/")).status_code == 404
    segment = SegmentFactory(workspace=creator.workspace, name="New ones")
    trigger = {"type": "segment", "in": [[segment.pk]], "not_in": []}
    stored = fresh(empty)
    stored.flows[0]["trigger"] = trigger
    stored.save()
    assert "Joins New ones · once" in page.get(address(empty)).content.decode()


def test_flows_are_switched_copied_and_removed_with_people_inside(page: Client, creator: Membership) -> None:
    campaign = CampaignFactory(kind="flow", created_by=creator)
    url = address(campaign)
    assert page.post(url, {"op": "flow:off:one"}).status_code == 302
    assert flows(campaign) == [("One", False)]
    page.post(url, {"op": "flow:on:one"})
    page.post(url, {"op": "flow:duplicate:one"})
    assert flows(campaign) == [("One", True), ("One copy", False)]
    person = PersonFactory(workspace=creator.workspace)
    now = campaign.created_at
    Journey.objects.create(
        campaign=campaign, person=person, flow="one", step="one:wait", due_at=now, entered_at=now
    )
    remove = address(campaign, "flows/one/remove/")
    assert "1 person inside leaves it" in page.get(remove).content.decode()
    assert page.post(remove).status_code == 302
    assert flows(campaign) == [("One copy", False)]
    assert page.post(url, {"op": "flow:fly:one"}).status_code == 404
    assert page.post(url, {"op": "flow:on:one"}).status_code == 404, "it is gone"


def test_while_it_is_active_its_active_flow_is_locked_and_an_inactive_one_is_not(
    page: Client, creator: Membership
) -> None:
    campaign = in_state("running", "flow", workspace=creator.workspace, created_by=creator)
    url = address(campaign)
    page.post(url, {"op": "flow:duplicate:one"})
    shown = page.get(url).content.decode()
    assert "Read-only while the campaign is Active" in shown and "Stop the campaign to edit the rest" in shown
    for rest in ("flows/one/", "flows/one/settings/", "flows/one/who/"):
        assert page.get(address(campaign, rest)).status_code == 302, "back to the campaign, with the reason"
    for word in ("off", "fly"):
        page.post(url, {"op": f"flow:{word}:one"})
    assert flows(campaign) == [("One", True), ("One copy", False)]
    (copied,) = [flow["key"] for flow in fresh(campaign).flows if not flow["active"]]
    assert page.get(address(campaign, f"flows/{copied}/")).status_code == 200
    page.post(url, {"op": f"flow:on:{copied}"})
    assert flows(campaign)[1] == ("One copy", False), "it is activated when the campaign is stopped"


def test_a_channel_sends_through_an_agent(page: Client, empty: Campaign, creator: Membership) -> None:
    account = sandbox_connection(creator.workspace)
    agent = start_agent(create_agent(creator.workspace_id, "Night shift", account.pk))
    typed = {"channels": "1", "c0-kind": "email", "c0-connection": "", "c0-agent": agent.pk, "op": "save"}
    assert page.post(address(empty), typed).status_code == 302
    channel = empty.channels.get()
    assert (channel.agent, channel.connection) == (agent, account)
    shown = page.get(address(empty)).content.decode()
    assert f'<option value="{agent.pk}" selected>Agent Night shift (Running)' in shown


def test_strangers_find_nothing(page: Client, stranger: Membership) -> None:
    foreign = CampaignFactory(kind="flow", created_by=stranger)
    for rest in ("what/", "flows/one/settings/", "flows/one/remove/", "flows/one/"):
        assert page.get(address(foreign, rest)).status_code == 404


def test_the_pages_of_a_flow_say_which_it_is_and_lead_back_to_the_list(
    page: Client, creator: Membership
) -> None:
    campaign = CampaignFactory(kind="flow", created_by=creator)
    for rest in ("flows/one/", "flows/one/who/", "flows/one/settings/"):
        shown = page.get(address(campaign, rest)).content.decode()
        assert '<h1>One</h1><span class="tag-status' in shown and 'aria-label="This flow"' in shown, rest
        assert f'href="{address(campaign)}#flows">Flows</a>' in shown, rest
    step = page.get(address(campaign, "flows/one/steps/hello/")).content.decode()
    assert f'<a href="{address(campaign, "flows/one/")}">One</a>' in step
    saved = page.post(address(campaign, "flows/one/"), {"version": fresh(campaign).version})
    assert saved["Location"] == f"{address(campaign)}#flows"
    assert "Saved: workflow of “One”." in page.get(address(campaign)).content.decode()


def test_a_locked_flow_says_so_when_its_page_is_asked_for(page: Client, creator: Membership) -> None:
    campaign = in_state("running", "flow", workspace=creator.workspace, created_by=creator)
    shown = page.get(address(campaign, "flows/one/who/"), follow=True).content.decode()
    assert "The flow “One” is active and read-only while the campaign is Active: stop it first." in shown


def test_the_trigger_of_a_flow_counts_whom_it_would_let_in(page: Client, creator: Membership) -> None:
    campaign = CampaignFactory(kind="flow", created_by=creator, people=3)
    (segment,) = campaign.flows[0]["trigger"]["in"][0]
    url = f"/campaigns/{campaign.pk}/audience/?flow=one&inside={segment}"
    assert '<span class="tile-value">3</span> people' in page.get(url).content.decode()
    stored = fresh(campaign)
    stored.flows[0]["trigger"]["filter"] = {"attribute": "plan", "op": "eq", "value": "nobody's"}
    stored.save()
    assert '<span class="tile-value">0</span> people' in page.get(url).content.decode()


def test_a_running_flow_campaign_counts_who_entered_and_claims_no_queue(
    page: Client, creator: Membership
) -> None:
    campaign = in_state("running", "flow", workspace=creator.workspace, created_by=creator)
    work_on(campaign.pk, NOW)
    number = Journey.objects.filter(campaign=campaign).count()
    shown = page.get(f"/campaigns/{campaign.pk}/").content.decode()
    assert f"{number} in progress</a>" in shown and ">Entered<" in shown
    assert "being put into the queue" not in shown


def test_it_is_started_by_hand_only(page: Client, empty: Campaign) -> None:
    shown = page.get(address(empty, "when/")).content.decode()
    assert "starts_at" not in shown and "started and stopped by hand" in shown
    values = {"timezone": "Europe/Istanbul", "starts_at": "2030-01-01T10:00"}
    assert page.post(address(empty, "when/"), values).status_code == 302
    assert (fresh(empty).timezone, fresh(empty).starts_at) == ("Europe/Istanbul", None)


def test_an_error_comes_with_its_cause_into_a_page_that_is_open(page: Client, creator: Membership) -> None:
    campaign = in_state("running", "flow", workspace=creator.workspace, created_by=creator)
    perform("fail", campaign.pk, Actor.system(), params={"reason": "The agent is ill."})
    live = page.get(f"/campaigns/{campaign.pk}/live/").content.decode()
    for place in ("cause", "since", "lately"):
        assert f'id="{place}" hx-swap-oob="true"' in live
    assert live.count("The agent is ill.") >= 3, "the tag, the note and the last line of what was done"
    assert "Error since" in live


def test_a_review_knows_that_events_bring_their_properties(page: Client, creator: Membership) -> None:
    step = {
        "key": "hello",
        "type": "message",
        "channel": "email",
        "subject": "Hi",
        "body": "{{ event.order }}",
    }
    trigger = {"type": "event", "name": "order"}
    flow = {"key": "one", "name": "One", "trigger": trigger, "workflow": [step]}
    campaign = CampaignFactory(kind="flow", created_by=creator, flows=[flow])
    shown = page.get(f"/campaigns/{campaign.pk}/review/").content.decode()
    assert (
        "Empty for" not in shown and "Does “order” · every time" in shown and "Nobody chosen yet" not in shown
    )


def test_what_waits_for_approval_is_not_lost_by_a_further_edit(
    page: Client, creator: Membership, approver: Membership, admin_member: Membership
) -> None:
    """A second edit of a live campaign begins from the one that waits beside it, whichever page it is made on."""
    campaign = in_state("running", "flow", workspace=creator.workspace, created_by=creator)
    update_policy(admin_member, {"kinds": ["flow"], "from_audience": 0}, NOW)
    added = page.post(address(campaign), {"op": "flow:add", "new_flow": "Later"})
    before = flows(campaign)

    def waiting() -> list[str]:
        return [flow["name"] for flow in waiting_proposal(fresh(campaign))["flows"]]

    assert waiting() == [*[name for name, _ in before], "Later"]
    assert "Later" in page.get(address(campaign)).content.decode()
    assert page.get(added["Location"]).status_code == 200
    page.post(added["Location"].replace("/who/", "/settings/"), {"name": "Much later"})
    page.post(address(campaign), {"op": "flow:add", "new_flow": "Last"})
    assert waiting() == [*[name for name, _ in before], "Much later", "Last"]
    assert flows(campaign) == before

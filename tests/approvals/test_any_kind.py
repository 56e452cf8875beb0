"""Approval of kinds other than message, where the policy asks for it; by default nothing of theirs changes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from approvals.models import Request
from campaigns.models import Campaign
from campaigns.services.actions import perform
from campaigns.services.actors import Actor
from campaigns.services.channel_actions import perform_channel
from campaigns.services.channels import add_channel, update_channel
from campaigns.services.editing import save_edit
from campaigns.services.errors import Invalid, NotAllowed
from campaigns.services.offers import offers
from campaigns.services.policies import update_policy
from channels.models import Channel
from tests import factories
from tests.factories import NOW, in_state

pytestmark = pytest.mark.django_db
TOMORROW = NOW + timedelta(days=1)


@pytest.fixture(autouse=True)
def _policy(workspace: Any, admin_member: Any) -> None:
    update_policy(admin_member, {"kinds": ["sms", "voice", "journey", "outreach"], "from_audience": 3}, NOW)


def act(action: str, campaign: Campaign, member: Any, **params: Any) -> Campaign:
    return perform(action, campaign.pk, Actor.member(member), params=params, now=NOW)


def names(campaign: Campaign, member: Any) -> dict[str, str]:
    fresh = Campaign.objects.select_related("workspace").get(pk=campaign.pk)
    return {offer.name: offer.reason for offer in offers([fresh], member)[campaign.pk] if not offer.link}


def made(kind: str, creator: Any, **values: Any) -> Campaign:
    return factories.CampaignFactory(kind=kind, created_by=creator, **values)


def test_sms_is_sent_for_approval_first_and_then_scheduled(creator: Any, approver: Any) -> None:
    campaign = made("sms", creator)
    menu = names(campaign, creator)
    assert next(iter(menu)) == "submit" and menu["submit"] == ""
    asks = (
        "The policy asks for approval of SMS blast campaigns of 3 people or more: send it for approval first."
    )
    assert menu["schedule"] == asks
    with pytest.raises(NotAllowed, match="send it for approval first"):
        act("schedule", campaign, creator, starts_at=TOMORROW)
    assert act("submit", campaign, creator).status == "pending_approval"
    assert list(names(campaign, approver)) == ["approve", "reject", "duplicate"]
    assert list(names(campaign, creator)) == ["withdraw", "duplicate"]
    approved = act("approve", campaign, approver)
    assert approved.status == "draft"
    assert approved.status_reason == f"Approved by {approver.user.email}; it can be started."
    assert "submit" not in names(campaign, creator)
    scheduled = act("schedule", campaign, creator, starts_at=TOMORROW)
    assert scheduled.status == "scheduled"
    launched = perform("launch", campaign.pk, Actor.system(), now=TOMORROW)
    assert launched.status == "running"
    # What the actions did to the times has not taken the approval away.
    act("stop", campaign, creator)
    assert names(campaign, creator)["restart"] != asks


def test_a_smaller_audience_needs_none(creator: Any) -> None:
    campaign = made("sms", creator, people=2)
    assert list(names(campaign, creator)) == ["schedule", "archive", "duplicate", "delete"]
    assert act("schedule", campaign, creator, starts_at=TOMORROW).status == "scheduled"
    factories.people(campaign.workspace, 1, segment=campaign.segment)
    with pytest.raises(NotAllowed, match="of 3 people or more"):
        perform("launch", campaign.pk, Actor.system(), now=TOMORROW)


def test_any_edit_takes_the_approval_away(creator: Any, approver: Any) -> None:
    campaign = made("sms", creator)
    act("submit", campaign, creator)
    act("approve", campaign, approver)
    channel = Channel.objects.get(campaign=campaign)
    update_channel(channel.pk, Actor.member(approver), {"content": {"body": "Changed"}}, NOW)
    with pytest.raises(NotAllowed, match="send it for approval first"):
        act("schedule", campaign, creator, starts_at=TOMORROW)
    act("submit", campaign, creator)
    with pytest.raises(NotAllowed, match="made or edited"):
        act("approve", campaign, approver)


def test_rejected_and_withdrawn_it_is_edited_and_sent_again(creator: Any, approver: Any) -> None:
    campaign = made("voice", creator)
    act("submit", campaign, creator)
    assert act("reject", campaign, approver, comment="Too loud.").status == "rejected"
    assert list(names(campaign, creator)) == ["submit", "archive", "duplicate", "delete"]
    saved = save_edit(campaign.pk, Actor.member(creator), {"timezone": "Europe/Istanbul"}, None, NOW)
    assert (saved.outcome, saved.campaign.status) == ("save", "rejected")
    act("submit", campaign, creator)
    assert act("withdraw", campaign, creator).status == "draft"


def test_an_approved_start_is_kept(creator: Any, approver: Any) -> None:
    campaign = made("sms", creator, starts_at=TOMORROW.isoformat())
    act("submit", campaign, creator)
    act("approve", campaign, approver)
    with pytest.raises(Invalid, match="was approved; to move it"):
        act("schedule", campaign, creator, starts_at=TOMORROW + timedelta(days=1))
    assert act("schedule", campaign, creator).starts_at == TOMORROW


def test_a_stopped_journey_goes_back_to_stopped(creator: Any, approver: Any, workspace: Any) -> None:
    campaign = made("journey", creator)
    act("submit", campaign, creator)
    act("approve", campaign, approver)
    act("start", campaign, creator)
    act("stop", campaign, creator, mode="exit")
    workflow = [
        {"key": "hello", "type": "message", "channel": "email", "subject": "News", "body": "New words"}
    ]
    save_edit(campaign.pk, Actor.member(creator), {"workflow": workflow}, None, NOW)
    assert "send it for approval first" in names(campaign, creator)["restart"]
    act("submit", campaign, creator)
    assert act("approve", campaign, approver).status == "stopped"
    assert names(campaign, creator)["restart"] in (
        "",
        "The last stop is still being carried out; try again in a few seconds.",
    )


def test_a_running_journey_goes_on_while_an_edit_waits(creator: Any, approver: Any) -> None:
    campaign = made("journey", creator)
    act("submit", campaign, creator)
    act("approve", campaign, approver)
    act("start", campaign, creator)
    workflow = [
        {"key": "hello", "type": "message", "channel": "email", "subject": "News", "body": "New words"}
    ]
    edited = save_edit(campaign.pk, Actor.member(creator), {"workflow": workflow}, None, NOW)
    assert (edited.outcome, edited.campaign.status) == ("submit", "running")
    assert len(Campaign.objects.get(pk=campaign.pk).workflow) == 3
    assert "approve" not in names(campaign, approver)
    assert act("approve", campaign, approver).status == "running"
    assert Campaign.objects.get(pk=campaign.pk).workflow == workflow


def test_the_send_schedule_of_a_scheduled_blast_is_moved_by_an_approved_edit(
    creator: Any, approver: Any
) -> None:
    campaign = made("sms", creator)
    act("submit", campaign, creator)
    act("approve", campaign, approver)
    act("schedule", campaign, creator, starts_at=TOMORROW)
    later = TOMORROW + timedelta(days=1)
    edited = save_edit(campaign.pk, Actor.member(creator), {"starts_at": later.isoformat()}, None, NOW)
    assert (edited.outcome, edited.campaign.status) == ("submit", "scheduled")
    assert Campaign.objects.get(pk=campaign.pk).starts_at == TOMORROW
    assert act("approve", campaign, approver).starts_at == later
    act("cancel_schedule", campaign, creator)
    assert not Request.objects.filter(campaign=campaign, status="open").exists()


def test_outreach_channels_wait_for_approval(creator: Any, approver: Any) -> None:
    campaign = made("outreach", creator)
    channel = Channel.objects.get(campaign=campaign)
    actor = Actor.member(creator)
    with pytest.raises(NotAllowed, match="send it for approval first"):
        perform_channel("start", channel.pk, actor, now=NOW)
    act("submit", campaign, creator)
    with pytest.raises(NotAllowed, match="Pending for Approval"):
        perform_channel("start", channel.pk, actor, now=NOW)
    act("approve", campaign, approver)
    perform_channel("start", channel.pk, actor, now=NOW)
    assert Campaign.objects.get(pk=campaign.pk).status == "running"
    data = {"kind": "sms", "connection": channel.connection_id, "content": {"body": "Hello"}}
    assert add_channel(campaign.pk, actor, data, NOW) is None
    assert Channel.objects.filter(campaign=campaign).count() == 1
    act("approve", campaign, approver)
    added = Channel.objects.get(campaign=campaign, kind="sms")
    assert perform_channel("start", added.pk, actor, now=NOW).status == "running"


def test_an_approver_publishes_an_edit_of_what_runs(creator: Any, approver: Any) -> None:
    campaign = in_state_approved("journey", creator, approver)
    workflow = [
        {"key": "hello", "type": "message", "channel": "email", "subject": "News", "body": "New words"}
    ]
    edited = save_edit(campaign.pk, Actor.member(approver), {"workflow": workflow}, None, NOW)
    assert (edited.outcome, edited.request) == ("publish", None)
    assert Campaign.objects.get(pk=campaign.pk).workflow == workflow


def in_state_approved(kind: str, creator: Any, approver: Any) -> Campaign:
    """Approved and started."""
    campaign = made(kind, creator)
    act("submit", campaign, creator)
    act("approve", campaign, approver)
    return act("start", campaign, creator)


def test_kinds_that_the_policy_does_not_name_stay_as_they_are(creator: Any) -> None:
    campaign = in_state("draft", "message", workspace=creator.workspace, created_by=creator)
    assert list(names(campaign, creator)) == ["publish", "archive", "duplicate", "delete"]
    assert act("publish", campaign, creator).status == "running"

"""Requests and decisions through the gateway: several approvers, what an approval pins, and how a request ends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from approvals.models import Notification, Request
from campaigns.domain.snapshot import content_hash
from campaigns.models import Activity, Campaign, Topic
from campaigns.services.actions import perform
from campaigns.services.actors import Actor
from campaigns.services.editing import save_edit
from campaigns.services.errors import Forbidden, Invalid, NotAllowed, Stale
from campaigns.services.snapshots import snapshot_of
from channels.models import Channel
from tests import factories
from tests.factories import NOW, in_state

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def third(workspace: Any) -> Any:
    """A second approver."""
    return factories.member("approver", workspace)


def act(action: str, campaign: Campaign, member: Any, now: Any = NOW, **params: Any) -> Campaign:
    return perform(action, campaign.pk, Actor.member(member), params=params, now=now)


def edit(campaign: Campaign, member: Any, body: str = "Good day", now: Any = NOW, **params: Any) -> Any:
    channel = Channel.objects.get(campaign=campaign)
    content = {"subject": "News", "body": body}
    item = {"id": channel.pk, "kind": "email", "connection": channel.connection_id, "content": content}
    return save_edit(campaign.pk, Actor.member(member), {"channels": [item]}, None, now, params=params)


def pending(creator: Any, **values: Any) -> Campaign:
    return in_state("pending_approval", "message", workspace=creator.workspace, created_by=creator, **values)


def request_of(campaign: Campaign) -> Request:
    return Request.objects.filter(campaign=campaign).latest("pk")


def log(campaign: Campaign) -> list[tuple[str, str, str]]:
    rows = Activity.objects.filter(campaign_id=campaign.pk).order_by("pk")
    return list(rows.values_list("action", "from_status", "to_status"))


def body(campaign: Campaign) -> str:
    return str(Channel.objects.get(campaign=campaign).content["body"])


def test_a_request_pins_who_what_and_when(creator: Any) -> None:
    campaign = pending(creator)
    request = request_of(campaign)
    assert request.content_hash == content_hash(snapshot_of(campaign)) == content_hash(request.snapshot)
    assert (request.audience, request.needed, request.authors) == (3, 1, [creator.user_id])
    assert request.version == campaign.version


def test_two_approvers_have_to_agree_and_each_only_once(
    creator: Any, approver: Any, third: Any, workspace: Any
) -> None:
    workspace.approval_policy.approvers_needed = 2
    workspace.approval_policy.save()
    campaign = pending(creator)
    first = act("approve", campaign, approver, comment="Fine.")
    assert (first.status, first.status_reason) == ("pending_approval", "1 of 2 approvals.")
    with pytest.raises(NotAllowed, match="approved it already"):
        act("approve", campaign, approver)
    assert act("approve", campaign, third).status == "running"
    request = request_of(campaign)
    assert (request.status, request.decided_by) == ("approved", third.user)
    assert list(request.decisions.order_by("pk").values_list("verdict", "comment")) == [
        ("approve", "Fine."), ("approve", ""),
    ]  # fmt: skip
    assert log(campaign)[-2:] == [
        ("approve", "pending_approval", "pending_approval"), ("approve", "pending_approval", "running"),
    ]  # fmt: skip


def test_one_rejection_rejects_though_another_has_agreed(
    creator: Any, approver: Any, third: Any, workspace: Any
) -> None:
    workspace.approval_policy.approvers_needed = 2
    workspace.approval_policy.save()
    campaign = pending(creator)
    act("approve", campaign, approver)
    with pytest.raises(Invalid, match="needs a comment"):
        act("reject", campaign, third, comment="  ")
    assert act("reject", campaign, third, comment="The link is wrong.").status == "rejected"
    assert request_of(campaign).comment == "The link is wrong."
    assert list(Notification.objects.filter(recipient=creator.user).values_list("subject", flat=True)) == [
        f"“{campaign.name}” was rejected"
    ]


def test_an_edit_voids_the_approvals_that_are_there(
    creator: Any, approver: Any, third: Any, workspace: Any
) -> None:
    workspace.approval_policy.approvers_needed = 2
    workspace.approval_policy.save()
    campaign = pending(creator)
    act("approve", campaign, approver)
    edited = edit(campaign, creator)
    assert edited.outcome == "submit" and edited.campaign.status == "pending_approval"
    assert list(Request.objects.filter(campaign=campaign).order_by("pk").values_list("status", flat=True)) == [
        "voided", "open",
    ]  # fmt: skip
    assert act("approve", campaign, approver).status == "pending_approval"
    assert act("approve", campaign, third).status == "running"


def test_what_has_changed_since_the_page_was_opened_is_not_approved(creator: Any, approver: Any) -> None:
    campaign = pending(creator)
    seen = request_of(campaign)
    edit(campaign, creator, "Something else")
    with pytest.raises(Stale, match="Another request"):
        act("approve", campaign, approver, request=seen.pk, content_hash=seen.content_hash)
    with pytest.raises(Stale, match="Something else") as refusal:
        act("approve", campaign, approver, content_hash=seen.content_hash)
    assert refusal.value.fields["channels.0.content.body"].endswith("→ Something else")
    now_seen = request_of(campaign)
    done = act("approve", campaign, approver, request=now_seen.pk, content_hash=now_seen.content_hash)
    assert done.status == "running"


def test_what_was_changed_behind_the_gateways_back_is_not_approved(creator: Any, approver: Any) -> None:
    campaign = pending(creator)
    Channel.objects.filter(campaign=campaign).update(content={"subject": "News", "body": "Smuggled in"})
    with pytest.raises(Stale, match="Smuggled in"):
        act("approve", campaign, approver)
    assert Campaign.objects.get(pk=campaign.pk).status == "pending_approval"


def test_an_edit_that_changes_nothing_leaves_the_request_open(creator: Any) -> None:
    campaign = pending(creator)
    request = request_of(campaign)
    assert edit(campaign, creator, body(campaign)).outcome == "save"
    assert request_of(campaign) == request and request.status == "open"


def test_name_and_labels_are_nobodys_business_unless_the_content_shows_the_name(creator: Any) -> None:
    campaign = in_state("scheduled", "message", workspace=creator.workspace, created_by=creator)
    actor = Actor.member(creator)
    assert save_edit(campaign.pk, actor, {"name": "Renamed"}, None, NOW).outcome == "save"
    Channel.objects.filter(campaign=campaign).update(
        content={"subject": "{{ campaign.name }}", "body": "Hello"}
    )
    edited = save_edit(campaign.pk, actor, {"name": "Free money"}, None, NOW)
    assert (edited.outcome, edited.campaign.status) == ("submit", "pending_approval")


def test_withdraw_is_for_who_asked_or_edited(creator: Any, approver: Any, workspace: Any) -> None:
    campaign = pending(creator)
    other = factories.member("creator", workspace)
    with pytest.raises(NotAllowed, match="can withdraw"):
        act("withdraw", campaign, other)
    with pytest.raises(Forbidden):
        act("withdraw", campaign, approver)
    assert act("withdraw", campaign, creator).status == "draft"
    assert request_of(campaign).status == "withdrawn"
    assert not Campaign.objects.get(pk=campaign.pk).approved_hash


def test_an_approver_who_had_to_ask_can_take_it_back(approver: Any, creator: Any, workspace: Any) -> None:
    workspace.approval_policy.approvers_may_publish = False
    workspace.approval_policy.save()
    campaign = factories.CampaignFactory(kind="message", created_by=approver)
    with pytest.raises(NotAllowed, match="has no action"):
        act("publish", campaign, approver)
    assert act("submit", campaign, approver).status == "pending_approval"
    with pytest.raises(NotAllowed, match="submitted themselves"):
        act("approve", campaign, approver)
    assert act("withdraw", campaign, approver).status == "draft"


def test_a_scheduled_time_that_passed_is_asked_about_and_a_new_one_is_taken(
    creator: Any, approver: Any
) -> None:
    campaign = pending(creator, delivery={"type": "one_time", "at": (NOW + DAY).isoformat()})
    with pytest.raises(Invalid, match="only where its own has passed"):
        act("approve", campaign, approver, starts_at=(NOW + 2 * DAY).isoformat())
    late = NOW + 2 * DAY
    with pytest.raises(Invalid) as refusal:
        act("approve", campaign, approver, late)
    assert "start_now" in refusal.value.fields
    assert request_of(campaign).status == "open"
    done = act("approve", campaign, approver, late, starts_at=(NOW + 3 * DAY).isoformat())
    assert (done.status, done.starts_at) == ("scheduled", NOW + 3 * DAY)


def test_a_live_campaign_keeps_what_was_approved_until_the_edit_is(creator: Any, approver: Any) -> None:
    campaign = in_state("running", "message", workspace=creator.workspace, created_by=creator)
    before = body(campaign)
    edited = edit(campaign, creator, "Changed")
    assert (edited.outcome, edited.campaign.status) == ("submit", "running")
    request = request_of(campaign)
    assert body(campaign) == before and request.proposal["channels"][0]["content"]["body"] == "Changed"
    assert request.baseline["what"]["channels"][0]["content"]["body"] == before
    assert act("approve", campaign, approver).status == "running"
    assert body(campaign) == "Changed"
    assert Campaign.objects.get(pk=campaign.pk).approved_hash == request.content_hash


def test_edits_that_wait_add_up_and_all_who_made_them_are_authors(
    creator: Any, approver: Any, workspace: Any
) -> None:
    campaign = in_state("running", "message", workspace=workspace, created_by=creator)
    edit(campaign, creator, "First change")
    second = factories.member("creator", workspace)
    edit(campaign, second, "Second change")
    request = request_of(campaign)
    assert set(request.authors) == {creator.user_id, second.user_id}
    assert request.proposal["channels"][0]["content"]["body"] == "Second change"
    assert act("withdraw", campaign, creator).status == "running"
    assert request_of(campaign).status == "withdrawn"


def test_a_stop_lets_the_request_expire(creator: Any, approver: Any) -> None:
    campaign = in_state("running", "message", workspace=creator.workspace, created_by=creator)
    edit(campaign, creator)
    assert act("stop", campaign, creator).status == "stopped"
    assert request_of(campaign).status == "expired"
    with pytest.raises(NotAllowed):
        act("approve", campaign, approver)


def test_after_the_first_run_withdrawing_goes_on_and_rejecting_holds(creator: Any, approver: Any) -> None:
    campaign = in_state("awaiting_next_run", "message", workspace=creator.workspace, created_by=creator)
    before = body(campaign)
    assert edit(campaign, creator).campaign.status == "pending_approval"
    assert act("withdraw", campaign, creator).status == "awaiting_next_run"
    edit(campaign, creator, "Once more")
    assert act("reject", campaign, approver, comment="No.").status == "rejected"
    assert body(campaign) == before
    # Editing goes on from what was sent back.
    assert edit(campaign, creator, "Better").campaign.status == "pending_approval"
    assert act("approve", campaign, approver).status == "awaiting_next_run"
    assert body(campaign) == "Better"


def test_a_rejected_edit_can_be_sent_again_as_it_is(creator: Any, approver: Any) -> None:
    campaign = in_state("awaiting_next_run", "message", workspace=creator.workspace, created_by=creator)
    edit(campaign, creator, "Once more")
    act("reject", campaign, approver, comment="Why?")
    assert act("submit", campaign, creator).status == "pending_approval"
    assert act("approve", campaign, approver).status == "awaiting_next_run"
    assert body(campaign) == "Once more"


def test_what_is_published_below_the_threshold_is_not_sent_to_more_people_than_that(
    creator: Any, approver: Any, workspace: Any
) -> None:
    workspace.approval_policy.from_audience = 5
    workspace.approval_policy.save()
    at = (NOW + DAY).isoformat()
    campaign = factories.CampaignFactory(
        kind="message", created_by=creator, delivery={"type": "one_time", "at": at}
    )
    assert act("publish", campaign, creator).status == "scheduled"
    factories.people(workspace, 10, segment=campaign.segment)
    with pytest.raises(NotAllowed, match="Message campaigns of 5 people or more"):
        perform("launch", campaign.pk, Actor.system(), now=NOW + DAY)


def test_everybody_who_may_decide_is_told(creator: Any, approver: Any, third: Any, admin_member: Any) -> None:
    campaign = pending(creator)
    told = Notification.objects.filter(campaign=campaign)
    assert {row.recipient_id for row in told} == {approver.user_id, third.user_id, admin_member.user_id}


def test_the_topic_is_approved_because_it_says_whom_opt_outs_leave_out(creator: Any, approver: Any) -> None:
    topic = Topic.objects.create(workspace=creator.workspace, name="News")
    campaign = in_state("running", "message", workspace=creator.workspace, created_by=creator)
    edited = save_edit(campaign.pk, Actor.member(creator), {"topic": "News"}, None, NOW)
    assert edited.outcome == "submit" and Campaign.objects.get(pk=campaign.pk).topic is None
    assert act("approve", campaign, approver).topic_id == topic.pk
    again = save_edit(campaign.pk, Actor.member(creator), {"topic": "News", "labels": ["May"]}, None, NOW)
    assert again.outcome == "save"

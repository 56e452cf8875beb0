"""Messages that wait as drafts (feature A15): released or discarded by somebody, a few or all; never sent by themselves."""

from __future__ import annotations

from datetime import timedelta

import pytest

from approvals.models import Policy
from campaigns.engine import sweeping
from campaigns.models import Activity, Campaign
from campaigns.services import duties
from campaigns.services.actions import perform
from campaigns.services.actors import Actor
from campaigns.services.drafts import decide
from campaigns.services.errors import Forbidden, NotAllowed, NotFound
from campaigns.services.impact import impact
from channels.models import Channel, Delivery
from tests.campaigns.drafting import journey, statuses, work
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def test_drafts_wait_until_they_are_released(creator):
    campaign = journey(creator)
    assert statuses(campaign) == [("drafted", "")] * 3
    first = Delivery.objects.earliest("id")
    later = NOW + timedelta(days=3)
    assert decide("release", campaign.pk, Actor.member(creator), [first.pk], later).now == 1
    first.refresh_from_db()
    assert (first.status, first.due_at) == ("pending", later)
    assert decide("release", campaign.pk, Actor.member(creator), [first.pk], later).now == 0, "once"
    told = Activity.objects.get(campaign=campaign, action="release_drafts")
    assert told.data == {"drafts": 1, "all": False} and told.actor == creator.user
    work(campaign)


@pytest.mark.parametrize(
    ("decision", "becomes"), [("release", ("pending", "")), ("discard", ("cancelled", "discarded"))]
)
def test_all_of_them_in_batches_and_later_ones_wait_for_a_decision_of_their_own(creator, decision, becomes):
    campaign = journey(creator, people=7)
    assert decide(decision, campaign.pk, Actor.member(creator), None, NOW).following == 7
    late = Delivery.objects.latest("id")
    Delivery.objects.create(
        channel_id=late.channel_id,
        run=1,
        step="hello",
        person_id=late.person_id,
        status="drafted",
        due_at=NOW,
    )
    with pytest.raises(NotAllowed, match="few seconds"):
        decide(decision, campaign.pk, Actor.member(creator), None, NOW)
    channel = Channel.objects.get(campaign=campaign)
    assert sweeping.sweep_channel(channel.pk, NOW, batch=3) == 7
    assert statuses(campaign) == [becomes] * 7 + [("drafted", "")]
    channel = Channel.objects.get(pk=channel.pk)
    assert (channel.sweep, channel.sweep_reason, channel.status) == ("", "", "running")
    work(campaign)


@pytest.mark.parametrize(
    ("action", "params", "reason"), [("stop", {"mode": "exit"}, "exited"), ("archive", {}, "archived")]
)
def test_a_stop_and_an_archive_cancel_what_nobody_released(creator, action, params, reason):
    campaign = journey(creator)
    perform(action, campaign.pk, Actor.member(creator), params=params, now=NOW)
    assert decide("release", campaign.pk, Actor.member(creator), None, NOW).following == 0, (
        "nothing after a stop"
    )
    work(campaign)
    assert statuses(campaign) == [("cancelled", reason)] * 3
    assert (
        Campaign.objects.get(pk=campaign.pk).sweep == ""
        and Channel.objects.get(campaign=campaign).sweep == ""
    )


def test_a_stop_takes_the_place_of_a_release_that_is_going_on(creator):
    campaign = journey(creator)
    decide("release", campaign.pk, Actor.member(creator), None, NOW)
    perform("stop", campaign.pk, Actor.member(creator), params={"mode": "exit"}, now=NOW)
    work(campaign)
    assert statuses(campaign) == [("cancelled", "exited")] * 3


def test_who_may_release(creator, approver, stranger):
    campaign = journey(creator)
    ids = list(Delivery.objects.values_list("pk", flat=True))
    with pytest.raises(NotFound):
        decide("release", campaign.pk, Actor.member(stranger), ids, NOW)
    Policy.objects.update_or_create(workspace=creator.workspace, defaults={"kinds": ["journey"]})
    with pytest.raises(Forbidden, match="ask an approver"):
        decide("release", campaign.pk, Actor.member(creator), ids[:1], NOW)
    assert decide("release", campaign.pk, Actor.member(approver), ids[:1], NOW).now == 1
    assert decide("discard", campaign.pk, Actor.member(creator), ids[1:], NOW).now == 2


def test_drafts_of_another_campaign_are_passed_over(creator):
    campaign, other = journey(creator), journey(creator)
    foreign = list(Delivery.objects.filter(channel__campaign=other).values_list("pk", flat=True))
    assert decide("release", campaign.pk, Actor.member(creator), foreign, NOW).now == 0
    assert statuses(other) == [("drafted", "")] * 3


def test_a_stop_that_lets_people_finish_says_that_drafts_are_cancelled_at_its_end_and_does_so(creator):
    campaign = journey(creator)
    campaign = Campaign.objects.get(pk=campaign.pk)
    decide("discard", campaign.pk, Actor.member(creator), [Delivery.objects.earliest("id").pk], NOW)
    choices = {choice.value: choice.sentence for choice in impact("stop", campaign, creator, NOW).choices}
    assert "2 drafts wait for release: what is not released by then is cancelled." in choices["finish"]
    assert "draft" not in choices["exit"], "there they are cancelled with everything else"
    perform("stop", campaign.pk, Actor.member(creator), params={"mode": "finish"}, now=NOW)
    duties.settle(NOW)
    work(campaign)
    assert Campaign.objects.get(pk=campaign.pk).status == "stopped"
    assert {status for status, _ in statuses(campaign)} == {"cancelled"}

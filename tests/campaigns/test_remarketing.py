"""Remarketing (seed 003): a new channel for the people of a finished one, promised when it is made and never changed."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.domain.snapshot import differences
from campaigns.engine import ledger, promising
from campaigns.models import Activity, Campaign, Membership
from campaigns.services import duties, snapshots
from campaigns.services.actions import perform
from campaigns.services.actors import Actor
from campaigns.services.channel_actions import offer_remarketing, perform_channel
from campaigns.services.errors import Invalid, NotAllowed, NotFound, Stale
from campaigns.services.policies import update_policy
from channels.models import Channel, Delivery, PromisedPerson, Suppression
from tests.campaigns.remarketing_kit import (
    LATER,
    InState,
    by_hand,
    finished_channel,
    promised,
    remarket,
)
from tests.factories import NOW, CampaignFactory, PersonFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def finished(in_state: InState) -> Channel:
    """An email channel that has completed, with a row of every sort."""
    return finished_channel(in_state)


def reached(channel: Channel) -> list[int]:
    """The people of the channel's ledger rows."""
    return list(channel.deliveries.order_by("person_id").values_list("person_id", flat=True))


def test_a_channel_for_those_who_have_not_opened_reaches_exactly_them(
    finished: Channel, creator: Membership
) -> None:
    people = by_hand(finished, "unseen")
    made = remarket(finished, creator, "unseen")
    assert (made.status, made.source_id, made.outcome, made.promised) == ("ready", finished.pk, "unseen", 2)
    assert promised(made) == people
    campaign = Campaign.objects.get(pk=made.campaign_id)
    assert (campaign.status, campaign.status_reason) == ("running", "1 channel finished, 1 still to start")
    told = Activity.objects.get(channel_id=made.pk, action="remarket")
    assert told.data == {
        "channel": "sms", "now": "Ready", "of": finished.pk, "outcome": "Sent, not opened", "people": 2,
    }  # fmt: skip
    perform_channel("start", made.pk, Actor.member(creator), now=LATER)
    duties.work_on(campaign.pk, LATER)
    assert list(made.deliveries.order_by("person_id").values_list("person_id", "status")) == [
        (person, "pending") for person in people
    ]
    assert list(ledger.violations()) == []


def test_what_is_reported_later_neither_adds_nor_takes(finished: Channel, creator: Membership) -> None:
    people = by_hand(finished, "unseen")
    made = remarket(finished, creator, "unseen")
    finished.deliveries.filter(person_id=people[0]).update(opened_at=LATER)
    finished.deliveries.exclude(person_id__in=people).filter(status="sent").update(
        opened_at=None, clicked_at=None
    )
    assert promising.count_outcomes(finished)["unseen"].people == 5, "by now others have that outcome"
    perform_channel("start", made.pk, Actor.member(creator), now=LATER)
    duties.work_on(made.campaign_id, LATER)
    assert reached(made) == people == promised(made)


def test_neither_does_a_change_of_the_list(finished: Channel, creator: Membership) -> None:
    people = by_hand(finished, "failed")
    made = remarket(finished, creator, "failed")
    finished.campaign.segment.members.all().delete()
    perform_channel("start", made.pk, Actor.member(creator), now=LATER)
    duties.work_on(made.campaign_id, LATER)
    assert reached(made) == people


def test_who_must_not_be_contacted_any_more_is_skipped_with_the_reason(
    finished: Channel, creator: Membership
) -> None:
    made = remarket(finished, creator, "unseen")
    first, second = promised(made)
    person = finished.deliveries.get(person_id=first).person
    Suppression.objects.create(
        workspace=finished.campaign.workspace,
        address_kind="phone",
        address=person.phone,
        reason="unsubscribed",
    )
    type(person).objects.filter(pk=second).update(phone="")
    perform_channel("start", made.pk, Actor.member(creator), now=LATER)
    duties.work_on(made.campaign_id, LATER)
    assert dict(made.deliveries.values_list("person_id", "reason")) == {
        first: "unsubscribed",
        second: "no_address",
    }


def test_a_stop_before_everybody_was_queued_counts_those_too(
    in_state: InState, creator: Membership, now: Any
) -> None:
    """Nobody is lost: whom the enrolment had not come to is in *Not sent before the stop*."""
    campaign = in_state("outreach", "running", people=7)
    channel = campaign.channels.get()
    from campaigns.engine.enrolment import EnrolReport, _enrol_chunk

    _enrol_chunk(channel.pk, now, 3, EnrolReport())
    assert channel.deliveries.count() == 3
    perform_channel("stop", channel.pk, Actor.member(creator), now=now)
    with pytest.raises(NotAllowed, match="still being carried out"):
        remarket(channel, creator, "not_sent")
    duties.work_on(campaign.pk, now)
    channel.refresh_from_db(fields=["sweep"])
    assert promising.count_outcomes(Channel.objects.get(pk=channel.pk))["not_sent"].people == 7
    made = remarket(channel, creator, "not_sent")
    assert made.promised == len(promised(made)) == 7
    perform_channel("start", made.pk, Actor.member(creator), now=LATER)
    duties.work_on(campaign.pk, LATER)
    assert made.deliveries.count() == 7
    again = perform_channel("stop", made.pk, Actor.member(creator), now=LATER)
    assert again.status == "stopped"


def test_a_remarketing_channel_can_be_remarketed(finished: Channel, creator: Membership) -> None:
    made = remarket(finished, creator, "unseen")
    perform_channel("start", made.pk, Actor.member(creator), now=LATER)
    perform_channel("stop", made.pk, Actor.member(creator), now=LATER)
    duties.work_on(made.campaign_id, LATER)
    again = remarket(Channel.objects.get(pk=made.pk), creator, "not_sent")
    assert promised(again) == promised(made), "nobody was queued: everybody promised is left"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"outcome": ""}, "outcome"),
        ({"outcome": "happy"}, "outcome"),
        ({"outcome": "busy"}, "outcome"),
        ({"outcome": "converted", "kind": "pigeon"}, "kind"),
        ({"outcome": "converted", "connection": 10**15}, "connection"),
        ({"outcome": "converted", "content": {"body": 3}}, "content.body"),
        ({"outcome": "converted", "persons": 1}, "persons"),
        ({"outcome": "answered"}, "outcome"),
    ],
)
def test_what_is_wrong_is_named_and_leaves_nothing(
    finished: Channel, creator: Membership, values: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        remarket(finished, creator, **{"outcome": "converted", **values})
    assert list(refusal.value.fields) == [field]
    assert Channel.objects.count() == 1 and not PromisedPerson.objects.exists()
    assert Campaign.objects.get(pk=finished.campaign_id).status == "completed"


def test_other_numbers_than_those_that_were_seen_are_refused(finished: Channel, creator: Membership) -> None:
    with pytest.raises(Stale, match="takes 2 people now, it took 3 when you looked"):
        remarket(finished, creator, "unseen", people=3)
    assert not PromisedPerson.objects.exists()
    assert remarket(finished, creator, "unseen", people=2).promised == 2


def test_an_outcome_that_nobody_has_is_refused(finished: Channel, creator: Membership) -> None:
    finished.deliveries.filter(status="unknown").update(status="sent")
    with pytest.raises(Invalid, match="has nobody: choose an outcome with people"):
        remarket(finished, creator, "unknown")


def test_only_a_finished_channel_of_ones_own_is_remarketed(
    in_state: InState, creator: Membership, stranger: Membership
) -> None:
    campaign = in_state("outreach", "running")
    channel = campaign.channels.get()
    with pytest.raises(NotAllowed, match="Running has no “remarket”"):
        remarket(channel, creator, "failed")
    assert not offer_remarketing(channel.pk, Actor.member(creator))["enabled"]
    with pytest.raises(NotFound):
        remarket(channel, stranger, "failed")
    with pytest.raises(NotFound):
        offer_remarketing(channel.pk, Actor.member(stranger))
    blast = in_state("sms", "completed").channels.get()
    with pytest.raises(NotAllowed, match="follow the campaign"):
        remarket(blast, creator, "failed")


def test_the_numbers_are_those_of_the_promise(finished: Channel, creator: Membership) -> None:
    offer = offer_remarketing(finished.pk, Actor.member(creator))
    assert offer["enabled"] and not offer["reason"]
    for row in offer["outcomes"]:
        if row["people"]:
            assert remarket(finished, creator, row["outcome"]).promised == row["people"]
    assert not PromisedPerson.objects.exclude(channel__in=Channel.objects.all()).exists()


def test_a_removed_channel_takes_its_promise_with_it(finished: Channel, creator: Membership) -> None:
    gone, kept = remarket(finished, creator, "unseen"), remarket(finished, creator, "failed")
    gone_id = gone.pk
    perform_channel("remove", gone.pk, Actor.member(creator), now=LATER)
    assert duties.forget(LATER)["promises"] == 2
    assert promised(Channel(pk=gone_id)) == [] and promised(kept)
    assert duties.forget(LATER)["promises"] == 0


def test_so_does_a_deleted_campaign(finished: Channel, creator: Membership) -> None:
    remarket(finished, creator, "failed")
    perform("delete", finished.campaign_id, Actor.member(creator), now=LATER)
    duties.work(LATER)
    assert not PromisedPerson.objects.exists() and not Campaign.objects.exists()


def test_a_copy_of_the_campaign_leaves_it_out(finished: Channel, creator: Membership) -> None:
    """Its people are in the original's ledger: copied without them, it would go to everybody."""
    remarket(finished, creator, "failed")
    copy = perform("duplicate", finished.campaign_id, Actor.member(creator), now=LATER)
    assert [channel.kind for channel in copy.channels.all()] == ["email"]


def test_the_proof_finds_a_promised_person_who_was_lost(finished: Channel, creator: Membership) -> None:
    made = remarket(finished, creator, "unseen")
    perform_channel("start", made.pk, Actor.member(creator), now=LATER)
    duties.work_on(made.campaign_id, LATER)
    lost = made.deliveries.order_by("person_id").first()
    assert lost is not None
    Delivery.objects.filter(pk=lost.pk).delete()
    assert f"channel {made.pk}: person {lost.person_id} of its audience has no row" in list(
        ledger.violations()
    )


def test_a_channel_without_people_of_its_own_still_goes_to_the_list(
    creator: Membership, workspace: Any, finished: Channel
) -> None:
    """The audience of ordinary channels is what it was, also beside a remarketing one."""
    remarket(finished, creator, "failed")
    PersonFactory(workspace=workspace)
    other = CampaignFactory(created_by=creator, kind="outreach", people=4)
    channel = other.channels.get()
    perform_channel("start", channel.pk, Actor.member(creator), now=NOW)
    duties.work_on(other.pk, NOW)
    assert channel.deliveries.count() == 4


def test_under_a_policy_it_waits_for_approval_and_the_approver_sees_whom_it_is_for(
    finished: Channel, creator: Membership, admin_member: Membership
) -> None:
    update_policy(admin_member, {"kinds": ["outreach"]}, NOW)
    made = remarket(finished, creator, "unseen")
    with pytest.raises(NotAllowed, match="send it for approval first"):
        perform_channel("start", made.pk, Actor.member(creator), now=LATER)
    shown = snapshots.snapshot_of(Campaign.objects.get(pk=made.campaign_id))
    (said,) = [one.after for one in differences({}, shown) if one.label == "SMS: for"]
    assert said == f"2 people: Sent, not opened (channel {finished.pk})"

"""What the beat starts and ends by itself: what has changed since it was found due, and what cannot start, stays."""

from datetime import timedelta
from unittest import mock

import pytest

from campaigns.engine import settling
from campaigns.models import Campaign, Segment
from campaigns.services import actions, duties, working
from campaigns.services.actors import Actor
from campaigns.services.campaigns import create_campaign, update_campaign
from campaigns.services.errors import Invalid
from channels.models import Delivery
from tests.factories.workspaces import NOW

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def fresh(campaign):
    return Campaign.objects.get(pk=campaign.pk)


def changing(owner, name, change):
    """Let ``change`` happen between the moment when ``name`` is found due and its lock."""
    original = getattr(owner, name)

    def first_change(*args, **values):
        change()
        return original(*args, **values)

    return mock.patch.object(owner, name, first_change)


def test_a_start_that_was_just_moved_does_not_happen_early(in_state):
    campaign = in_state("sms", "scheduled")
    with changing(duties.actions, "lock", lambda: Campaign.objects.update(starts_at=NOW + 9 * DAY)):
        assert duties.start_due(NOW + DAY)["started"] == []
    assert fresh(campaign).status == "scheduled"


def test_a_stop_that_was_just_moved_does_not_happen_early(in_state):
    campaign = in_state("sms", "running")
    Campaign.objects.update(stops_at=NOW + 2 * DAY)
    with changing(duties.actions, "lock", lambda: Campaign.objects.update(stops_at=NOW + 9 * DAY)):
        assert duties.stop_due(NOW + 2 * DAY) == {"stopped": []}
    assert fresh(campaign).status == "running"


def test_a_message_queued_again_at_the_last_moment_keeps_the_campaign_running(in_state):
    campaign = in_state("sms", "running")
    duties.work_on(campaign.pk, NOW + DAY)
    Delivery.objects.update(status="unknown")
    assert settling.ready_to_complete(NOW + DAY) == [campaign.pk]
    with changing(duties.actions, "lock", lambda: Delivery.objects.update(status="pending")):
        assert duties.settle(NOW + DAY)["completed"] == []
    assert fresh(campaign).status == "running"


@pytest.mark.parametrize(
    "lost",
    [{"segment_id": None, "trigger": {}}, {"workflow": []}, {"workflow": [{"key": "a", "type": "exit"}]}],
)
def test_an_incomplete_journey_does_not_start_and_says_why(in_state, creator, lost):
    campaign = in_state("journey", "draft")
    actions.perform("schedule", campaign.pk, Actor.member(creator), params={"starts_at": NOW + DAY}, now=NOW)
    Campaign.objects.filter(pk=campaign.pk).update(**lost)
    assert duties.start_due(NOW + DAY)["started"] == []
    assert fresh(campaign).status == "draft"
    assert fresh(campaign).status_reason.startswith("It could not start on ")


def test_a_start_whose_stop_has_passed_too_is_asked_about(in_state, creator):
    campaign = in_state("journey", "draft")
    times = {"starts_at": NOW + DAY, "stops_at": NOW + 1.1 * DAY}
    actions.perform("schedule", campaign.pk, Actor.member(creator), params=times, now=NOW)
    assert duties.start_due(NOW + 1.2 * DAY) == {"started": [], "asked": [campaign.pk]}
    assert fresh(campaign).status == "draft"


def test_the_work_of_one_campaign_that_fails_does_not_stop_the_others(in_state):
    broken, sound = in_state("sms", "running"), in_state("sms", "running")

    def work_on(campaign_id, now, seconds):
        if campaign_id == broken.pk:
            raise RuntimeError("This one fails.")
        return {"swept": 0, "enrolled": 3}

    with mock.patch.object(working, "work_on", work_on):
        assert duties.work(NOW + DAY)["enrolled"] == 3
    assert sound.pk in duties.busy_campaigns()


def test_a_journey_without_steps_moves_nobody_and_fails_nothing(in_state):
    campaign = in_state("journey", "running")
    Campaign.objects.update(workflow=[])
    assert duties.work_on(campaign.pk, NOW)["moved"] >= 0


def test_a_schedule_without_a_time_takes_the_one_that_the_campaign_has(in_state, creator):
    campaign = in_state("sms", "draft")
    Campaign.objects.update(starts_at=NOW + DAY)
    scheduled = actions.perform("schedule", campaign.pk, Actor.member(creator), now=NOW)
    assert (scheduled.status, scheduled.starts_at) == ("scheduled", NOW + DAY)


def test_a_schedule_without_a_time_asks_where_the_planned_one_has_passed(in_state, creator):
    campaign = in_state("sms", "draft")
    Campaign.objects.update(starts_at=NOW - DAY)
    with pytest.raises(Invalid) as refusal:
        actions.perform("schedule", campaign.pk, Actor.member(creator), now=NOW)
    assert "starts_at" in refusal.value.fields


def test_scheduling_only_the_stop_of_a_journey_leaves_its_start(in_state, creator):
    campaign = in_state("journey", "draft")
    for params in ({"starts_at": NOW + DAY}, {"stops_at": NOW + 2 * DAY}):
        actions.perform("schedule", campaign.pk, Actor.member(creator), params=params, now=NOW)
    assert (fresh(campaign).starts_at, fresh(campaign).stops_at) == (NOW + DAY, NOW + 2 * DAY)


def test_a_planned_time_of_a_draft_blast_is_no_scheduled_label(in_state):
    campaign = in_state("sms", "draft", starts_at=(NOW + DAY).isoformat())
    assert campaign.starts_at and not campaign.scheduled
    assert in_state("journey", "draft", starts_at=(NOW + DAY).isoformat()).scheduled


def test_a_journey_is_not_started_by_a_time_that_has_passed(in_state, creator):
    past = {"starts_at": (NOW - DAY).isoformat()}
    with pytest.raises(Invalid):
        create_campaign(Actor.member(creator), {"kind": "journey", "name": "Late", **past}, NOW)
    campaign = in_state("journey", "draft")
    with pytest.raises(Invalid):
        update_campaign(campaign.pk, Actor.member(creator), past, campaign.version, NOW)


@pytest.mark.parametrize("edit", [{"workflow": []}, {"trigger": {}, "audience": None}, {"channels": []}])
def test_a_live_journey_cannot_lose_what_it_needs(in_state, creator, edit):
    campaign = in_state("journey", "running")
    with pytest.raises(Invalid):
        update_campaign(campaign.pk, Actor.member(creator), edit, campaign.version, NOW)
    assert fresh(campaign).version == campaign.version


def test_unarchiving_makes_every_list_of_the_trigger_active_again(in_state, creator):
    campaign = in_state("journey", "archived")
    kept_out = Segment.objects.create(workspace=campaign.workspace, name="Kept out", archived_at=NOW)
    Campaign.objects.update(
        trigger={"type": "segment", "in": [[campaign.segment_id]], "not_in": [kept_out.pk]}
    )
    actions.perform("unarchive", campaign.pk, Actor.member(creator), now=NOW)
    assert Segment.objects.get(pk=kept_out.pk).archived_at is None


def test_a_missed_start_does_not_keep_a_draft_for_ever(in_state):
    campaign = in_state("journey", "draft")
    Campaign.objects.update(starts_at=NOW + DAY, stops_at=NOW + 2 * DAY)
    due = campaign.archive_due_at
    assert duties.archive_old(due) == {"archived": 1}
    assert (fresh(campaign).status, fresh(campaign).scheduled) == ("archived", False)

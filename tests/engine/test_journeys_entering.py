"""People enter journeys in a wave and by and by, as often as they may: nobody twice, nobody forgotten."""

from datetime import timedelta

import pytest

from campaigns.engine import entering
from campaigns.engine.journeys import enter_people
from campaigns.models import Campaign, Journey, Person, SegmentMember
from tests.engine import world
from tests.engine.world import (
    NOW,
    add_to_list,
    at_once,
    delay,
    make_journey,
    make_list,
    make_people,
    make_workspace,
    message,
    places,
)

pytestmark = [pytest.mark.django_db, pytest.mark.engine]

DAY = timedelta(days=1)
WORKFLOW = [message("hello"), delay("wait", "3 days"), message("again")]


def journey_over(number: int = 10, workflow=None, **fields) -> Campaign:
    workspace = make_workspace()
    segment = make_list(workspace, make_people(workspace, number), since=NOW - DAY)
    return make_journey(segment, workflow or WORKFLOW, **fields)


def update(campaign: Campaign, **fields) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(version=campaign.version + 1, **fields)


def restart(campaign: Campaign, audience: str, now) -> None:
    """What the gateway does when a journey is started again."""
    update(
        campaign,
        status="running",
        enter_since=now,
        enter_round=2,
    )
    campaign.entrances.update(since=now, cursor=0 if audience == "current" else -1)


# --- entering: the wave


@pytest.mark.parametrize("chunk", [1, 3, 10, 1000])
def test_current_people_enter_in_a_wave(chunk):
    campaign = journey_over(10)
    assert enter_people(campaign.pk, NOW, chunk=chunk) == 10
    assert places(campaign) == {"active:hello": 10}
    assert enter_people(campaign.pk, NOW, chunk=chunk) == 0
    assert campaign.entrances.get().cursor == entering.NO_WAVE


def test_a_wave_resumes():
    campaign = journey_over(10)
    assert enter_people(campaign.pk, NOW, seconds=0, chunk=4) == 4
    assert enter_people(campaign.pk, NOW, seconds=0, chunk=4) == 4
    assert enter_people(campaign.pk, NOW, chunk=4) == 2
    assert places(campaign) == {"active:hello": 10}


@pytest.mark.parametrize(
    "closed",
    [{"status": "stopping"}, {"status": "stopped"}, {"status": "archived"}, {"enter_since": None}, {"deleted_at": NOW},
     {"workflow": []}],
)  # fmt: skip
def test_nobody_enters_through_closed_doors(closed):
    campaign = journey_over()
    update(campaign, **closed)
    assert enter_people(campaign.pk, NOW) == 0


def test_everyone_and_a_trigger_of_lists():
    workspace = make_workspace()
    people = make_people(workspace, 6)
    campaign = make_journey(world.everyone(workspace), WORKFLOW)
    assert enter_people(campaign.pk, NOW) == 6
    inside, outside = make_list(workspace, people[:4], "in"), make_list(workspace, people[3:], "out")
    trigger = {"type": "segment", "in": [[inside.pk]], "not_in": [outside.pk]}
    triggered = make_journey(None, WORKFLOW, workspace=workspace, trigger=trigger)
    assert enter_people(triggered.pk, NOW) == 3


@pytest.mark.django_db(transaction=True)
def test_two_at_once_let_everybody_in_once():
    campaign = journey_over(2_000)
    at_once(*[lambda: enter_people(campaign.pk, NOW, chunk=100)] * 4)
    enter_people(campaign.pk, NOW, chunk=100)
    assert places(campaign) == {"active:hello": 2_000}
    assert Journey.objects.filter(entry=0).count() == 2_000


@pytest.mark.django_db(transaction=True)
def test_a_stop_during_a_chunk_leaves_nobody_of_the_chunk_inside(monkeypatch):
    campaign = journey_over(30)
    look = entering.move_entrance

    def stop_then_look(*args, **values):
        at_once(lambda: update(campaign, status="stopped", enter_since=None))
        return look(*args, **values)

    monkeypatch.setattr(entering, "move_entrance", stop_then_look)
    assert enter_people(campaign.pk, NOW, chunk=10) == 0
    assert places(campaign) == {}


# --- entering: additions


def test_future_additions_enter_and_nobody_who_was_there_before():
    campaign = journey_over(5, enter_cursor=entering.NO_WAVE)
    assert enter_people(campaign.pk, NOW + DAY) == 0
    added = make_people(campaign.workspace, 3, prefix="new", added=NOW + DAY)
    add_to_list(campaign.segment, added, NOW + DAY)
    assert enter_people(campaign.pk, NOW + DAY / 2) == 0, "not before they joined"
    assert enter_people(campaign.pk, NOW + DAY, chunk=2) == 3
    assert enter_people(campaign.pk, NOW + DAY) == 0
    assert set(Journey.objects.values_list("person_id", flat=True)) == set(added)


def test_people_added_while_the_wave_goes_enter_once():
    campaign = journey_over(6)
    enter_people(campaign.pk, NOW, seconds=0, chunk=3)
    early = Person.objects.order_by("pk").first()
    SegmentMember.objects.filter(person=early).delete()
    add_to_list(campaign.segment, [early.pk], NOW + DAY)
    add_to_list(campaign.segment, make_people(campaign.workspace, 2, prefix="new"), NOW + DAY)
    enter_people(campaign.pk, NOW + DAY)
    assert places(campaign) == {"active:hello": 8}


def test_everyone_means_people_who_are_new_in_the_workspace():
    workspace = make_workspace()
    make_people(workspace, 3)
    campaign = make_journey(world.everyone(workspace), WORKFLOW, enter_cursor=entering.NO_WAVE)
    added = make_people(workspace, 4, prefix="new", added=NOW + DAY)
    assert enter_people(campaign.pk, NOW + DAY, chunk=3) == 4
    assert set(Journey.objects.values_list("person_id", flat=True)) == set(added)


def test_joining_counts_from_the_last_condition_that_was_met():
    """Long on the first list, now on the second too: that is joining. One more list of an *or* is nothing new."""
    workspace = make_workspace()
    people = make_people(workspace, 4)
    one, two, three = (make_list(workspace, name=name) for name in ("one", "two", "three"))
    add_to_list(one, people, NOW - DAY)
    add_to_list(two, people[:1], NOW - DAY)
    trigger = {"type": "segment", "in": [[one.pk], [two.pk, three.pk]]}
    campaign = make_journey(
        None, WORKFLOW, workspace=workspace, trigger=trigger, enter_cursor=entering.NO_WAVE
    )
    add_to_list(two, people[1:2], NOW + DAY)
    add_to_list(three, people[0:3:2], NOW + DAY)
    assert enter_people(campaign.pk, NOW + DAY) == 2
    assert set(Journey.objects.values_list("person_id", flat=True)) == {people[1], people[2]}


def test_a_list_filled_by_a_slow_transaction_is_not_overlooked():
    """What commits late carries an earlier time: the look back covers it."""
    campaign = journey_over(1, enter_cursor=entering.NO_WAVE)
    enter_people(campaign.pk, NOW + DAY)
    add_to_list(
        campaign.segment, make_people(campaign.workspace, 2, prefix="late"), NOW + DAY - timedelta(minutes=50)
    )
    assert enter_people(campaign.pk, NOW + DAY + timedelta(seconds=15)) == 2


def test_a_rehearsal_with_a_time_to_come_does_not_shut_out_tomorrows_people():
    far = NOW.replace(year=2090)
    campaign = journey_over(1, enter_cursor=entering.NO_WAVE)
    enter_people(campaign.pk, far)
    assert campaign.entrances.get().since < far - DAY


# --- frequency


@pytest.mark.parametrize(
    ("frequency", "after", "ended", "expected"),
    [
        ({}, 100 * DAY, True, 0),
        ({"once": True}, 100 * DAY, True, 0),
        ({"every_time": True}, DAY, True, 4),
        ({"every_time": True}, DAY, False, 0),
        ({"at_most_every": "30 days"}, 29 * DAY, True, 0),
        ({"at_most_every": "30 days"}, 31 * DAY, True, 4),
        ({"at_most_every": "30 days"}, 31 * DAY, False, 0),
    ],
)
@pytest.mark.parametrize("way", ["restart", "added again"])
def test_frequency_decides_who_enters_again(frequency, after, ended, expected, way):
    campaign = journey_over(4, frequency=frequency)
    enter_people(campaign.pk, NOW)
    if ended:
        Journey.objects.update(status="finished", ended_at=NOW)
    if way == "restart":
        restart(campaign, "current", NOW + after)
    else:
        SegmentMember.objects.filter(segment=campaign.segment).update(since=NOW + after)
    assert enter_people(campaign.pk, NOW + after) == expected
    assert enter_people(campaign.pk, NOW + after) == 0
    assert Journey.objects.filter(entry=1).count() == expected


def test_a_restart_for_future_additions_only():
    campaign = journey_over(4, frequency={"every_time": True})
    enter_people(campaign.pk, NOW)
    Journey.objects.update(status="finished")
    restart(campaign, "future", NOW + DAY)
    assert enter_people(campaign.pk, NOW + 2 * DAY) == 0
    add_to_list(campaign.segment, make_people(campaign.workspace, 1, prefix="new"), NOW + 2 * DAY)
    assert enter_people(campaign.pk, NOW + 2 * DAY) == 1

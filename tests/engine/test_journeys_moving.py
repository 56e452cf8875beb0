"""People move through the steps of a journey: nobody lost, nobody written to twice."""

from datetime import timedelta

import pytest

from campaigns.engine import journeys
from campaigns.engine.compacting import compact_journey_tallies
from campaigns.engine.journeys import advance, enter_people
from campaigns.models import Campaign, Journey, JourneyTally, Person
from campaigns.services.counts import counts_for, journey_counts
from channels.models import Channel, Delivery, Suppression
from tests.engine.world import (
    NOW,
    at_once,
    delay,
    make_journey,
    make_list,
    make_people,
    make_workspace,
    message,
    places,
    statuses,
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


# --- moving


def test_a_journey_from_start_to_end():
    campaign = journey_over(10)
    channel = campaign.channels.get()
    enter_people(campaign.pk, NOW)
    assert advance(campaign.pk, NOW) == 10
    assert places(campaign) == {"active:wait": 10}
    assert statuses(channel) == {"pending": 10}
    assert advance(campaign.pk, NOW + 3 * DAY - timedelta(microseconds=1)) == 0, "never early"
    assert advance(campaign.pk, NOW + 3 * DAY) == 20
    assert places(campaign) == {"finished": 10}
    assert set(Delivery.objects.values_list("step", "run", "status").distinct()) == {
        ("hello", 0, "pending"),
        ("again", 0, "pending"),
    }
    assert advance(campaign.pk, NOW + 100 * DAY) == 0
    assert counts_for([campaign.pk])[campaign.pk]["audience"] == 20


def test_a_late_beat_does_not_lengthen_a_delay():
    campaign = journey_over(1, [delay("one", "1 day"), delay("two", "1 day"), message("hello")])
    enter_people(campaign.pk, NOW)
    advance(campaign.pk, NOW)
    assert Journey.objects.get().due_at == NOW + DAY
    advance(campaign.pk, NOW + DAY + timedelta(hours=7))
    assert Journey.objects.get().due_at == NOW + 2 * DAY, "counted from when the first was over"


@pytest.mark.parametrize(
    ("duration", "zone", "start", "due"),
    [
        ("30 minutes", "UTC", "2026-03-02T09:00+00:00", "2026-03-02T09:30+00:00"),
        ("24 hours", "Europe/Berlin", "2026-03-28T09:00+01:00", "2026-03-29T10:00+02:00"),
        ("1 day", "Europe/Berlin", "2026-03-28T09:00+01:00", "2026-03-29T09:00+02:00"),
        ("1 day", "Europe/Berlin", "2026-03-28T02:30+01:00", "2026-03-29T03:30+02:00"),
        ("1 week", "America/New_York", "2026-10-28T09:00-04:00", "2026-11-04T09:00-05:00"),
        ("1 month", "UTC", "2026-01-31T09:00+00:00", "2026-02-28T09:00+00:00"),
        ("6 months", "UTC", "2025-08-31T09:00+00:00", "2026-02-28T09:00+00:00"),
    ],
)
def test_days_and_longer_keep_the_wall_clock_of_the_campaigns_zone(duration, zone, start, due):
    from datetime import datetime

    moment = datetime.fromisoformat(start)
    campaign = journey_over(1, [message("hello"), delay("wait", duration)], timezone=zone)
    enter_people(campaign.pk, moment.replace(year=moment.year + 1))
    Journey.objects.update(due_at=moment)
    advance(campaign.pk, moment)
    assert Journey.objects.get().due_at == datetime.fromisoformat(due)


@pytest.mark.parametrize("batch", [1, 3, 100])
def test_any_size_of_batch(batch):
    campaign = journey_over(7)
    enter_people(campaign.pk, NOW)
    assert advance(campaign.pk, NOW, batch=batch) == 7
    assert places(campaign) == {"active:wait": 7}


def test_it_goes_on_where_it_stopped():
    campaign = journey_over(7)
    enter_people(campaign.pk, NOW)
    calls = 0
    while advance(campaign.pk, NOW, seconds=0, batch=2):
        calls += 1
    assert calls == 4
    assert places(campaign) == {"active:wait": 7}
    assert Delivery.objects.count() == 7


def test_exit_ends_the_journey_there():
    campaign = journey_over(2, [message("hello"), {"key": "out", "type": "exit"}, message("never")])
    enter_people(campaign.pk, NOW)
    advance(campaign.pk, NOW)
    assert places(campaign) == {"exited:exit_step": 2}
    assert set(Delivery.objects.values_list("step", flat=True)) == {"hello"}


def test_people_at_a_step_that_was_removed_leave_at_once():
    campaign = journey_over(3)
    enter_people(campaign.pk, NOW)
    advance(campaign.pk, NOW)
    update(campaign, workflow=WORKFLOW[:1])
    assert advance(campaign.pk, NOW) == 3
    assert places(campaign) == {"exited:step_removed": 3}


def test_people_keep_their_place_by_key_when_steps_move():
    campaign = journey_over(3)
    enter_people(campaign.pk, NOW)
    advance(campaign.pk, NOW)
    update(campaign, workflow=[delay("wait", "1 day"), message("again"), message("hello")])
    advance(campaign.pk, NOW + 3 * DAY)
    assert Delivery.objects.filter(step="again").count() == 3
    assert Delivery.objects.filter(step="hello").count() == 3, "the row of the first time is the only one"


def test_without_its_channel_people_wait_before_the_message():
    campaign = journey_over(2)
    enter_people(campaign.pk, NOW)
    Channel.objects.filter(campaign=campaign).update(kind="email")
    assert advance(campaign.pk, NOW) == 0
    Channel.objects.filter(campaign=campaign).update(kind="sms")
    assert advance(campaign.pk, NOW) == 2


def test_each_entry_is_a_run_of_its_own():
    campaign = journey_over(2, [message("hello")], frequency={"every_time": True})
    for day in (0, 1):
        restart(Campaign.objects.get(pk=campaign.pk), "current", NOW + day * DAY)
        enter_people(campaign.pk, NOW + day * DAY)
        advance(campaign.pk, NOW + day * DAY)
    assert sorted(Delivery.objects.values_list("run", flat=True)) == [0, 0, 1, 1]


def test_skips_have_reasons():
    campaign = journey_over(6)
    people = list(Person.objects.order_by("pk"))
    for pk, fields in (
        (people[0].pk, {"phone": ""}),
        (people[2].pk, {"phone": people[1].phone}),
    ):
        Person.objects.filter(pk=pk).update(**fields)
    Person.objects.filter(pk__in=[people[1].pk, people[2].pk]).update(shares_phone=True)
    for person, reason in ((people[3], "unsubscribed"), (people[4], "complained")):
        Suppression.objects.create(
            workspace=campaign.workspace, address_kind="phone", address=person.phone, reason=reason
        )
    enter_people(campaign.pk, NOW)
    advance(campaign.pk, NOW, batch=2)
    assert statuses(campaign.channels.get()) == {
        "pending": 2, "skipped:no_address": 1, "skipped:unsubscribed": 1, "skipped:suppressed": 1,
        "skipped:duplicate_address": 1,
    }  # fmt: skip
    assert places(campaign) == {"active:wait": 6}


def test_a_deleted_person_gets_no_row():
    campaign = journey_over(3)
    enter_people(campaign.pk, NOW)
    Person.objects.filter(pk=Person.objects.order_by("pk").first().pk).delete()
    advance(campaign.pk, NOW)
    assert Delivery.objects.count() == 2


@pytest.mark.parametrize("status", ["draft", "stopped", "archived"])
def test_nobody_moves_unless_the_campaign_runs(status):
    campaign = journey_over(2)
    enter_people(campaign.pk, NOW)
    update(campaign, status=status)
    assert advance(campaign.pk, NOW) == 0


def test_people_move_on_while_it_is_stopping():
    campaign = journey_over(2)
    enter_people(campaign.pk, NOW)
    update(campaign, status="stopping", enter_since=None)
    advance(campaign.pk, NOW)
    advance(campaign.pk, NOW + 3 * DAY)
    assert places(campaign) == {"finished": 2}


@pytest.mark.django_db(transaction=True)
def test_two_at_once_write_to_everybody_once():
    campaign = journey_over(2_000)
    enter_people(campaign.pk, NOW)
    at_once(*[lambda: advance(campaign.pk, NOW, batch=100)] * 4)
    advance(campaign.pk, NOW)
    assert places(campaign) == {"active:wait": 2_000}
    assert statuses(campaign.channels.get()) == {"pending": 2_000}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("change", [{"status": "stopped", "sweep": "exit"}, {"workflow": [message("other")]}])
def test_a_change_during_a_batch_leaves_nothing_of_the_batch(monkeypatch, change):
    """Stopped: nothing more is written. Edited: nobody goes where the old workflow led."""
    campaign = journey_over(10)
    enter_people(campaign.pk, NOW)
    look = journeys.campaign_is

    def change_then_look(*arguments):
        at_once(lambda: update(campaign, **change))
        return look(*arguments)

    monkeypatch.setattr(journeys, "campaign_is", change_then_look)
    assert advance(campaign.pk, NOW) == 0
    assert places(campaign) == {"active:hello": 10}
    assert Delivery.objects.count() == 0


# --- counts


def test_counts_by_step_are_exact_and_survive_compacting(django_assert_num_queries):
    campaign = journey_over(10)
    enter_people(campaign.pk, NOW, chunk=3)
    advance(campaign.pk, NOW, batch=4)
    Journey.objects.filter(pk__in=Journey.objects.values("pk")[:3]).update(status="exited")
    expected = {"entered": 10, "active": 7, "finished": 0, "exited": 3, "at": {"wait": 7}}
    with django_assert_num_queries(1):
        assert journey_counts([campaign.pk]) == {campaign.pk: expected}
    before = JourneyTally.objects.count()
    assert compact_journey_tallies() == 0, "not worth it yet"
    assert compact_journey_tallies(worth=1) == before
    assert JourneyTally.objects.count() < before
    assert journey_counts([campaign.pk]) == {campaign.pk: expected}

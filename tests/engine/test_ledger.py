"""`check_ledger` proves the ledger, and finds every way in which it can be wrong."""

import io
import json
import tracemalloc
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from campaigns.engine import ledger
from campaigns.engine.enrolment import enrol_channel
from campaigns.engine.journeys import advance, enter_people
from campaigns.engine.sweeping import sweep
from campaigns.models import Campaign, Journey, JourneyTally, Person
from campaigns.services.counts import COUNTED, channel_counts
from channels.models import Channel, Delivery, InAppMessage, Tally
from tests.engine import world
from tests.engine.world import (
    NOW,
    delay,
    insert_deliveries,
    make_campaign,
    make_channel,
    make_journey,
    make_list,
    make_people,
    make_workspace,
    message,
)

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


def check() -> str:
    out = io.StringIO()
    call_command("check_ledger", stdout=out)
    return out.getvalue()


def wrong() -> list[str]:
    return list(ledger.violations())


@pytest.fixture
def blast():
    """A blast over 20 people, enrolled, some of it sent; and a journey on its way."""
    workspace = make_workspace()
    people = make_people(workspace, 20)
    segment = make_list(workspace, people)
    channel = make_channel(make_campaign(segment), started_at=NOW)
    enrol_channel(channel.pk, NOW)
    Delivery.objects.filter(person_id__in=people[:5]).update(status="sent", sent_at=NOW, delivered_at=NOW)
    Delivery.objects.filter(person_id__in=people[:2]).update(opened_at=NOW)
    journey = make_journey(segment, [message("a"), delay("b", "1 day"), message("c")])
    enter_people(journey.pk, NOW)
    advance(journey.pk, NOW)
    return channel


def test_one_line_where_all_is_well(blast):
    assert check() == (
        "The ledger adds up: 40 deliveries in 2 channels of 2 campaigns; every count is exact and nobody is lost.\n"
    )


def test_an_empty_installation_adds_up():
    assert "0 deliveries" in check()


def test_it_holds_through_a_whole_life(blast):
    """Stop, sweep, restart, requeue, purge: proved after every step."""
    campaign = blast.campaign_id
    for changes in (
        {"status": "stopped", "sweep": "cancel", "sweep_reason": "stopped"},
        {"status": "running", "sweep": "requeue", "sweep_reason": ""},
        {"status": "stopped", "sweep": "cancel", "sweep_reason": "archived"},
    ):
        Channel.objects.filter(pk=blast.pk).update(**changes)
        Campaign.objects.filter(pk=campaign).update(status=changes["status"])
        assert wrong() == []
        sweep(campaign, NOW)
        assert wrong() == []
        counts = channel_counts([blast.pk])[blast.pk]
        assert counts["audience"] == sum(counts[name] for name in COUNTED[1:10]) == 20
        assert (counts["delivered"], counts["opened"]) == (5, 2)
    Campaign.objects.filter(pk=campaign).update(deleted_at=NOW)
    sweep(campaign, NOW)
    assert wrong() == []


def without_triggers(sql: str) -> None:
    """Change the ledger behind the back of its counts."""
    with connection.cursor() as cursor:
        for table in ("channels_delivery", "campaigns_journey"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(sql)
        for table in ("channels_delivery", "campaigns_journey"):
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def test_a_count_that_is_off_by_one(blast):
    Tally.objects.create(channel=blast, run=0, step="", status="sent", n=1)
    assert wrong() == [f"channel {blast.pk}: the count of “sent” in run 0 step “” is 6, the ledger has 5"]


def test_a_row_changed_behind_the_counts(blast):
    without_triggers("UPDATE channels_delivery SET status = 'failed' WHERE status = 'sent'")
    assert len(wrong()) == 2


def test_an_outcome_that_was_not_counted(blast):
    without_triggers("UPDATE channels_delivery SET clicked_at = now() WHERE opened_at IS NOT NULL")
    assert wrong() == [f"channel {blast.pk}: the count of “clicked” in run 0 step “” is 0, the ledger has 2"]


def test_a_row_that_was_lost(blast):
    gone = Delivery.objects.filter(channel=blast, status="pending").first()
    without_triggers(f"DELETE FROM channels_delivery WHERE id = {gone.pk}")
    assert wrong() == [
        f"channel {blast.pk}: the count of “pending” in run 0 step “” is 15, the ledger has 14",
        f"channel {blast.pk}: person {gone.person_id} of its audience has no row",
    ]


def test_a_person_whom_enrolment_passed_without_a_row(blast):
    Delivery.objects.filter(channel=blast).first().delete()
    assert len(wrong()) == 1


def test_people_not_yet_reached_or_added_later_are_not_lost(blast):
    workspace = blast.campaign.workspace
    segment = blast.campaign.segment
    world.add_to_list(segment, make_people(workspace, 3, prefix="new"), NOW + timedelta(days=1))
    half = make_channel(make_campaign(segment), started_at=NOW)
    enrol_channel(half.pk, NOW, chunk=7, seconds=0)
    assert wrong() == []


@pytest.mark.parametrize(
    ("status", "delivery", "fine"),
    [
        ("completed", "pending", False), ("completed", "sending", False), ("completed", "sent", True),
        ("stopped", "pending", False), ("stopped", "unknown", True), ("paused", "pending", True),
    ],
)  # fmt: skip
def test_nothing_waits_in_a_finished_channel(status, delivery, fine):
    workspace = make_workspace()
    (person,) = make_people(workspace, 1)
    channel = make_channel(make_campaign(make_list(workspace), status="stopped"), status=status)
    Delivery.objects.create(channel=channel, person_id=person, status=delivery, due_at=NOW)
    assert (wrong() == []) is fine


def test_a_stop_still_being_carried_out_is_no_error():
    workspace = make_workspace()
    (person,) = make_people(workspace, 1)
    channel = make_channel(
        make_campaign(make_list(workspace), status="stopped"), status="stopped", sweep="cancel"
    )
    Delivery.objects.create(channel=channel, person_id=person, status="pending", due_at=NOW)
    assert wrong() == []


def test_rows_without_a_channel():
    insert_deliveries(Channel(pk=4711), 3, "sent")
    assert wrong() == ["deliveries of channel 4711: there is no such channel (3 rows)"]


def test_rows_of_deleted_people_are_told_and_not_wrong(blast):
    """What was sent stays counted; what still waits is skipped when its turn comes."""
    Person.objects.filter(pk=Delivery.objects.filter(channel=blast).first().person_id).delete()
    assert "40 deliveries (2 of people deleted since)" in check()


def test_journeys_are_counted_too(blast):
    JourneyTally.objects.create(campaign=Journey.objects.first().campaign, step="b", status="active", n=-2)
    assert wrong() == [
        f"campaign {Journey.objects.first().campaign_id}: the count of “active” journeys at step “b” is 18, there are 20"
    ]


def test_active_journeys_of_a_stopped_campaign(blast):
    campaign = Journey.objects.first().campaign_id
    Campaign.objects.filter(pk=campaign).update(status="stopped")
    Channel.objects.filter(campaign_id=campaign).update(status="paused")
    assert wrong() == [f"campaign {campaign} is stopped, but 20 journeys are still active"]


def test_a_running_channel_of_a_completed_campaign(blast):
    Campaign.objects.filter(pk=blast.campaign_id).update(status="completed")
    assert wrong() == [
        f"campaign {blast.campaign_id} is completed, but its channel {blast.pk} is still running"
    ]


def test_an_inbox_that_disagrees_with_the_ledger(blast):
    row = Delivery.objects.filter(channel=blast, status="sent").first()
    InAppMessage.objects.create(
        delivery=row, channel=blast, person_id=row.person_id, created_at=NOW, recalled_at=NOW
    )
    assert wrong() == [f"message {row.pk} in the inbox of person {row.person_id}: its delivery is “sent”"]


def test_the_constraint_that_keeps_rows_unique_is_missing(blast):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE channels_delivery DROP CONSTRAINT delivery_once")
        cursor.execute(
            """INSERT INTO channels_delivery (channel_id, run, step, person_id, status, reason, due_at, attempt,
                   provider_id, detail)
               SELECT channel_id, run, step, person_id, status, reason, due_at, attempt, provider_id, detail
               FROM channels_delivery WHERE channel_id = %s ORDER BY id LIMIT 1""",
            [blast.pk],
        )
    first, second = wrong()
    assert first.endswith("has 2 rows")
    assert "delivery_once" in second


def test_the_command_ends_with_an_error_and_names_each_row(blast):
    Tally.objects.create(channel=blast, run=0, step="", status="sent", n=1)
    out = io.StringIO()
    with pytest.raises(CommandError, match="does not add up: 1 row above"):
        call_command("check_ledger", stdout=out)
    assert out.getvalue().count("\n") == 1


@pytest.mark.slow
def test_memory_stays_flat_however_much_is_wrong():
    campaign = make_campaign(make_list(make_workspace()), status="completed")
    insert_deliveries(make_channel(campaign, status="completed"), 100_000)
    tracemalloc.start()
    number = sum(1 for _ in ledger.violations())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert number == 100_000
    assert peak < 5_000_000


@pytest.mark.django_db(transaction=True)
def test_the_proof_is_of_one_moment():
    """What is committed while the proof goes on does not disturb it: the snapshot is from its start."""
    workspace = make_workspace()
    channel = make_channel(make_campaign(make_list(workspace, make_people(workspace, 5))), started_at=NOW)
    with ledger.one_snapshot():
        assert Delivery.objects.count() == 0
        world.at_once(lambda: enrol_channel(channel.pk, NOW))
        assert wrong() == []
        assert ledger.extent().deliveries == 0
    assert ledger.extent().deliveries == 5


# --- manage.py tick


def test_tick_prints_what_every_duty_did_as_json(monkeypatch):
    from campaigns.services import duties

    monkeypatch.setattr(duties, "tick", lambda now: {"work": {"at": now}})
    out = io.StringIO()
    call_command("tick", "--now", "2026-03-02T09:00:00+01:00", stdout=out)
    assert json.loads(out.getvalue()) == {"work": {"at": "2026-03-02 09:00:00+01:00"}}


@pytest.mark.parametrize(
    "written", ["tomorrow", "2026-03-02", "2026-03-02T09:00:00", "2026-13-02T09:00:00Z", ""]
)
def test_a_time_that_cannot_be_read_is_one_clear_line(written):
    with pytest.raises(CommandError) as refusal:
        call_command("tick", f"--now={written}")
    assert str(refusal.value).startswith(f"--now {written!r} is not a time")
    assert "\n" not in str(refusal.value)

"""What an action leaves for the background, done in batches: cancel, recall, queue again, end journeys, purge."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import Sum

from campaigns.engine import sweeping
from campaigns.engine.batches import Deadline, go_by_index
from campaigns.engine.enrolment import enrol_channel
from campaigns.engine.sweeping import sweep, sweep_campaign, sweep_channel
from campaigns.models import Campaign, Journey
from channels.models import Channel, Delivery, InAppMessage, Tally
from tests.engine import world
from tests.engine.world import (
    NOW,
    at_once,
    insert_deliveries,
    make_campaign,
    make_channel,
    make_list,
    make_people,
    make_workspace,
    places,
    statuses,
)

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
LATER = NOW + timedelta(hours=1)


def stopped_channel(reason: str = "stopped", kind: str = "sms", campaign: Campaign | None = None) -> Channel:
    """A channel just after a stop, its sweep still to come."""
    campaign = campaign or make_campaign(make_list(make_workspace()), status="stopped")
    return make_channel(campaign, kind, "stopped", sweep="cancel", sweep_reason=reason)


def sweep_of(channel: Channel) -> str:
    return Channel.objects.get(pk=channel.pk).sweep


# --- cancel


@pytest.mark.parametrize("reason", ["stopped", "exited", "archived"])
def test_cancel_takes_what_is_pending_and_nothing_else(reason):
    channel, other = (
        stopped_channel(reason),
        stopped_channel(campaign=make_campaign(None, workspace=make_workspace("b"))),
    )
    for status, number in {"pending": 25, "sent": 5, "failed": 2, "skipped": 3, "unknown": 1}.items():
        Delivery.objects.bulk_create(
            Delivery(
                channel=channel,
                person_id=pk,
                step=status,
                status=status,
                due_at=NOW + timedelta(seconds=pk % 3),
            )
            for pk in range(number)
        )
    insert_deliveries(other, 4)
    assert sweep_channel(channel.pk, LATER, batch=10) == 25
    assert statuses(channel) == {
        f"cancelled:{reason}": 25,
        "sent": 5,
        "failed": 2,
        "skipped": 3,
        "unknown": 1,
    }
    assert sweep_of(channel) == ""
    assert statuses(other) == {"pending": 4}


def test_rows_to_come_are_cancelled_too():
    channel = stopped_channel()
    insert_deliveries(channel, 3, due=NOW + timedelta(days=400))
    sweep_channel(channel.pk, NOW)
    assert statuses(channel) == {"cancelled:stopped": 3}


def test_the_sweep_waits_for_what_is_being_sent():
    """A worker may still put such a row back in the queue; only then is the stop carried out."""
    channel = stopped_channel()
    insert_deliveries(channel, 1, "sending")
    assert sweep_channel(channel.pk, NOW) == 0
    assert sweep_of(channel) == "cancel"
    Delivery.objects.update(status="pending")
    assert sweep_channel(channel.pk, NOW) == 1
    assert (statuses(channel), sweep_of(channel)) == ({"cancelled:stopped": 1}, "")


def test_a_sweep_resumes():
    channel = stopped_channel()
    insert_deliveries(channel, 30)
    assert sweep_channel(channel.pk, NOW, Deadline(0), batch=10) == 10
    assert sweep_of(channel) == "cancel"
    assert sweep_channel(channel.pk, NOW, batch=10) == 20
    assert sweep_of(channel) == ""
    assert sweep_channel(channel.pk, NOW) == 0


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_cancel_each_row_once():
    channel = stopped_channel()
    insert_deliveries(channel, 5_000)
    swept = at_once(*[lambda: sweep(channel.campaign_id, NOW)] * 4)
    assert sum(swept) + sweep(channel.campaign_id, NOW) == 5_000
    assert statuses(channel) == {"cancelled:stopped": 5_000}
    assert sweep_of(channel) == ""
    assert Tally.objects.filter(channel=channel, status="cancelled").aggregate(n=Sum("n"))["n"] == 5_000


@pytest.mark.django_db(transaction=True)
def test_a_row_locked_by_somebody_else_is_not_forgotten():
    from django.db import transaction

    channel = stopped_channel()
    insert_deliveries(channel, 10)
    with transaction.atomic():
        Delivery.objects.select_for_update().filter(person_id__in=[3, 4]).count()
        list(Delivery.objects.select_for_update().filter(person_id__in=[3, 4]))
        assert at_once(lambda: sweep_channel(channel.pk, NOW, batch=4)) == [8]
    assert sweep_of(channel) == "cancel"
    assert sweep_channel(channel.pk, NOW) == 2
    assert sweep_of(channel) == ""


@pytest.mark.django_db(transaction=True)
def test_a_batch_that_is_no_longer_asked_for_keeps_nothing(monkeypatch):
    """The channel was restarted while the batch ran."""
    channel = stopped_channel()
    insert_deliveries(channel, 10)
    look = sweeping._still_asked

    def restart_then_look(cursor, swept):
        at_once(lambda: Channel.objects.filter(pk=channel.pk).update(status="running", sweep=""))
        return look(cursor, swept)

    monkeypatch.setattr(sweeping, "_still_asked", restart_then_look)
    assert sweep_channel(channel.pk, NOW) == 0
    assert statuses(channel) == {"pending": 10}


# --- recall


@pytest.mark.parametrize(
    ("reason", "kind", "recalled"),
    [("exited", "in_app", 3), ("stopped", "in_app", 0), ("archived", "in_app", 0), ("exited", "sms", 0)],
)
def test_in_app_messages_not_opened_are_recalled_when_a_journey_is_exited(reason, kind, recalled):
    channel = stopped_channel(reason, kind)
    rows = Delivery.objects.bulk_create(
        Delivery(
            channel=channel,
            person_id=pk,
            status="sent",
            due_at=NOW,
            sent_at=NOW,
            opened_at=NOW if pk > 3 else None,
        )
        for pk in range(1, 6)
    )
    InAppMessage.objects.bulk_create(
        InAppMessage(
            delivery=row, channel=channel, person_id=row.person_id, created_at=NOW, opened_at=row.opened_at
        )
        for row in rows
    )
    assert sweep_channel(channel.pk, LATER, batch=2) == recalled
    expected = {"sent": 5 - recalled} | ({f"recalled:{reason}": recalled} if recalled else {})
    assert statuses(channel) == expected
    assert InAppMessage.objects.filter(recalled_at=LATER).count() == recalled
    assert sweep_of(channel) == ""


def test_a_message_that_arrives_behind_the_recall_is_recalled_too(monkeypatch):
    """It was on its way when the recall went by; the sweep is not over before it is taken back."""
    channel = stopped_channel("exited", "in_app")
    insert_deliveries(channel, 1, "sending")
    finish = sweeping._finish_channel

    def arrive_then_finish(swept):
        row = Delivery.objects.get(channel=channel)
        Delivery.objects.filter(pk=row.pk).update(status="sent", sent_at=NOW)
        InAppMessage.objects.create(delivery=row, channel=channel, person_id=row.person_id, created_at=NOW)
        finish(swept)

    monkeypatch.setattr(sweeping, "_finish_channel", arrive_then_finish)
    assert sweep_channel(channel.pk, LATER) == 0
    assert sweep_of(channel) == "cancel"
    monkeypatch.undo()
    assert sweep_channel(channel.pk, LATER) == 1
    assert (statuses(channel), sweep_of(channel)) == ({"recalled:exited": 1}, "")


# --- requeue


def test_a_restart_queues_what_the_stop_cancelled_and_nothing_else():
    channel = make_channel(make_campaign(make_list(make_workspace())), sweep="requeue")
    for status, reason, number in (
        ("cancelled", "stopped", 12), ("cancelled", "archived", 2), ("sent", "", 5), ("failed", "refused", 1),
    ):  # fmt: skip
        Delivery.objects.bulk_create(
            Delivery(
                channel=channel, person_id=pk, step=status + reason, status=status, reason=reason, due_at=NOW
            )
            for pk in range(number)
        )
    assert sweep_channel(channel.pk, LATER, batch=5) == 12
    assert statuses(channel) == {"pending": 12, "cancelled:archived": 2, "sent": 5, "failed:refused": 1}
    assert set(Delivery.objects.filter(status="pending").values_list("due_at", flat=True)) == {LATER}
    assert sweep_of(channel) == ""


def test_stopped_half_way_and_restarted_reaches_everybody_once():
    """Stop while the audience is still being enrolled, restart: the rest is enrolled, the cancelled are queued."""
    workspace = make_workspace()
    channel = make_channel(make_campaign(make_list(workspace, make_people(workspace, 30))))
    enrol_channel(channel.pk, NOW, chunk=10, seconds=0)
    Delivery.objects.filter(pk__in=Delivery.objects.values("pk")[:4]).update(status="sent")
    Channel.objects.filter(pk=channel.pk).update(status="stopped", sweep="cancel", sweep_reason="stopped")
    sweep(channel.campaign_id, NOW)
    assert statuses(channel) == {"sent": 4, "cancelled:stopped": 6}
    Channel.objects.filter(pk=channel.pk).update(status="running", sweep="requeue", sweep_reason="")
    sweep(channel.campaign_id, NOW)
    enrol_channel(channel.pk, NOW)
    assert statuses(channel) == {"sent": 4, "pending": 26}


@pytest.mark.django_db(transaction=True)
def test_a_stop_during_a_requeue_leaves_no_row_pending():
    """Whichever comes first, the stop's own sweep has the last word."""
    channel = make_channel(make_campaign(make_list(make_workspace())), sweep="requeue")
    insert_deliveries(channel, 2_000, "cancelled")
    Delivery.objects.update(reason="stopped")

    def stop() -> int:
        return Channel.objects.filter(pk=channel.pk).update(
            status="stopped", sweep="cancel", sweep_reason="stopped"
        )

    at_once(lambda: sweep_channel(channel.pk, NOW, batch=100), stop)
    sweep(channel.campaign_id, NOW)
    assert statuses(channel) == {"cancelled:stopped": 2_000}
    assert sweep_of(channel) == ""


# --- journeys end


@pytest.mark.parametrize(("status", "reason"), [("stopped", "stopped"), ("archived", "archived")])
def test_an_exit_ends_every_active_journey(status, reason):
    campaign = make_campaign(None, "journey", status, workspace=make_workspace(), sweep="exit")
    Journey.objects.bulk_create(
        Journey(
            campaign=campaign, person_id=pk, step=f"s{pk % 3}", due_at=NOW, entered_at=NOW, status=status_
        )
        for pk, status_ in enumerate(["active"] * 25 + ["finished"] * 3)
    )
    assert sweep_campaign(campaign.pk, LATER, batch=10) == 25
    assert places(campaign) == {f"exited:{reason}": 25, "finished": 3}
    assert set(Journey.objects.filter(status="exited").values_list("ended_at", flat=True)) == {LATER}
    assert Campaign.objects.get(pk=campaign.pk).sweep == ""


# --- plans


@pytest.mark.slow
@pytest.mark.parametrize("statement", ["_CANCEL", "_REQUEUE", "_END_JOURNEYS"])
def test_a_batch_never_reads_the_whole_ledger(statement):
    channel = stopped_channel()
    insert_deliveries(channel, 100_000, "sent")
    insert_deliveries(stopped_channel(campaign=make_campaign(None, workspace=make_workspace("b"))), 100_000)
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO campaigns_journey (campaign_id, person_id, entry, step, status, reason, due_at, entered_at)
               SELECT %s, g, 0, 'a', 'active', '', now(), now() FROM generate_series(1, 100000) g""",
            [channel.campaign_id],
        )
        cursor.execute("ANALYZE channels_delivery, campaigns_journey")
        go_by_index(cursor)
        sql = getattr(sweeping, statement)
        plan = world.explain(
            sql,
            {
                "channel": channel.pk,
                "campaign": channel.campaign_id,
                "now": NOW,
                "batch": 5_000,
                "reason": "stopped",
            }
            | {"due_again": NOW, **sweeping._STARTS.get(sql, {})},
        )
    assert "Seq Scan" not in plan, plan
    assert "Sort Key: channels_delivery" not in plan, plan

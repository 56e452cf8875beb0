"""Which channels and campaigns have come to their end, and the six-month rule's one statement."""

from datetime import timedelta

import pytest
from django.db import connection, transaction

from campaigns.domain.lifecycles import BY_KIND
from campaigns.engine import settling
from campaigns.engine.archiving import archive_due
from campaigns.engine.scheduling import due_starts, due_stops
from campaigns.engine.settling import ready_channels, ready_to_complete, ready_to_settle
from campaigns.models import Activity, Campaign, Journey
from channels.models import Channel, Delivery, Tally
from tests.engine import world
from tests.engine.world import (
    NOW,
    at_once,
    insert_deliveries,
    make_campaign,
    make_channel,
    make_list,
    make_workspace,
)

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


@pytest.fixture
def segment():
    return make_list(make_workspace())


# --- blasts

FINAL = ("sent", "failed", "skipped", "cancelled", "recalled", "unknown")


@pytest.mark.parametrize("kind", ["sms", "voice", "message"])
@pytest.mark.parametrize("status", [*FINAL, "pending", "sending"])
def test_a_blast_is_complete_when_nothing_is_pending_or_sending(segment, kind, status):
    campaign = make_campaign(segment, kind)
    channel = make_channel(campaign, enrolled=True)
    insert_deliveries(channel, 2, status)
    assert ready_to_complete(NOW) == ([campaign.pk] if status in FINAL else [])


@pytest.mark.parametrize(
    ("channel", "ready"),
    [
        ({"enrolled": True}, True),
        ({"enrolled": False}, False),
        ({"enrolled": True, "sweep": "requeue"}, False),
        ({"enrolled": True, "status": "paused"}, False),
        ({"enrolled": True, "status": "ready"}, False),
        ({"enrolled": True, "status": "errored"}, False),
        ({"status": "completed"}, True),
        ({"status": "stopped"}, True),
    ],
)
def test_every_channel_has_to_be_done(segment, channel, ready):
    campaign = make_campaign(segment, "message")
    make_channel(campaign, enrolled=True)
    make_channel(campaign, **channel)
    assert ready_to_complete(NOW) == ([campaign.pk] if ready else [])


@pytest.mark.parametrize(
    "campaign",
    [
        {"status": "stopped"},
        {"status": "archived"},
        {"deleted_at": NOW},
        {"kind": "outreach"},
        {"kind": "journey"},
    ],
)
def test_only_running_blasts_complete_by_themselves(segment, campaign):
    make_channel(make_campaign(segment, **{"kind": "sms", **campaign}), enrolled=True)
    assert ready_to_complete(NOW) == []


def test_a_retry_still_to_come_keeps_it_running(segment):
    channel = make_channel(make_campaign(segment), enrolled=True)
    insert_deliveries(channel, 1, "pending", NOW + timedelta(days=1))
    assert ready_to_complete(NOW) == []


def test_the_ledger_has_the_last_word_over_the_counts(segment):
    """Even if a count were wrong, nothing completes with a row waiting."""
    channel = make_channel(make_campaign(segment), enrolled=True)
    insert_deliveries(channel, 1)
    Tally.objects.all().delete()
    assert ready_to_complete(NOW) == []


def test_a_campaign_without_channels_is_not_complete(segment):
    make_campaign(segment)
    assert ready_to_complete(NOW) == []


def test_channels_of_an_outreach_complete_one_by_one(segment):
    campaign = make_campaign(segment, "outreach")
    done, busy, other = (make_channel(campaign, kind, enrolled=True) for kind in ("sms", "email", "voice"))
    make_channel(make_campaign(segment, "sms"), enrolled=True)
    insert_deliveries(busy, 1)
    insert_deliveries(done, 1, "sent")
    Channel.objects.filter(pk=other.pk).update(status="paused")
    assert ready_channels(NOW) == [done.pk]


# --- journeys


def stopping(segment) -> tuple[Campaign, Channel]:
    campaign = make_campaign(segment, "journey", "stopping")
    return campaign, make_channel(campaign)


def test_a_stopping_journey_settles_when_the_last_person_has_finished(segment):
    campaign, channel = stopping(segment)
    Journey.objects.create(campaign=campaign, person_id=1, step="a", due_at=NOW, entered_at=NOW)
    assert ready_to_settle(NOW) == []
    Journey.objects.update(status="finished")
    insert_deliveries(channel, 1)
    assert ready_to_settle(NOW) == []
    Delivery.objects.update(status="sending")
    assert ready_to_settle(NOW) == []
    Delivery.objects.update(status="sent")
    assert ready_to_settle(NOW) == [campaign.pk]


@pytest.mark.parametrize(
    "change", [{"status": "running"}, {"status": "stopped"}, {"deleted_at": NOW}, {"sweep": "exit"}]
)
def test_only_what_is_stopping_settles(segment, change):
    campaign, _ = stopping(segment)
    Campaign.objects.filter(pk=campaign.pk).update(**change)
    assert ready_to_settle(NOW) == []


@pytest.mark.slow
def test_asking_does_not_walk_over_what_was_sent(segment):
    channel = make_channel(make_campaign(segment), enrolled=True)
    insert_deliveries(channel, 200_000, "sent")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE channels_delivery, channels_tally")
    for sql in (settling._COMPLETE, settling._CHANNELS, settling._SETTLE):
        plan = world.explain(sql.format(only=""), {"most": 1000, "kinds": ["sms"], "now": NOW})
        assert "Seq Scan on channels_delivery" not in plan, plan
        assert "delivery_once" not in plan, plan


def test_whether_a_report_is_awaited_is_one_probe_of_an_index(segment):
    channel = make_channel(make_campaign(segment, "voice"), "voice", enrolled=True)
    insert_deliveries(channel, 5000, "sent")
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO channels_call (delivery_id, channel_id, number, provider_id, outcome, detail, called_at)
               SELECT id, channel_id, 1, '', 'answered', '', due_at FROM channels_delivery"""
        )
        cursor.execute("ANALYZE channels_call, channels_delivery, channels_tally")
    plan = world.explain(settling._CHANNELS.format(only=""), {"most": 10, "only": None, "now": NOW})
    assert "call_unreported" in plan and "Seq Scan on channels_call" not in plan, plan


# --- six months


def resting(segment, kind="sms", status="completed", **fields) -> Campaign:
    return make_campaign(segment, kind, status, **{"archive_due_at": NOW, **fields})


def archive(now=NOW, limit=100) -> list[int]:
    with transaction.atomic():
        return archive_due(now, limit)


def test_archives_what_is_due_early_by_nothing(segment):
    campaign = resting(segment)
    assert archive(NOW - timedelta(microseconds=1)) == []
    assert archive(NOW) == [campaign.pk]
    archived = Campaign.objects.get(pk=campaign.pk)
    assert (archived.status, archived.status_since, archived.version) == (
        "archived",
        NOW,
        campaign.version + 1,
    )
    assert archived.archive_due_at is None
    assert archive(NOW + timedelta(days=1)) == []


def test_each_has_its_activity_row(segment):
    campaigns = [resting(segment, status=status) for status in ("draft", "stopped", "completed")]
    archive()
    rows = Activity.objects.filter(action="auto_archive").order_by("campaign_id")
    assert [(row.campaign_id, row.from_status, row.to_status, row.subject, row.at) for row in rows] == [
        (campaign.pk, campaign.status, "archived", campaign.name, NOW) for campaign in campaigns
    ]
    assert {(row.actor_label, row.via, row.actor_id, row.workspace_id) for row in rows} == {
        ("system", "beat", None, segment.workspace_id)
    }


def test_exactly_the_statuses_that_each_kinds_lifecycle_names(segment):
    expected = set()
    for kind, lifecycle in BY_KIND.items():
        for status in (
            "draft",
            "configured",
            "stopped",
            "completed",
            "running",
            "errored",
            "scheduled",
            "rejected",
        ):
            campaign = resting(segment, kind, status)
            if lifecycle.system_edge(status, "auto_archive"):
                expected.add(campaign.pk)
    assert set(archive()) == expected
    assert len(expected) == 2 + 3 + 3 + 1 + 2 + 3 + 3


@pytest.mark.parametrize(
    "kept", [{"starts_at": NOW}, {"stops_at": NOW}, {"deleted_at": NOW}, {"archive_due_at": None}]
)
def test_what_is_still_to_come_keeps_it_alive(segment, kept):
    resting(segment, **kept)
    assert archive() == []


@pytest.mark.django_db(transaction=True)
def test_two_beats_archive_each_once():
    segment = make_list(make_workspace())
    campaigns = {resting(segment).pk for _ in range(40)}
    first, second = at_once(*[lambda: archive(limit=30)] * 2)
    done = first + second + archive()
    assert sorted(done) == sorted(campaigns)
    assert Activity.objects.count() == 40


@pytest.mark.slow
def test_finding_what_is_due_costs_no_walk_over_all_campaigns(segment):
    with connection.cursor() as cursor:
        resting(segment, archive_due_at=NOW + timedelta(days=30))
        cursor.execute(
            """INSERT INTO campaigns_campaign (workspace_id, kind, name, status, status_reason, status_since, version,
                   created_at, updated_at, trigger, frequency, workflow, flows, strategy, timezone, stop_mode,
                   restart_audience, delivery, enter_cursor, enter_round, sweep, last_active_at, archive_due_at)
               SELECT workspace_id, kind, name, status, status_reason, status_since, version, created_at, updated_at,
                   trigger, frequency, workflow, flows, strategy, timezone, stop_mode, restart_audience, delivery,
                   enter_cursor, enter_round, sweep, last_active_at, archive_due_at
               FROM campaigns_campaign, generate_series(1, 20000)"""
        )
        cursor.execute("ANALYZE campaigns_campaign")
        from campaigns.engine import archiving

        values = {
            "now": NOW, "most": 10_000, "reason": "", "edges": archiving.archive_edges(), "resting": list(archiving.RESTING),
        }  # fmt: skip
        plan = world.explain(archiving._ARCHIVE, values)
    assert "campaign_archive_due" in plan, plan
    assert "Seq Scan on campaigns_campaign" not in plan.split("CTE archived")[0], plan


# --- due starts and stops


def test_starts_come_due_with_their_lateness(segment):
    for minutes in (-1, 0, 30, 24 * 60 + 1):
        make_campaign(
            segment, status="scheduled", starts_at=NOW - timedelta(minutes=minutes), name=str(minutes)
        )
    found = {Campaign.objects.get(pk=due.campaign_id).name: due.lateness for due in due_starts(NOW)}
    assert found == {"0": "on_time", "30": "late", "1441": "ask"}


def test_the_workspaces_own_grace_counts(segment):
    from approvals.models import Policy

    Policy.objects.update_or_create(workspace=segment.workspace, defaults={"grace_hours": 1})
    make_campaign(segment, status="scheduled", starts_at=NOW - timedelta(minutes=61))
    assert [due.lateness for due in due_starts(NOW)] == ["ask"]


def test_stops_come_due_longest_overdue_first(segment):
    late, later, _ = (
        make_campaign(segment, stops_at=NOW - timedelta(minutes=minutes)) for minutes in (5, 1, -1)
    )
    assert due_stops(NOW) == [late.pk, later.pk]

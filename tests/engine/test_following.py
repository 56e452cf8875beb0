"""Messages that follow people one by one: by what they do, by what they do not do, by their dates, by API."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, connections, transaction

from campaigns.engine import events
from campaigns.engine.audience import audience_of
from campaigns.engine.batches import go_by_index
from campaigns.engine.following import _END, follow, follow_sql
from campaigns.engine.ledger import violations
from campaigns.models import Campaign, Event, Person
from campaigns.services import actions, duties
from campaigns.services.actors import Actor
from campaigns.services.events import take_events
from channels.models import Delivery
from tests.campaigns.runs import DAY, HOUR, NOW, fresh, published, send_all
from tests.engine import world
from tests.factories.campaigns import owner_of

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
ACTION = {"type": "action", "event": "purchase"}
INACTION = {"type": "inaction", "event": "cart", "without": "purchase", "within": "2 hours"}


def does(
    campaign: Campaign, who: int, name: str = "purchase", now: datetime = NOW + MINUTE, **more: Any
) -> None:
    """The person with this number does something."""
    report = take_events(campaign.workspace, [{"external_id": f"person-{who}", "name": name, **more}], now)
    assert report.created == 1, report


def rows(campaign: Campaign) -> list[tuple[str, int, str]]:
    """(who, run, status) of every row of the ledger, in the order in which they were made."""
    found = Delivery.objects.filter(channel__campaign=campaign).order_by("id")
    return list(found.values_list("person__external_id", "run", "status"))


def test_what_a_person_does_sends_them_the_message_once() -> None:
    campaign = published(ACTION)
    assert campaign.status == "running"
    does(campaign, 2)
    does(campaign, 2)
    does(campaign, 3, name="other")
    assert follow(campaign.pk, NOW + MINUTE) == 1
    does(campaign, 2)
    does(campaign, 1)
    assert follow(campaign.pk, NOW + 2 * MINUTE) == 1
    assert follow(campaign.pk, NOW + 3 * MINUTE) == 0
    assert rows(campaign) == [("person-2", 0, "pending"), ("person-1", 0, "pending")]
    assert list(violations()) == []


def test_what_happened_before_the_start_does_not_count() -> None:
    campaign = published({"type": "one_time"})
    does(campaign, 1)
    later = published(ACTION, workspace=campaign.workspace, audience={"segment": campaign.segment_id})
    does(later, 2)
    follow(later.pk, NOW + MINUTE)
    assert [who for who, _, _ in rows(later)] == ["person-2"]


def test_a_message_by_events_stays_running_until_it_is_stopped() -> None:
    campaign = published(ACTION)
    send_all(NOW + DAY)
    assert fresh(campaign).status == "running"
    does(campaign, 1)
    send_all(NOW + DAY)
    assert rows(campaign) == [("person-1", 0, "sent")]
    assert fresh(campaign).status == "running"
    actions.perform("stop", campaign.pk, Actor.member(owner_of(campaign)), now=NOW + DAY)
    does(campaign, 2, now=NOW + DAY)
    duties.work(NOW + DAY + MINUTE)
    assert len(rows(campaign)) == 1
    assert list(violations()) == []


def test_it_stops_at_its_stop() -> None:
    campaign = published(ACTION, stops_at=(NOW + DAY).isoformat())
    duties.stop_due(NOW + DAY)
    assert fresh(campaign).status == "stopped"


def test_it_begins_at_its_start() -> None:
    campaign = published(ACTION, starts_at=(NOW + DAY).isoformat())
    assert campaign.status == "scheduled"
    does(campaign, 1)
    duties.start_due(NOW + DAY)
    does(campaign, 2, now=NOW + DAY + MINUTE)
    follow(campaign.pk, NOW + DAY + MINUTE)
    assert [who for who, _, _ in rows(campaign)] == ["person-2"]


def test_every_time_sends_for_every_event() -> None:
    campaign = published(ACTION, frequency={"every_time": True})
    for who in (1, 1, 2, 1):
        does(campaign, who)
    follow(campaign.pk, NOW + MINUTE)
    does(campaign, 1)
    follow(campaign.pk, NOW + 2 * MINUTE)
    assert sorted(rows(campaign)) == [
        ("person-1", 0, "pending"), ("person-1", 1, "pending"), ("person-1", 2, "pending"),
        ("person-1", 3, "pending"), ("person-2", 0, "pending"),
    ]  # fmt: skip
    assert list(violations()) == []


def test_at_most_once_in_a_time() -> None:
    campaign = published(ACTION, frequency={"at_most_every": "2 days"})
    for day in range(5):
        does(campaign, 1, now=NOW + day * DAY + MINUTE)
        does(campaign, 1, now=NOW + day * DAY + MINUTE)
        follow(campaign.pk, NOW + day * DAY + MINUTE)
    assert [run for _, run, _ in rows(campaign)] == [0, 1, 2]


def test_a_delay_is_counted_from_when_it_happened() -> None:
    campaign = published({**ACTION, "delay": "1 hours"})
    does(campaign, 1)
    does(campaign, 2, occurred_at=(NOW - 2 * HOUR).isoformat())
    follow(campaign.pk, NOW + MINUTE)
    due = dict(Delivery.objects.values_list("person__external_id", "due_at"))
    assert due == {"person-1": NOW + MINUTE + HOUR, "person-2": NOW + MINUTE}


def test_only_the_audience_gets_it_and_reasons_to_skip_hold() -> None:
    campaign = published(ACTION)
    Person.objects.create(workspace=campaign.workspace, external_id="person-9", email="nine@example.test")
    Person.objects.filter(external_id="person-2").update(email="")
    does(campaign, 9)
    does(campaign, 2)
    follow(campaign.pk, NOW + MINUTE)
    assert rows(campaign) == [("person-2", 0, "skipped")]


def test_batches_go_on_where_they_stopped() -> None:
    campaign = published(ACTION, people=25)
    for who in range(1, 26):
        does(campaign, who)
    assert follow(campaign.pk, NOW + MINUTE, batch=4) == 25
    assert len(rows(campaign)) == 25


def test_what_a_person_does_not_do() -> None:
    campaign = published(INACTION)
    for who in (1, 2, 3):
        does(campaign, who, "cart")
    does(campaign, 2, "purchase", NOW + HOUR)
    assert follow(campaign.pk, NOW + HOUR) == 0
    does(campaign, 3, "purchase", NOW + 3 * HOUR)
    assert follow(campaign.pk, NOW + 2 * HOUR) == 0
    assert follow(campaign.pk, NOW + 2 * HOUR + 2 * MINUTE) == 2
    assert [who for who, _, _ in rows(campaign)] == ["person-1", "person-3"]


def test_what_is_reported_late_still_has_its_time() -> None:
    campaign = published(INACTION)
    does(campaign, 1, "cart", NOW + 3 * HOUR, occurred_at=(NOW + MINUTE).isoformat())
    does(campaign, 1, "purchase", NOW + 4 * HOUR, occurred_at=(NOW + HOUR).isoformat())
    follow(campaign.pk, NOW + 9 * HOUR)
    assert rows(campaign) == []


def test_the_young_events_of_a_batch_wait_for_their_time() -> None:
    campaign = published(INACTION)
    does(campaign, 1, "cart", NOW + MINUTE)
    does(campaign, 2, "cart", NOW + HOUR)
    assert follow(campaign.pk, NOW + 2 * HOUR + 2 * MINUTE) == 1
    assert follow(campaign.pk, NOW + 4 * HOUR) == 1
    assert [who for who, _, _ in rows(campaign)] == ["person-1", "person-2"]


# --- the watermark


@pytest.mark.django_db(transaction=True)
def test_an_event_that_is_still_on_its_way_in_is_not_passed_over() -> None:
    """A lower id that commits later than a higher one is waited for, not lost."""
    campaign = published(ACTION)
    inserted, go_on = threading.Event(), threading.Event()

    def slow_insert() -> None:
        try:
            with transaction.atomic():
                does(campaign, 1)
                inserted.set()
                go_on.wait(60)
        finally:
            connections.close_all()

    thread = threading.Thread(target=slow_insert)
    thread.start()
    assert inserted.wait(60)
    does(campaign, 2)
    threading.Timer(0.3, go_on.set).start()
    follow(campaign.pk, NOW + MINUTE)
    thread.join(60)
    follow(campaign.pk, NOW + 2 * MINUTE)
    assert sorted(who for who, _, _ in rows(campaign)) == ["person-1", "person-2"]


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_make_each_row_once() -> None:
    campaign = published(ACTION, people=200, frequency={"every_time": True})
    for who in range(1, 201):
        does(campaign, who)
    world.at_once(*[lambda: follow(campaign.pk, NOW + MINUTE, batch=20)] * 3)
    follow(campaign.pk, NOW + MINUTE)
    assert len(rows(campaign)) == 200
    assert {run for _, run, _ in rows(campaign)} == {0}


# --- plans


@pytest.mark.slow
@pytest.mark.parametrize(
    ("delivery", "frequency"),
    [(ACTION, {}), (ACTION, {"every_time": True}), (ACTION, {"at_most_every": "1 days"}), (INACTION, {})],
)
def test_no_table_is_read_as_a_whole(delivery: dict[str, str], frequency: dict[str, Any]) -> None:
    campaign = published(delivery, people=4_000, frequency=frequency)
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO campaigns_event (workspace_id, person_id, name, properties, event_id, occurred_at, received_at)
               SELECT p.workspace_id, p.id, n, '{}', '', %s, %s
               FROM campaigns_person p, (VALUES ('purchase'), ('cart'), ('other')) AS names (n)""",
            [NOW, NOW],
        )
        cursor.execute(
            """INSERT INTO channels_delivery (channel_id, run, step, person_id, status, reason, due_at, attempt,
                   provider_id, detail)
               SELECT c.id, 0, '', p.id, 'sent', '', %s, 0, '', '' FROM campaigns_person p, channels_channel c
               WHERE p.id %% 2 = 0""",
            [NOW],
        )
        cursor.execute(
            "ANALYZE campaigns_person, campaigns_event, campaigns_segmentmember, channels_delivery"
        )
    audience, channel = audience_of(campaign), campaign.channels.get()
    assert audience is not None
    last = Event.objects.latest("pk").pk
    values = audience.params | {
        "channel": channel.pk, "name": events.event_name(campaign), "now": NOW + DAY, "after": last - 900,
        "upto": last, "safe": last, "batch": 500, "delay": "0 seconds", "every": "1 days", "without": "purchase",
        "within": "2 hours",
    }  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        go_by_index(cursor)
        for sql in (_END, follow_sql(campaign, "email", audience), events._LAST):
            plan = world.explain(sql, values)
            assert "Seq Scan" not in plan, plan
            assert "delivery_once" not in plan, plan

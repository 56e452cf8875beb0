"""Quiet hours at the claim: who sleeps waits in one step for their own morning, and nobody is waited for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import Person
from channels.engine import resting
from channels.engine.claiming import due_channels
from channels.engine.dispatch import dispatch_channel
from channels.models import Channel, Delivery
from tests.engine.sending import NOW, ledger, make_blast

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
QUIET = {"quiet": {"from": "21:00", "until": "08:00"}}
#: At `NOW`, 09:00 UTC, it is 18:00 in Tokyo and 04:00 in New York.
NEW_YORK_MORNING = NOW + timedelta(hours=4)


def asleep(channel: Channel, number: int, zone: str = "America/New_York") -> None:
    """The first people of the queue live where it is night."""
    ids = channel.deliveries.order_by("due_at", "pk").values_list("person_id", flat=True)[:number]
    Person.objects.filter(pk__in=list(ids)).update(timezone=zone)


def due_times(channel: Channel) -> set[object]:
    return set(Delivery.objects.filter(channel=channel, status="pending").values_list("due_at", flat=True))


def test_sleepers_wait_for_their_morning_and_the_rest_goes_out() -> None:
    channel = make_blast(60, hours=QUIET)
    asleep(channel, 40)
    asleep(channel, 0)
    assert dispatch_channel(channel.pk, now=NOW).counts == {"sent": 20}
    assert due_times(channel) == {NEW_YORK_MORNING}
    assert set(channel.deliveries.filter(status="pending").values_list("attempt", flat=True)) == {0}
    assert due_channels(NOW) == [], "nothing is due, so nothing rings"
    before = NEW_YORK_MORNING - timedelta(seconds=1)
    assert dispatch_channel(channel.pk, now=before).claimed == 0
    assert dispatch_channel(channel.pk, now=NEW_YORK_MORNING).counts == {"sent": 40}


def test_thousands_of_sleepers_are_moved_in_a_few_statements(monkeypatch: pytest.MonkeyPatch) -> None:
    channel = make_blast(2000, hours=QUIET)
    asleep(channel, 1990)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert dispatch_channel(channel.pk, now=NOW).counts == {"sent": 10}
    moves = [query for query in asked.captured_queries if "AS asleep (timezone" in query["sql"]]
    assert len(moves) == 1 and ledger(channel) == {"sent": 10, "pending": 1990}


def test_more_sleepers_than_one_step_moves_do_not_hide_those_who_are_awake(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(resting, "GROUP", 10)
    channel = make_blast(60, hours=QUIET)
    asleep(channel, 50)
    for _ in range(6):
        dispatch_channel(channel.pk, now=NOW)
    assert ledger(channel) == {"sent": 10, "pending": 50}


def test_after_the_night_nothing_leaves_faster_than_the_rate() -> None:
    channel = make_blast(50, hours=QUIET, rate_per_second=10)
    asleep(channel, 50)
    dispatch_channel(channel.pk, now=NOW)
    sent = [
        dispatch_channel(channel.pk, now=NEW_YORK_MORNING + timedelta(seconds=step / 10)).claimed
        for step in range(10)
    ]
    assert sum(sent) <= 10 and max(sent) == 1


def test_the_window_is_on_the_workspaces_clock() -> None:
    channel = make_blast(3, hours={"window": {"from": "10:00", "until": "12:00"}})
    asleep(channel, 3, "Asia/Tokyo")
    assert dispatch_channel(channel.pk, now=NOW).claimed == 0
    assert due_times(channel) == {NOW + timedelta(hours=1)}
    assert dispatch_channel(channel.pk, now=NOW + timedelta(hours=1)).counts == {"sent": 3}


def test_who_has_no_hour_at_all_is_skipped_and_it_is_said() -> None:
    channel = make_blast(4, hours=QUIET | {"window": {"from": "09:00", "until": "11:00"}})
    asleep(channel, 3)
    dispatch_channel(channel.pk, now=NOW)
    assert ledger(channel) == {"sent": 1, "skipped:no_hour": 3}

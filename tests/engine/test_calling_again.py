"""Calls that reached nobody are placed again as the content says; nobody is called again who has answered (seed 001)."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from datetime import datetime, timedelta

import pytest
from django.db import connection

from campaigns.engine import ledger as proof
from campaigns.engine.settling import ready_channels
from campaigns.engine.sweeping import sweep_channel
from campaigns.models import Campaign
from channels.engine.applying import apply_received
from channels.engine.dispatch import dispatch_channel
from channels.engine.receiving import store_receipts
from channels.models import Call, Channel, Connection, Delivery, ReceivedEvent
from channels.providers.base import Receipt
from tests.engine.sending import NOW, ledger, make_blast, set_channel_status, tallies

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
MINUTE = timedelta(minutes=1)
RETRIES = {
    "busy": {"times": 2, "after": "5 minutes"},
    "no_answer": {"times": 1, "after": "2 hours"},
    "machine": {"times": 0},
}
CONTENT = {"body": "Hello {{ person.first_name }}", "retries": RETRIES}


@pytest.fixture
def channel() -> Channel:
    """Four people have been called; whom a call does not reach is called again."""
    made = make_blast(4, kind="voice", content=CONTENT)
    dispatch_channel(made.pk, now=NOW)
    return made


def rows(channel: Channel) -> list[Delivery]:
    return list(Delivery.objects.filter(channel=channel).order_by("pk"))


def told(
    row: Delivery, outcome: str, at: datetime = NOW, *, provider_id: str = "", event: str = ""
) -> Receipt:
    provider_id = provider_id or row.provider_id
    return Receipt(event or f"{provider_id}:{outcome}", provider_id, outcome, at, f"It was {outcome}.")  # type: ignore[arg-type]


def tell(channel: Channel, *receipts: Receipt, now: datetime = NOW) -> None:
    assert channel.connection_id is not None
    store_receipts(channel.connection_id, receipts, now)
    apply_received(now)


def log(row: Delivery) -> list[tuple[int, str]]:
    return list(Call.objects.filter(delivery=row).order_by("number").values_list("number", "outcome"))


def until_the_last(outcomes: list[str]) -> list[str]:
    """How the calls of one person end, up to the one that the content lets nobody call again after."""
    seen = Counter[str]()
    for number, outcome in enumerate(outcomes, 1):
        seen[outcome] += 1
        if seen[outcome] > RETRIES.get(outcome, {}).get("times", 0):
            return outcomes[:number]
    raise AssertionError("too few outcomes")


def assert_proved() -> None:
    with proof.one_snapshot():
        assert list(proof.violations()) == []


def test_each_outcome_has_its_own_times_and_wait(channel: Channel) -> None:
    busy, away, machine, answered = rows(channel)
    tell(
        channel,
        told(busy, "busy"),
        told(away, "no_answer"),
        told(machine, "machine"),
        told(answered, "answered"),
    )
    assert ledger(channel) == {"pending": 2, "failed:machine": 1, "sent": 1}
    busy, away, *_ = rows(channel)
    assert (busy.due_at, away.due_at) == (NOW + 5 * MINUTE, NOW + 120 * MINUTE)
    assert dispatch_channel(channel.pk, now=NOW + 4 * MINUTE).claimed == 0, "not before its time"
    assert dispatch_channel(channel.pk, now=NOW + 5 * MINUTE).counts == {"sent": 1}
    again = rows(channel)[0]
    assert again.provider_id.endswith("r1") and again.sent_at == NOW + 5 * MINUTE
    assert_proved()


def test_after_the_last_time_it_has_failed_with_its_outcome(channel: Channel) -> None:
    moment = NOW
    for call in (1, 2, 3):
        assert log(rows(channel)[0]) == [*((n, "busy") for n in range(1, call)), (call, "")]
        tell(channel, told(rows(channel)[0], "busy", moment), now=moment)
        moment += 5 * MINUTE
        dispatch_channel(channel.pk, now=moment)
    row = rows(channel)[0]
    assert (row.status, row.reason, row.redials) == ("failed", "busy", 2)
    assert tallies(channel)["busy"] == 1 and tallies(channel)["failed"] == 1
    again = Call.objects.filter(delivery=row).order_by("number").values_list("again_at", flat=True)
    assert list(again) == [NOW + 5 * MINUTE, NOW + 10 * MINUTE, None]
    assert_proved()


def test_different_outcomes_count_each_for_itself(channel: Channel) -> None:
    moment, outcomes = NOW, ("busy", "no_answer", "busy", "no_answer")
    for outcome in outcomes:
        tell(channel, told(rows(channel)[0], outcome, moment), now=moment)
        moment += timedelta(hours=3)
        dispatch_channel(channel.pk, now=moment)
    row = rows(channel)[0]
    assert (row.status, row.reason, row.redials) == ("failed", "no_answer", 3)
    assert log(row) == list(enumerate(outcomes, 1))


def test_who_answers_the_second_call_is_never_called_again(channel: Channel) -> None:
    tell(channel, told(rows(channel)[0], "busy"))
    dispatch_channel(channel.pk, now=NOW + 5 * MINUTE)
    tell(channel, told(rows(channel)[0], "answered"), now=NOW + 6 * MINUTE)
    row = rows(channel)[0]
    assert (row.status, row.redials) == ("sent", 1) and row.delivered_at
    tell(channel, told(row, "busy", event="a vendor's mistake"), now=NOW + 7 * MINUTE)
    assert dispatch_channel(channel.pk, now=NOW + timedelta(days=9)).claimed == 0
    assert log(row) == [(1, "busy"), (2, "busy")], "the log says what the vendor said"


def test_a_report_that_comes_twice_calls_once(channel: Channel) -> None:
    row = rows(channel)[0]
    tell(channel, told(row, "busy"), told(row, "busy", event="again"))
    tell(channel, told(row, "busy", event="and again"), now=NOW + MINUTE)
    assert rows(channel)[0].redials == 1
    dispatch_channel(channel.pk, now=NOW + 5 * MINUTE)
    tell(channel, told(row, "busy", event="much later"), now=NOW + 6 * MINUTE)
    again = rows(channel)[0]
    assert (again.status, again.redials) == ("sent", 1), "it was about the first call"
    assert log(row) == [(1, "busy"), (2, "")]
    assert not ReceivedEvent.objects.exclude(state="applied").exists()


def test_an_answer_that_is_told_late_takes_the_waiting_call_back(channel: Channel) -> None:
    row = rows(channel)[0]
    tell(channel, told(row, "busy"))
    tell(channel, told(row, "answered", NOW - MINUTE), now=NOW + MINUTE)
    after = rows(channel)[0]
    assert (after.status, after.reason, after.redials) == ("failed", "busy", 0)
    assert after.delivered_at == NOW - MINUTE and after.provider_id == row.provider_id
    assert dispatch_channel(channel.pk, now=NOW + timedelta(days=1)).claimed == 0
    assert_proved()


def test_an_answer_to_the_first_call_that_is_told_after_the_second_ends_it(channel: Channel) -> None:
    row = rows(channel)[0]
    tell(channel, told(row, "busy"))
    dispatch_channel(channel.pk, now=NOW + 5 * MINUTE)
    second = rows(channel)[0]
    tell(channel, told(row, "answered", NOW), now=NOW + 6 * MINUTE)
    tell(channel, told(second, "busy"), now=NOW + 7 * MINUTE)
    after = rows(channel)[0]
    assert (after.status, after.reason, after.redials) == ("failed", "busy", 1), "no third call"


def test_a_report_waits_while_the_next_call_is_being_placed(channel: Channel) -> None:
    row = rows(channel)[0]
    tell(channel, told(row, "busy"))
    Delivery.objects.filter(pk=row.pk).update(status="sending", lease_until=NOW + MINUTE)
    tell(channel, told(row, "answered"), now=NOW + MINUTE)
    assert ReceivedEvent.objects.get(kind="answered").state == "waiting"
    Delivery.objects.filter(pk=row.pk).update(status="sent", provider_id="sandbox-next", lease_until=None)
    apply_received(NOW + 10 * MINUTE)
    assert rows(channel)[0].delivered_at


@pytest.mark.parametrize("seed", range(4))
def test_in_any_order_and_number_nobody_is_called_more_often_than_it_says(
    channel: Channel, seed: int
) -> None:
    """Every report comes three times, in batches of any size, in any order, while calls go on being placed."""
    chance = random.Random(seed)
    outcomes = {
        row.pk: chance.choices(("busy", "no_answer", "machine", "answered"), k=9) for row in rows(channel)
    }
    waiting: list[Receipt] = []
    known: set[str] = set()
    moment = NOW
    for turn in itertools.count():
        for row in rows(channel):
            if row.status == "sent" and row.provider_id not in known:
                known.add(row.provider_id)
                outcome = outcomes[row.pk][row.redials]
                waiting += [told(row, outcome, moment, event=f"{row.provider_id}:{n}") for n in range(3)]
        chance.shuffle(waiting)
        size = chance.randint(1, 5)
        tell(channel, *waiting[:size], now=moment)
        waiting = waiting[size:]
        moment += chance.choice((MINUTE, 5 * MINUTE, timedelta(hours=2)))
        dispatch_channel(channel.pk, now=moment)
        if not waiting and turn > 12:
            break
    for row in rows(channel):
        placed = until_the_last(outcomes[row.pk])
        assert [one for _, one in log(row)] == placed
        assert row.status == ("sent" if placed[-1] == "answered" else "failed")
    assert_proved()


@pytest.mark.parametrize("status", ["stopped", "completed"])
def test_a_channel_that_has_ended_calls_nobody_again(channel: Channel, status: str) -> None:
    set_channel_status(channel, status)
    tell(channel, told(rows(channel)[0], "busy"))
    assert ledger(channel) == {"sent": 3, "failed:busy": 1}


def test_a_paused_channel_keeps_it_until_it_goes_on(channel: Channel) -> None:
    set_channel_status(channel, "paused")
    tell(channel, told(rows(channel)[0], "busy"))
    assert dispatch_channel(channel.pk, now=NOW + timedelta(hours=1)).claimed == 0
    set_channel_status(channel, "running")
    assert dispatch_channel(channel.pk, now=NOW + timedelta(hours=1)).counts == {"sent": 1}


def test_a_stop_cancels_the_calls_that_wait(channel: Channel) -> None:
    first = rows(channel)[0]
    tell(channel, told(first, "busy"))
    set_channel_status(channel, "stopped", sweep="cancel", sweep_reason="stopped")
    sweep_channel(channel.pk, NOW)
    assert ledger(channel) == {"sent": 3, "cancelled:stopped": 1}
    tell(channel, told(first, "answered"), now=NOW + MINUTE)
    assert ledger(channel) == {"sent": 3, "cancelled:stopped": 1}
    assert_proved()


def test_quiet_hours_hold_for_the_second_call_too(channel: Channel) -> None:
    hours = {"window": {"from": "08:00", "until": "09:03"}}
    Connection.objects.update(hours=hours)
    tell(channel, told(rows(channel)[0], "busy"))
    assert dispatch_channel(channel.pk, now=NOW + 5 * MINUTE).claimed == 0
    assert rows(channel)[0].due_at == NOW.replace(day=3, hour=8)
    assert dispatch_channel(channel.pk, now=NOW.replace(day=3, hour=8)).counts == {"sent": 1}


def test_it_is_complete_when_the_last_call_has_been_reported(channel: Channel) -> None:
    Campaign.objects.update(kind="outreach")
    assert ready_channels(NOW + MINUTE) == [], "the reports may say that somebody is to be called again"
    assert ready_channels(NOW + 31 * MINUTE) == [channel.pk], "it does not wait for ever"
    tell(channel, *(told(row, "answered") for row in rows(channel)))
    assert ready_channels(NOW + MINUTE) == [channel.pk]


def test_without_retries_nothing_waits_and_nobody_is_called_again() -> None:
    plain = make_blast(2, kind="voice", content={"body": "Hello"})
    dispatch_channel(plain.pk, now=NOW)
    Campaign.objects.update(kind="outreach")
    assert ready_channels(NOW) == [plain.pk]
    tell(plain, told(rows(plain)[0], "busy"))
    assert ledger(plain) == {"sent": 1, "failed:busy": 1}
    assert log(rows(plain)[0]) == [(1, "busy")]


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        (
            "UPDATE channels_delivery SET redials = 3 WHERE redials = 1",
            "was called again 3 times, the log has 1",
        ),
        (
            "UPDATE channels_call SET outcome = 'answered' WHERE number = 1",
            "called again although call 1 was answered",
        ),
    ],
)
def test_the_proof_of_the_ledger_sees_a_call_too_many(channel: Channel, broken: str, sentence: str) -> None:
    tell(channel, told(rows(channel)[0], "busy"))
    dispatch_channel(channel.pk, now=NOW + 5 * MINUTE)
    assert_proved()
    with connection.cursor() as cursor:
        cursor.execute(broken)
    with proof.one_snapshot():
        assert [found for found in proof.violations() if sentence in found]

"""Each thing that a provider may answer, and what becomes of the row and of the connection."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from channels.engine.dispatch import dispatch_channel
from channels.engine.health import MOST_FAILURES
from channels.engine.recording import MOST_ATTEMPTS
from channels.models import Channel, Connection, Delivery
from channels.providers.base import CheckResult, Message, Outcome
from channels.services.connections import check_connection, recheck_failed
from tests.engine.scripted_provider import ScriptedProvider
from tests.engine.sending import NOW, ledger, smtp_blast
from tests.engine.test_dispatch import scripted_blast
from tests.sinks.sink import Sink

pytestmark = [pytest.mark.engine, pytest.mark.django_db]

LONG = "x" * 1000

#: answer of the provider → status, reason, detail, seconds until it is tried again, attempts counted
ANSWERS: dict[str, tuple[Outcome, str, str, str, tuple[float, float] | None, int]] = {
    "sent": (Outcome.sent("id-1", "250 ok"), "sent", "", "250 ok", None, 1),
    "refused": (
        Outcome.failed("recipient_refused", "550 no"),
        "failed",
        "recipient_refused",
        "550 no",
        None,
        1,
    ),
    "refused without a code": (Outcome.failed("", "no"), "failed", "refused", "no", None, 1),
    "refused with a long code": (Outcome.failed(LONG, LONG), "failed", "refused", LONG[:300], None, 1),
    "refused for now": (Outcome.retry("busy", "450 later"), "pending", "", "450 later", (24, 36), 1),
    "throttled": (Outcome.retry("throttled", "429", retry_after=90), "pending", "", "429", (90, 90), 0),
    "account broken": (
        Outcome.retry("login", "535", connection_error=True),
        "pending",
        "",
        "535",
        (24, 36),
        0,
    ),
    "in doubt": (
        Outcome.unknown("timeout", "no answer"),
        "unknown",
        "in_doubt",
        "timeout: no answer",
        None,
        1,
    ),
    "not started": (Outcome.released(), "pending", "", "", (0, 0), 0),
    "half a character in it": (Outcome.failed("bad", "a\ud800b"), "failed", "bad", "a?b", None, 1),
    "NUL in the answer": (Outcome.failed("bad", "a\0b"), "failed", "bad", "ab", None, 1),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_decides_the_row(name: str, scripted: ScriptedProvider) -> None:
    outcome, status, reason, detail, wait, attempts = ANSWERS[name]
    channel = scripted_blast(1)
    scripted.answer = answers(outcome)
    dispatch_channel(channel.pk, now=NOW)
    row = Delivery.objects.get(channel=channel)
    assert (row.status, row.reason, row.detail, row.attempt) == (status, reason, detail, attempts)
    assert row.lease_until is None
    assert row.sent_at == (NOW if status == "sent" else None)
    if wait:
        least, most = wait
        assert timedelta(seconds=least) <= row.due_at - NOW <= timedelta(seconds=most)


def answers(*outcomes: Outcome) -> Callable[[Message], Outcome]:
    """Answer so, in turn; the last one for ever."""
    left = list(outcomes)
    return lambda message: left.pop(0) if len(left) > 1 else left[0]


def test_refused_for_now_is_tried_again_later_each_time_and_then_failed(scripted: ScriptedProvider) -> None:
    channel = scripted_blast(1)
    scripted.answer = answers(Outcome.retry("busy", "450 later"))
    now, waits = NOW, []
    for _ in range(MOST_ATTEMPTS):
        dispatch_channel(channel.pk, now=now)
        due_at = Delivery.objects.get(channel=channel).due_at
        waits.append((due_at - now).total_seconds())
        now = max(now, due_at)
    assert ledger(channel) == {"failed:too_many_attempts": 1}
    assert len(scripted.messages) == MOST_ATTEMPTS
    assert [message.attempt for message in scripted.messages] == [1, 2, 3, 4, 5]
    assert {message.idempotency_key for message in scripted.messages} == {
        scripted.messages[0].idempotency_key
    }
    assert 30 * 0.8 <= waits[0] <= 30 * 1.2 and 240 * 0.8 <= waits[3] <= 240 * 1.2


def test_a_throttle_pauses_the_connection_and_fails_nobody(scripted: ScriptedProvider) -> None:
    channel = scripted_blast(120)
    scripted.answer = answers(
        *[Outcome.sent()] * 20, Outcome.retry("throttled", "429 slow down", retry_after=60)
    )
    report = dispatch_channel(channel.pk, now=NOW)
    assert report.ended == "waiting"
    account = Connection.objects.get(pk=channel.connection_id)
    assert (account.status, account.paused_until) == ("running", NOW + timedelta(seconds=60))
    asked = len(scripted.messages)
    assert dispatch_channel(channel.pk, now=NOW + timedelta(seconds=59)).claimed == 0
    assert len(scripted.messages) == asked < 120
    scripted.answer = answers(Outcome.sent())
    dispatch_channel(channel.pk, now=NOW + timedelta(seconds=60))
    assert ledger(channel) == {"sent": 120}


def test_a_broken_account_stops_the_connection_until_a_check_succeeds(scripted: ScriptedProvider) -> None:
    channel = scripted_blast(200)
    scripted.answer = answers(Outcome.retry("login_refused", "535 wrong password", connection_error=True))
    report = dispatch_channel(channel.pk, now=NOW)
    account = Connection.objects.get(pk=channel.connection_id)
    assert (account.status, account.message) == ("error", "535 wrong password")
    assert report.detail == "the connection has an error"
    assert Channel.objects.get(pk=channel.pk).status == "running"
    assert ledger(channel) == {"pending": 200} and len(scripted.messages) <= 50
    scripted.health = CheckResult(False, "Still wrong.")
    check_connection(account, NOW)
    assert Connection.objects.get(pk=account.pk).message == "Still wrong."
    scripted.health, scripted.answer = CheckResult(True, "Ready."), answers(Outcome.sent())
    check_connection(account, NOW)
    dispatch_channel(channel.pk, now=NOW + timedelta(minutes=1))
    assert ledger(channel) == {"sent": 200}


def test_an_outage_that_has_passed_ends_by_itself(scripted: ScriptedProvider) -> None:
    channel = scripted_blast(1)
    Connection.objects.update(status="error", message="gone")
    scripted.health = CheckResult(False, "Still gone.")
    assert recheck_failed(NOW) == {"checked": [channel.connection_id], "running": []}
    assert recheck_failed(NOW + timedelta(seconds=60))["checked"] == []
    scripted.health = CheckResult(True, "Ready.")
    assert recheck_failed(NOW + timedelta(seconds=120))["running"] == [channel.connection_id]
    assert Connection.objects.get().message == ""


def test_one_broken_call_among_good_ones_is_not_the_accounts_fault(scripted: ScriptedProvider) -> None:
    channel = scripted_blast(40)
    broken = Outcome.retry("connection_refused", "refused", connection_error=True)
    scripted.answer = lambda message: broken if len(scripted.messages) == 5 else Outcome.sent()
    dispatch_channel(channel.pk, now=NOW)
    assert Connection.objects.get(pk=channel.connection_id).status == "running"
    dispatch_channel(channel.pk, now=NOW + timedelta(minutes=1))
    assert ledger(channel) == {"sent": 40}


@pytest.mark.parametrize(
    ("outcome", "attempt", "stops"),
    [
        (Outcome.unknown("timeout"), 0, True),
        (Outcome.retry("busy", "450"), 1, True),
        (Outcome.retry("busy", "450"), 0, False),  # greylisting refuses everybody once
        (Outcome.failed("recipient_refused", "550"), 1, False),  # says something about the person only
    ],
)
def test_many_failures_in_a_row_stop_the_connection(
    outcome: Outcome, attempt: int, stops: bool, scripted: ScriptedProvider
) -> None:
    channel = scripted_blast(MOST_FAILURES * 4)
    Delivery.objects.filter(channel=channel).update(attempt=attempt)
    scripted.answer = answers(outcome)
    dispatch_channel(channel.pk, now=NOW)
    assert Connection.objects.get(pk=channel.connection_id).status == ("error" if stops else "running")
    assert (len(scripted.messages) < MOST_FAILURES * 4) == stops


def test_settings_that_cannot_be_used_are_the_connections_error(scripted: ScriptedProvider) -> None:
    channel = scripted_blast(1)
    Connection.objects.filter(pk=channel.connection_id).update(
        provider="smtp", settings={}, secrets="tampered"
    )
    report = dispatch_channel(channel.pk, now=NOW)
    account = Connection.objects.get(pk=channel.connection_id)
    assert report.ended == "closed" and account.status == "error" and "enter them again" in account.message
    assert ledger(channel) == {"pending": 1}


def test_a_channel_that_is_gone_is_no_error() -> None:
    assert dispatch_channel(999_999).ended == "missing"


def test_answers_of_a_real_mail_server(smtp_sink: Sink) -> None:
    channel = smtp_blast(30, smtp_sink.port, settings={"timeout": 5}, parallelism=2)
    smtp_sink.set_script(
        [
            {"verb": "RCPT", "match": "person-3@", "reply": "550 5.1.1 no such person"},
            {"verb": "RCPT", "match": "person-4@", "reply": "450 4.7.1 greylisted", "times": 1},
            {"verb": "DOT", "match": "person-5@", "action": "close"},
            {"verb": "DATA", "match": "person-6@", "action": "close", "times": 1},
        ]
    )
    dispatch_channel(channel.pk, now=NOW)
    dispatch_channel(channel.pk, now=NOW + timedelta(minutes=1))
    assert ledger(channel) == {"sent": 28, "failed:recipient_refused": 1, "unknown:in_doubt": 1}
    recipients = [record["to"] for record in smtp_sink.journal()]
    assert len(recipients) == len(set(recipients)) == 29
    failed = Delivery.objects.get(channel=channel, status="failed")
    assert failed.detail == "550 5.1.1 no such person"

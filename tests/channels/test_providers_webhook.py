"""Webhooks against a real server process: every way a request can end, and where one may never lead."""

from __future__ import annotations

import json
import socket
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from channels.providers.base import SettingsError
from channels.providers.http.answers import read_retry_after
from tests.channels.provider_kit import collect, send_all
from tests.channels.webhook_kit import SECRET, WEBHOOK, hook, settings_for
from tests.sinks.sink import Sink

OTHER_SECRET = "a secret made of words"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def received(sink: Sink) -> list[str]:
    return sorted(record["headers"]["webhook-id"] for record in sink.journal())


def test_every_message_arrives_once_and_signed(http_sink: Sink) -> None:
    person = {"first_name": "Zoë", "since": datetime(2024, 1, 2, tzinfo=UTC)}
    messages = [hook(n, person=person, context={"campaign": 7}) for n in range(1, 21)]
    outcomes = send_all(WEBHOOK, settings_for(http_sink, authorization="Bearer abc"), messages, parallelism=5)

    assert {outcome.kind for outcome in outcomes.values()} == {"sent"}
    assert received(http_sink) == sorted(f"delivery-{n}" for n in range(1, 21))
    record = next(r for r in http_sink.journal() if r["headers"]["webhook-id"] == "delivery-3")
    assert record["headers"]["authorization"] == "Bearer abc"
    assert record["headers"]["content-type"] == "application/json"
    event = Webhook(SECRET).verify(record["body"], record["headers"])
    assert event["type"] == "campaign.message"
    assert event["data"] == {
        "id": "delivery-3",
        "attempt": 1,
        "subject": "Hello 3",
        "body": "A word for person 3.",
        "person": {"first_name": "Zoë", "since": "2024-01-02 00:00:00+00:00"},
        "context": {"campaign": 7},
    }
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(record["body"].replace("person 3", "person 4"), record["headers"])


def test_while_a_secret_is_replaced_both_verify(http_sink: Sink) -> None:
    settings = settings_for(http_sink, secret=OTHER_SECRET, previous_secret=SECRET)
    send_all(WEBHOOK, settings, [hook(1)])
    (record,) = http_sink.journal()
    for secret in (SECRET, OTHER_SECRET.encode()):
        assert Webhook(secret).verify(record["body"], record["headers"])["data"]["id"] == "delivery-1"


def test_a_message_may_have_an_address_of_its_own(http_sink: Sink) -> None:
    elsewhere = replace(hook(1), address=http_sink.url.replace("/hook", "/elsewhere?a=b"))
    assert send_all(WEBHOOK, settings_for(http_sink), [elsewhere])[1].kind == "sent"
    assert [record["path"] for record in http_sink.journal()] == ["/elsewhere?a=b"]


ANSWERS = [
    ({"status": 204, "body": ""}, "sent", "", None, False),
    ({"status": 400, "body": "no such field"}, "failed", "refused", None, False),
    ({"status": 401}, "retry", "login_refused", None, True),
    ({"status": 404}, "failed", "refused", None, False),
    ({"status": 410}, "failed", "refused", None, False),
    (
        {"status": 302, "headers": {"Location": "http://127.0.0.1/"}},
        "failed",
        "redirect_refused",
        None,
        False,
    ),
    ({"status": 408}, "retry", "server_error", None, False),
    ({"status": 429, "headers": {"Retry-After": "7"}}, "retry", "throttled", 7, False),
    ({"status": 429}, "retry", "throttled", None, False),
    ({"status": 500, "accept": True}, "retry", "server_error", None, False),
    ({"status": 503, "headers": {"Retry-After": "120"}}, "retry", "server_error", 120, False),
    ({"action": "close"}, "unknown", "connection_lost", None, False),
    ({"action": "silent"}, "unknown", "timeout", None, False),
    ({"action": "drip", "delay_ms": 150}, "unknown", "timeout", None, False),
    ({"raw": "HELLO\r\n\r\n"}, "unknown", "malformed_answer", None, False),
    (
        {"raw": "HTTP/1.1 200 OK\r\n" + "X: y\r\n" * 20_000 + "\r\n"},
        "unknown",
        "malformed_answer",
        None,
        False,
    ),
    # The status has come: what follows it cannot take it back, and does not hold up anybody for long.
    ({"action": "endless"}, "sent", "", None, False),
    ({"raw": "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"}, "sent", "", None, False),
    (
        {"raw": "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nxyz"},
        "sent",
        "",
        None,
        False,
    ),
]


@pytest.mark.parametrize(("rule", "kind", "reason", "wait", "broken"), ANSWERS)
def test_an_answer_is_told_apart_and_the_others_go_out(
    rule: dict[str, Any], kind: str, reason: str, wait: float | None, broken: bool, http_sink: Sink
) -> None:
    http_sink.set_script([{"match": "delivery-2", "times": 1, **rule}])
    started = time.monotonic()
    # One request at a time and the broken answer last: a login that is refused stands for all that follow.
    outcomes = send_all(WEBHOOK, settings_for(http_sink, timeout=1.5), [hook(1), hook(3), hook(2)])

    outcome = outcomes[2]
    assert (outcome.kind, outcome.reason, outcome.connection_error) == (kind, reason, broken)
    assert outcome.retry_after == wait
    if "body" in rule and kind != "sent":
        assert rule["body"] in outcome.detail
    assert (outcomes[1].kind, outcomes[3].kind) == ("sent", "sent")
    assert time.monotonic() - started < 30


def test_a_retry_after_date_is_a_number_of_seconds(http_sink: Sink) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    http_sink.set_script([{"status": 429, "headers": {"Retry-After": date}}])
    outcome = send_all(WEBHOOK, settings_for(http_sink), [hook(1)])[1]
    assert outcome.retry_after == pytest.approx(90, abs=5)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("", None),
        ("soon", None),
        ("-5", None),
        ("0", 0),
        ("30", 30),
        ("99999999999999", 86400),
        ("²", None),
        ("Sun, 01 Mar 2026 12:01:00 GMT", 60),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0),
        ("Sun, 01 Mar 2026 12:01:00 -0000", 60),
        ("Sun, 99 Mar 2026 12:01:00 GMT", None),
    ],
)
def test_retry_after_in_all_its_forms(value: str, seconds: float | None) -> None:
    assert read_retry_after(value, lambda: NOW) == seconds


def test_a_closed_port_is_a_broken_connection(http_sink: Sink) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        settings = settings_for(http_sink, url=url)
        outcomes = send_all(WEBHOOK, settings, [hook(n) for n in range(30)], parallelism=5)
        alone = send_all(WEBHOOK, settings_for(http_sink), [replace(hook(1), address=url), hook(2)])
    assert {(o.kind, o.reason, o.connection_error) for o in outcomes.values()} == {
        ("retry", "connection_failed", True)
    }
    # An address that came with the message says nothing about the connection.
    assert (alone[1].kind, alone[1].connection_error, alone[2].kind) == ("retry", False, "sent")


def test_a_host_that_does_not_exist_is_a_broken_connection(
    http_sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(*arguments: object, **options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    outcome = send_all(WEBHOOK, settings_for(http_sink, url="http://nobody.example.test/"), [hook(1)])[1]
    assert (outcome.kind, outcome.reason, outcome.connection_error) == ("retry", "host_unknown", True)


def test_a_message_whose_time_is_over_is_released(http_sink: Sink) -> None:
    late = replace(hook(2), start_by=time.monotonic() - 1)
    outcomes = send_all(WEBHOOK, settings_for(http_sink), [hook(1), late, hook(3)])
    assert [outcomes[n].kind for n in (1, 2, 3)] == ["sent", "released", "sent"]
    assert received(http_sink) == ["delivery-1", "delivery-3"]


def test_closing_finishes_what_has_begun_and_releases_the_rest(http_sink: Sink) -> None:
    http_sink.set_latency(30)
    sender = WEBHOOK.open(settings_for(http_sink), 2)
    sender.submit([hook(n) for n in range(100)])
    first = sender.collect(5)
    sender.close()
    outcomes = {done.key: outcome for done, outcome in first + sender.collect(0)}
    assert len(outcomes) == 100
    sent = [key for key, outcome in outcomes.items() if outcome.kind == "sent"]
    assert {outcome.kind for outcome in outcomes.values()} == {"sent", "released"}
    assert received(http_sink) == sorted(f"delivery-{key}" for key in sent)
    sender.submit([hook(200)])
    assert collect(sender, 1)[200].kind == "released"


def test_a_check_asks_without_sending(http_sink: Sink) -> None:
    result = WEBHOOK.check(settings_for(http_sink))
    assert (result.ok, "405" in result.message) == (True, True)
    assert http_sink.journal() == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"url": ""}, "url"),
        ({"url": "ftp://example.test/"}, "url"),
        ({"url": "example.test/hook"}, "url"),
        ({"url": "http://user:password@example.test/"}, "url"),
        ({"url": "http://example.test:99999/"}, "url"),
        ({"url": "https://example.test/" + "x" * 2000}, "url"),
        ({"secret": "short"}, "secret"),
        ({"secret": "whsec_????"}, "secret"),
        ({"authorization": "Bearer a\r\nX: y"}, "authorization"),
        ({"timeout": 0}, "timeout"),
        ({"receiver_deduplicates": "maybe"}, "receiver_deduplicates"),
        ({"allowed_networks": ["0.0.0.0/0"]}, "allowed_networks"),
    ],
)
def test_settings_that_cannot_work_are_refused_by_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(SettingsError) as problem:
        WEBHOOK.clean({"url": "https://example.test/hook", **changes})
    assert list(problem.value.errors) == [field]


def test_a_lost_request_is_repeated_only_where_the_receiver_deduplicates() -> None:
    plain = WEBHOOK.clean({"url": "https://example.test/hook"})
    assert not WEBHOOK.deduplicates(plain)
    assert WEBHOOK.deduplicates({**plain, "receiver_deduplicates": True})


def test_a_body_that_is_json_stays_a_text(http_sink: Sink) -> None:
    send_all(WEBHOOK, settings_for(http_sink), [hook(1, body='{"a": "\\" \U0001f389 </script>"}')])
    (record,) = http_sink.journal()
    assert json.loads(record["body"])["data"]["body"] == '{"a": "\\" \U0001f389 </script>"}'

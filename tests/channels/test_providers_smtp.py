"""SMTP against a real server process: every way a message can end, and what the server's own journal says."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes, policy

import pytest

from tests.channels.provider_kit import collect, message, send_all
from tests.channels.smtp_kit import SMTP, SinkWith, settings_for, started_when_asked_for
from tests.sinks.sink import Sink


@pytest.fixture(scope="module")
def sinks() -> Iterator[SinkWith]:
    """A sink for each set of options."""
    with started_when_asked_for() as sink:
        yield sink


def recipients(sink: Sink) -> list[str]:
    return sorted(record["to"] for record in sink.journal())


def test_every_message_arrives_once_with_its_own_subject_and_headers(smtp_sink: Sink) -> None:
    headers = {
        "Message-ID": "<7@example.test>",
        "List-Unsubscribe": "<https://example.test/unsubscribe/7>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    messages = [message(number) for number in range(1, 7)] + [message(7, headers=headers, subject="Grüße 🎉")]
    outcomes = send_all(SMTP, settings_for(smtp_sink), messages)

    assert {outcome.kind for outcome in outcomes.values()} == {"sent"}
    records = {record["to"]: record for record in smtp_sink.journal()}
    assert sorted(records) == [f"person{number}@example.test" for number in range(1, 8)]
    seventh = message_from_bytes(records["person7@example.test"]["raw"], policy=policy.default)
    assert seventh["Subject"] == "Grüße 🎉"
    assert str(seventh["From"]) == "Söhne & Co <news@example.test>"
    assert {name: seventh[name] for name in headers} == headers
    assert smtp_sink.connections() >= 1


def test_messages_share_the_kept_connections(smtp_sink: Sink) -> None:
    before = smtp_sink.connections()
    outcomes = send_all(SMTP, settings_for(smtp_sink), [message(n) for n in range(200)], parallelism=4)
    assert {outcome.kind for outcome in outcomes.values()} == {"sent"}
    assert len(smtp_sink.journal()) == 200
    assert 1 <= smtp_sink.connections() - before <= 4


REPLIES = [
    # verb, reply, kind of outcome, reason, is the account broken?
    ("MAIL", "451 4.3.0 try later", "retry", "sender_refused_for_now", False),
    ("MAIL", "553 5.1.8 not your address", "failed", "sender_refused", False),
    ("MAIL", "530 5.7.0 log in first", "retry", "login_refused", True),
    ("RCPT", "450 4.7.1 greylisted", "retry", "recipient_refused_for_now", False),
    ("RCPT", "550 5.1.1 no such person", "failed", "recipient_refused", False),
    ("RCPT", "421 4.7.0 too many", "retry", "server_busy", False),
    ("DATA", "451 4.3.0 disk full", "retry", "message_refused_for_now", False),
    ("DATA", "554 5.7.1 no", "failed", "message_refused", False),
    ("DOT", "452 4.3.1 queue full", "retry", "message_refused_for_now", False),
    ("DOT", "552 5.3.4 too big", "failed", "message_refused", False),
    ("DOT", "nonsense", "unknown", "malformed_answer_after_message", False),
]


@pytest.mark.parametrize(("verb", "reply", "kind", "reason", "broken"), REPLIES)
@pytest.mark.parametrize("extensions", [(), ("--no-pipelining", "--no-8bitmime")], ids=["pipelined", "plain"])
def test_a_refusal_is_told_apart_and_the_others_go_out(
    verb: str, reply: str, kind: str, reason: str, broken: bool, extensions: tuple[str, ...], sinks: SinkWith
) -> None:
    sink = sinks(extensions)
    by_sender = verb == "MAIL"  # nobody knows the recipient by then: it is the second MAIL
    # After a 421 the message is tried once more on a new connection, so that has to refuse as well.
    rule = {"verb": verb, "match": "news" if by_sender else "person2@", "reply": reply}
    sink.set_script([{**rule, "skip": int(by_sender), "times": 2 if reply.startswith("421") else 1}])
    outcomes = send_all(SMTP, settings_for(sink), [message(n) for n in (1, 2, 3)])

    assert outcomes[2].kind == kind
    assert outcomes[2].reason == reason
    assert outcomes[2].connection_error is broken
    if kind != "unknown":
        assert reply[:3] in outcomes[2].detail
    assert (outcomes[1].kind, outcomes[3].kind) == ("sent", "sent")
    arrived = {record["to"] for record in sink.journal()}
    assert {"person1@example.test", "person3@example.test"} <= arrived
    assert ("person2@example.test" in arrived) is False or kind == "unknown"


def test_greylisting_lets_the_second_attempt_through(smtp_sink: Sink) -> None:
    smtp_sink.set_script([{"verb": "RCPT", "reply": "450 4.7.1 come back later", "once_each": True}])
    settings = settings_for(smtp_sink)
    first = send_all(SMTP, settings, [message(1), message(2)])
    second = send_all(SMTP, settings, [message(1), message(2)])
    assert {outcome.kind for outcome in first.values()} == {"retry"}
    assert {outcome.kind for outcome in second.values()} == {"sent"}
    assert recipients(smtp_sink) == ["person1@example.test", "person2@example.test"]


def test_a_cut_in_the_middle_of_the_body_is_tried_again_later(smtp_sink: Sink) -> None:
    smtp_sink.set_script([{"verb": "BODY", "match": "person2@", "action": "close"}])
    # Too long for the socket's buffers: the server hangs up while it is being written.
    long_body = "A long story.\n" * 400_000
    messages = [message(1), message(2, body=long_body), message(3)]
    outcomes = send_all(SMTP, settings_for(smtp_sink), messages)
    assert outcomes[2].kind == "retry"
    assert (outcomes[1].kind, outcomes[3].kind) == ("sent", "sent")
    assert recipients(smtp_sink) == ["person1@example.test", "person3@example.test"]


@pytest.mark.parametrize("action", ["close", "silent"])
def test_without_an_answer_after_the_final_dot_nobody_knows(action: str, smtp_sink: Sink) -> None:
    smtp_sink.set_script([{"verb": "DOT", "match": "person2@", "action": action}])
    messages = [message(n) for n in (1, 2, 3)]
    outcomes = send_all(SMTP, settings_for(smtp_sink, timeout=0.3), messages)
    assert outcomes[2].kind == "unknown"
    assert (outcomes[1].kind, outcomes[3].kind) == ("sent", "sent")
    # It had been taken: repeating it would have sent it twice.
    assert recipients(smtp_sink) == [f"person{n}@example.test" for n in (1, 2, 3)]


@pytest.mark.parametrize("verb", ["EHLO", "MAIL", "RCPT", "DATA"])
def test_silence_before_the_body_leaves_nothing_in_doubt(verb: str, smtp_sink: Sink) -> None:
    smtp_sink.set_script([{"verb": verb, "action": "silent"}])
    outcome = send_all(SMTP, settings_for(smtp_sink, timeout=0.2), [message(1)])[1]
    assert (outcome.kind, outcome.reason) == ("retry", "timeout")
    assert smtp_sink.journal() == []


def test_an_answer_of_one_byte_now_and_then_is_not_waited_for(smtp_sink: Sink) -> None:
    smtp_sink.set_script([{"verb": "RCPT", "action": "drip", "delay_ms": 100, "reply": "250 " + "o" * 600}])
    started = time.monotonic()
    outcome = send_all(SMTP, settings_for(smtp_sink, timeout=0.3), [message(1)])[1]
    assert (outcome.kind, outcome.reason) == ("retry", "timeout")
    assert time.monotonic() - started < 30


@pytest.mark.parametrize("greeting", ["hello there", "220-" + "x" * 20_000])
def test_something_that_is_no_mail_server_breaks_the_connection(greeting: str, smtp_sink: Sink) -> None:
    smtp_sink.set_script([{"verb": "CONNECT", "reply": greeting}])
    outcome = send_all(SMTP, settings_for(smtp_sink, timeout=1), [message(1)])[1]
    assert (outcome.kind, outcome.reason, outcome.connection_error) == ("retry", "malformed_answer", True)


def test_a_slow_answer_is_waited_for(smtp_sink: Sink) -> None:
    smtp_sink.set_script([{"verb": "DOT", "delay_ms": 150}])
    assert send_all(SMTP, settings_for(smtp_sink), [message(1)])[1].kind == "sent"


def test_a_server_that_ends_connections_after_some_messages_loses_nothing(smtp_sink: Sink) -> None:
    smtp_sink.set_script(
        [{"verb": "MAIL", "skip": 5, "times": 1, "reply": "421 4.7.0 enough for one connection"}]
    )
    outcomes = send_all(SMTP, settings_for(smtp_sink), [message(n) for n in range(20)])
    assert {outcome.kind for outcome in outcomes.values()} == {"sent"}
    assert len(smtp_sink.journal()) == 20


def test_a_kept_connection_that_was_cut_while_idle_is_replaced(smtp_sink: Sink) -> None:
    sender = SMTP.open(settings_for(smtp_sink), 1)
    try:
        sender.submit([message(1)])
        collect(sender, 1)
        smtp_sink.set_script([{"verb": "MAIL", "action": "close", "times": 1}])
        sender.submit([message(2)])
        assert collect(sender, 1)[2].kind == "sent"
    finally:
        sender.close()
    assert recipients(smtp_sink) == ["person1@example.test", "person2@example.test"]


def test_a_closed_port_is_a_broken_connection_and_is_not_hammered(smtp_sink: Sink) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        settings = settings_for(smtp_sink, port=unused.getsockname()[1])
        outcomes = send_all(SMTP, settings, [message(n) for n in range(50)], parallelism=4)
    assert {(o.kind, o.reason, o.connection_error) for o in outcomes.values()} == {
        ("retry", "connection_refused", True)
    }


def test_a_message_whose_time_is_over_is_released(smtp_sink: Sink) -> None:
    late = message(2, start_by=time.monotonic() - 1)
    outcomes = send_all(SMTP, settings_for(smtp_sink), [message(1), late, message(3)])
    assert [outcomes[n].kind for n in (1, 2, 3)] == ["sent", "released", "sent"]
    assert recipients(smtp_sink) == ["person1@example.test", "person3@example.test"]


def test_time_that_runs_out_while_an_envelope_waits_is_noticed(smtp_sink: Sink) -> None:
    smtp_sink.set_script([{"verb": "DOT", "match": "person1@", "delay_ms": 400}])
    # The envelope of the second travels with the first's body; its own body never starts.
    second = message(2, start_by=time.monotonic() + 0.2)
    outcomes = send_all(SMTP, settings_for(smtp_sink), [message(1), second, message(3)])
    assert [outcomes[n].kind for n in (1, 2, 3)] == ["sent", "released", "sent"]
    assert recipients(smtp_sink) == ["person1@example.test", "person3@example.test"]


def test_closing_finishes_what_has_begun_and_releases_the_rest(smtp_sink: Sink) -> None:
    smtp_sink.set_latency(30)
    sender = SMTP.open(settings_for(smtp_sink), 2)
    sender.submit([message(n) for n in range(100)])
    first = sender.collect(5)
    sender.close()
    outcomes = {done.key: outcome for done, outcome in first + sender.collect(0)}
    assert len(outcomes) == 100
    sent = {key for key, outcome in outcomes.items() if outcome.kind == "sent"}
    released = {key for key, outcome in outcomes.items() if outcome.kind == "released"}
    assert len(sent) + len(released) == 100
    assert released
    assert recipients(smtp_sink) == sorted(f"person{key}@example.test" for key in sent)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("person@example.test>\r\nRCPT TO:<victim@example.test", "bad_address"),
        ("", "bad_address"),
        ("two words@example.test", "bad_address"),
        ("ünlaut@example.test", "address_not_supported"),
    ],
)
def test_a_bad_address_fails_alone(address: str, reason: str, smtp_sink: Sink) -> None:
    bad = replace(message(2), address=address)
    outcomes = send_all(SMTP, settings_for(smtp_sink), [message(1), bad, message(3)])
    assert (outcomes[2].kind, outcomes[2].reason) == ("failed", reason)
    assert recipients(smtp_sink) == ["person1@example.test", "person3@example.test"]


def test_an_international_domain_goes_out_in_its_ascii_form(smtp_sink: Sink) -> None:
    assert send_all(SMTP, settings_for(smtp_sink), [message(1, "person@bücher.test")])[1].kind == "sent"
    assert recipients(smtp_sink) == ["person@xn--bcher-kva.test"]


def test_a_header_with_a_line_break_is_refused(smtp_sink: Sink) -> None:
    sneaky = message(1, headers={"List-Unsubscribe": "<https://example.test>\r\nBcc: victim@example.test"})
    outcome = send_all(SMTP, settings_for(smtp_sink), [sneaky])[1]
    assert (outcome.kind, outcome.reason) == ("failed", "bad_header")
    assert smtp_sink.journal() == []

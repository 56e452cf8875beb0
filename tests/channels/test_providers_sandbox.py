"""The sandbox and the in-app provider, and what all senders have in common."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import Any

import pytest

from channels.domain.kinds import KINDS
from channels.providers import registry
from channels.providers.base import Message, Outcome, Provider, Sender, SettingsError
from channels.providers.sandbox.provider import SandboxProvider, SandboxSession, Throttle
from channels.providers.threaded import CannotOpen, Session, ThreadedSender
from tests.channels.provider_kit import collect, message, send_all

SANDBOX = SandboxProvider()


def kinds_of(outcomes: dict[int, Outcome]) -> dict[str, int]:
    kinds = [outcome.kind for outcome in outcomes.values()]
    return {kind: kinds.count(kind) for kind in sorted(set(kinds))}


def test_every_provider_is_complete() -> None:
    names = [provider.name for provider in registry.all()]
    assert len(set(names)) == len(names) == len(registry.PROVIDERS)
    for provider in registry.all():
        assert isinstance(provider, Provider)
        assert registry.get(provider.name) is provider
        assert provider.label and provider.kinds and provider.kinds <= KINDS.keys()
        fields = [field.name for field in provider.fields]
        assert len(set(fields)) == len(fields)
        assert all(
            field.label and (field.choices if field.type == "choice" else True) for field in provider.fields
        )
    with pytest.raises(registry.UnknownProvider):
        registry.get("pigeon")


def test_the_sandbox_can_stand_for_every_kind_of_channel() -> None:
    assert {kind for kind in KINDS if "sandbox" not in {p.name for p in registry.for_kind(kind)}} == set()


def test_in_app_messages_are_always_taken() -> None:
    in_app = registry.get("in_app")
    late = replace(message(2), start_by=time.monotonic() - 1)
    outcomes = send_all(in_app, in_app.clean({}), [message(1), late])
    assert [outcomes[n].kind for n in (1, 2)] == ["sent", "released"]
    assert in_app.store == "in_app"
    assert in_app.deduplicates({})
    with pytest.raises(SettingsError):
        in_app.clean({"anything": 1})


def test_without_settings_the_sandbox_takes_everything() -> None:
    outcomes = send_all(SANDBOX, SANDBOX.clean({}), [message(n) for n in range(500)], parallelism=8)
    assert kinds_of(outcomes) == {"sent": 500}
    assert SANDBOX.store == "sandbox"


def test_the_same_messages_meet_the_same_fate() -> None:
    settings = SANDBOX.clean({"fail_rate": 0.2, "temporary_fail_rate": 0.3})
    messages = [message(n) for n in range(1000)]
    first = send_all(SANDBOX, settings, messages)
    assert first == send_all(SANDBOX, settings, messages)
    counts = kinds_of(first)
    assert 150 < counts["failed"] < 250
    assert 180 < counts["retry"] < 300

    again = send_all(SANDBOX, settings, [replace(m, attempt=2) for m in messages])
    assert {key for key, o in again.items() if o.kind == "failed"} == {
        key for key, o in first.items() if o.kind == "failed"
    }
    assert {key for key, o in again.items() if o.kind == "retry"} != {
        key for key, o in first.items() if o.kind == "retry"
    }


@pytest.mark.parametrize(("rate", "kind"), [("fail_rate", "failed"), ("temporary_fail_rate", "retry")])
def test_a_rate_of_one_is_all(rate: str, kind: str) -> None:
    assert kinds_of(send_all(SANDBOX, SANDBOX.clean({rate: 1}), [message(n) for n in range(50)])) == {
        kind: 50
    }


def test_the_throttle_lets_so_many_through_a_second() -> None:
    now = [100.0]
    throttle = Throttle(3, clock=lambda: now[0])
    assert [throttle.seconds_to_wait() for _ in range(3)] == [0, 0, 0]
    now[0] += 0.25
    assert throttle.seconds_to_wait() == 0.75
    now[0] += 0.75
    assert throttle.seconds_to_wait() == 0


def test_a_throttled_message_is_told_how_long_to_wait() -> None:
    outcomes = send_all(SANDBOX, SANDBOX.clean({"throttle_after": 10}), [message(n) for n in range(30)])
    waits = [outcome.retry_after for outcome in outcomes.values() if outcome.kind == "retry"]
    assert waits
    assert all(wait is not None and 0 < wait <= 1 for wait in waits)


def test_the_delay_is_taken_by_each_message() -> None:
    slept: list[float] = []
    session = SandboxSession(SANDBOX.clean({"delay_ms": 250}), Throttle(0), sleep=slept.append)
    assert session.send(message(1)).kind == "sent"
    assert slept == [0.25]


@pytest.mark.parametrize(
    "wrong", [{"fail_rate": 2}, {"fail_rate": -1}, {"delay_ms": "long"}, {"throttle_after": True}, {"x": 1}]
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError) as problem:
        SANDBOX.clean(wrong)
    assert list(problem.value.errors) == list(wrong)


class Recorder(Session):
    """A session that counts calls at once and can be made to fail."""

    together = most = 0
    lock = threading.Lock()

    def __init__(self, gate: threading.Event | None = None) -> None:
        self.gate = gate

    def send(self, message: Message) -> Outcome:
        with Recorder.lock:
            Recorder.together += 1
            Recorder.most = max(Recorder.most, Recorder.together)
        if self.gate:
            self.gate.wait(10)
        with Recorder.lock:
            Recorder.together -= 1
        if message.body == "explode":
            raise RuntimeError("a bug")
        return Outcome.sent()


def test_as_many_calls_at_once_as_asked_for_and_no_more() -> None:
    Recorder.together = Recorder.most = 0
    gate = threading.Event()
    sender: Sender = ThreadedSender(lambda: Recorder(gate), 3)
    sender.submit([message(n) for n in range(20)])
    while Recorder.together < 3:
        assert sender.collect(0.01) == []
    gate.set()
    assert kinds_of(collect(sender, 20)) == {"sent": 20}
    assert Recorder.most == 3
    sender.close()


def test_time_is_looked_at_immediately_before_each_call() -> None:
    now = [0.0]

    class Slow(Recorder):
        def send(self, message: Message) -> Outcome:
            assert now[0] < message.start_by
            now[0] += 1
            return Outcome.sent()

    sender = ThreadedSender(Slow, 1, clock=lambda: now[0])
    sender.submit([message(n, start_by=2.5) for n in range(6)])
    outcomes = collect(sender, 6)
    sender.close()
    assert [outcomes[n].kind for n in range(6)] == ["sent"] * 3 + ["released"] * 3


def test_a_bug_with_one_message_leaves_it_unknown_and_the_others_go_on() -> None:
    sender = ThreadedSender(Recorder, 1)
    sender.submit([message(1), message(2, body="explode"), message(3)])
    outcomes = collect(sender, 3)
    sender.close()
    assert [outcomes[n].kind for n in (1, 2, 3)] == ["sent", "unknown", "sent"]


def test_after_a_failure_to_connect_nobody_is_called_until_the_back_off_is_over() -> None:
    now, opened = [0.0], []
    broken = Outcome.retry("connection_refused", "Nothing listens.", connection_error=True)

    def open_session() -> Session:
        opened.append(now[0])
        if now[0] < 10:
            raise CannotOpen(broken)
        return Recorder()

    sender = ThreadedSender(open_session, 1, clock=lambda: now[0])
    for moment in (0.0, 0.1, 0.4, 0.6, 1.0, 1.7):
        now[0] = moment
        sender.submit([message(1, start_by=100)])
        assert collect(sender, 1)[1] == broken
    assert opened == [0.0, 0.6, 1.7]
    now[0] = 50.0
    sender.submit([message(1, start_by=100)])
    assert collect(sender, 1)[1].kind == "sent"
    sender.close()


def test_a_closed_sender_releases_what_it_is_given() -> None:
    sender = ThreadedSender(Recorder, 2)
    sender.submit([message(1)])
    collect(sender, 1)
    sender.close()
    sender.close()
    sender.submit([message(2)])
    assert collect(sender, 1)[2].kind == "released"


def test_waiting_for_nothing_ends_in_time() -> None:
    sender = ThreadedSender(Recorder, 1)
    started = time.monotonic()
    assert sender.collect(0.02) == []
    assert time.monotonic() - started < 30
    sender.close()

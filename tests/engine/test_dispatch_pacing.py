"""How much is taken at a time: messages a second, calls at once, and the window that grows with the provider's pace."""

from __future__ import annotations

import math
import subprocess
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.engine.dispatch import dispatch_channel
from channels.engine.pacing import LARGEST_WINDOW, Window, allowance, quantum, spend
from channels.engine.slots import fair_share
from channels.models import Connection, Delivery
from tests import factories
from tests.engine.scripted_provider import ScriptedProvider
from tests.engine.sending import NOW, ledger, make_blast
from tests.engine.test_dispatch import scripted_blast
from tests.faults.worker_process import Worker
from tests.sinks.sink import Sink

pytestmark = pytest.mark.engine


@given(rate=st.floats(0.01, 100_000))
def test_quanta_never_exceed_the_rate_in_any_second(rate: float) -> None:
    count, spacing = quantum(rate)
    assert count * math.ceil(1 / spacing - 1e-9) <= max(1, rate) + 1e-6


@given(rate=st.floats(20, 100_000))
def test_quanta_use_nearly_all_of_the_rate(rate: float) -> None:
    count, spacing = quantum(rate)
    assert count / spacing >= 0.9 * rate


@pytest.mark.django_db
@pytest.mark.parametrize("rate", [0.5, 1, 7, 50, 333])
def test_claims_of_a_limited_connection_in_every_second(rate: float) -> None:
    """Three workers ask as often as they can over some seconds of the clock."""
    seconds = 10 if rate < 10 else 2
    account = factories.sandbox_connection(factories.WorkspaceFactory())
    moments: list[datetime] = []
    for milliseconds in range(0, seconds * 1000, 5 if rate > 10 else 50):
        now = NOW + timedelta(milliseconds=milliseconds)
        for _ in range(3):
            count, wait = allowance(account.pk, rate, now)
            assert (count > 0) == (wait == 0)
            if count:
                spend(account.pk, rate, now)
                moments += [now] * count
    most = max(sum(start <= at < start + timedelta(seconds=1) for at in moments) for start in set(moments))
    assert most <= max(1, rate)
    assert len(moments) >= seconds * rate * 0.75


@pytest.mark.django_db
def test_a_limited_connection_sends_a_quantum_and_says_that_it_waits(scripted: ScriptedProvider) -> None:
    channel = scripted_blast(100, rate_per_second=40)
    report = dispatch_channel(channel.pk, now=NOW)
    assert (report.ended, report.detail, report.claimed) == ("waiting", "the rate limit", 2)
    for step in range(1, 10):
        dispatch_channel(channel.pk, now=NOW + timedelta(milliseconds=50 * step))
    assert ledger(channel) == {"sent": 20, "pending": 80}


@pytest.mark.django_db
def test_an_empty_claim_costs_nothing_of_the_rate(scripted: ScriptedProvider) -> None:
    channel = scripted_blast(0, rate_per_second=0.01)
    dispatch_channel(channel.pk, now=NOW)
    assert Connection.objects.get(pk=channel.connection_id).next_send_at is None


def test_the_window_grows_to_half_a_seconds_worth() -> None:
    window = Window(slots=4)
    assert window.size == 4
    window.measure(4, 0.1)
    assert window.size == 8
    for _ in range(20):
        window.measure(4, 0.1)
    assert window.size == 20
    for _ in range(50):
        window.measure(100, 0.02)
    assert window.size == LARGEST_WINDOW
    for _ in range(50):
        window.measure(1, 5.0)
    assert window.size == 4


@pytest.mark.parametrize(
    ("slots", "rate", "exchange_seconds", "refill"),
    [
        (2, 2000, 0.004, 40),  # a fast provider: large groups
        (32, 1600, 0.004, 12),  # a slow one with many lines: all of them stay busy
        (2, 2000, 0.5, 12),  # a slow database: a quarter of the window at least
        (4, 1, 0.001, 1),  # one at a time: each answer makes room for the next call
    ],
)
def test_a_group_is_as_large_as_busy_lines_allow(
    slots: int, rate: float, exchange_seconds: float, refill: int
) -> None:
    window = Window(slots)
    for _ in range(100):
        window.measure(max(1, int(rate / 10)), max(1, int(rate / 10)) / rate)
        window.measure_exchange(exchange_seconds)
    assert window.refill == pytest.approx(refill, abs=1)


def test_a_throttle_shrinks_the_window() -> None:
    window = Window(slots=2)
    for _ in range(10):
        window.measure(50, 0.01)
    window.shrink()
    assert window.size == 2


@pytest.mark.parametrize(
    ("parallelism", "workers", "share"), [(1, 2, 1), (4, 2, 2), (5, 2, 3), (64, 2, 32), (3, 8, 1)]
)
def test_workers_share_a_connections_parallelism(
    parallelism: int, workers: int, share: int, settings: object
) -> None:
    settings.DISPATCH_WORKERS = workers  # type: ignore[attr-defined]
    assert fair_share(parallelism) == share


@pytest.mark.django_db(transaction=True)
@pytest.mark.fault
def test_calls_at_once_over_two_worker_processes(http_sink: Sink, settings: object) -> None:
    """Each call takes 30 ms; the sink notes when each began and ended."""
    http_sink.set_latency(30)
    account = factories.webhook_connection(factories.WorkspaceFactory(), http_sink.url)
    channel = make_blast(200, account, kind="webhook", content={"body": "x"}, parallelism=3)
    workers = [Worker("--once", WEBHOOK_ALLOWED_NETWORKS="127.0.0.0/8") for _ in range(2)]
    for worker in workers:
        worker.wait()
    assert ledger(channel) == {"sent": 200}
    calls = [(record["began"], record["at"] + 0.03) for record in http_sink.journal()]
    at_once = max(sum(began <= moment < ended for began, ended in calls) for moment, _ in calls)
    assert 2 <= at_once <= 3
    assert all(isinstance(worker.process, subprocess.Popen) for worker in workers)
    assert Delivery.objects.filter(attempt=1).count() == 200

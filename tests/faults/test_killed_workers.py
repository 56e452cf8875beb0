"""SIGKILL, SIGTERM and SIGSTOP of real workers in the middle of sending: nobody twice, nobody lost."""

from __future__ import annotations

import random
import signal
import time
from collections import deque
from collections.abc import Iterator

import pytest
from django.db import connection

from campaigns.engine.ledger import violations as ledger_violations
from campaigns.models import Person
from channels.engine.dispatch import dispatch_channel
from channels.engine.pacing import LARGEST_WINDOW
from channels.engine.recovery import recover_expired
from channels.models import Channel, Delivery, SandboxMessage
from tests import factories
from tests.engine.sending import NOW, enrol, ledger, make_blast, smtp_blast, tallies
from tests.faults.brokers import connected
from tests.faults.checker import compare, rounds
from tests.faults.nursery import Nursery
from tests.faults.worker_process import Worker, wait_until
from tests.sinks.sink import Sink

pytestmark = [pytest.mark.engine, pytest.mark.fault, pytest.mark.django_db(transaction=True)]

A_ROUND = 150
#: Workers that send at the same time.
POOL = 3


@pytest.fixture
def workers() -> Iterator[list[Worker]]:
    """Workers that are gone when the test is over, whatever it did to them."""
    started: list[Worker] = []
    yield started
    for worker in started:
        worker.kill()


def waiting(channel: Channel) -> int:
    return Delivery.objects.filter(channel=channel, status="pending").count()


def expire_leases() -> None:
    """Let the time of the dead workers' leases pass; nobody alive holds one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE channels_delivery SET lease_until = clock_timestamp() - interval '1 s' WHERE status = 'sending'"
        )


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    """Where workers come from in a moment; whatever the test leaves of them is killed."""
    nursery = Nursery()
    yield nursery
    nursery.close()


def test_killed_workers_leave_nobody_twice_and_nobody_lost(smtp_sink: Sink, nursery: Nursery) -> None:
    """SIGKILL at twenty random instants of one blast that three workers send; each one killed has a successor."""
    number = rounds(20)
    channel = smtp_blast(A_ROUND * POOL, smtp_sink.port, parallelism=8)
    smtp_sink.set_latency(40)
    workers = deque(nursery.start() for _ in range(POOL))
    for turn in range(number):
        victim = workers.popleft()
        wait_until(lambda victim=victim: victim.name in connected(), f"worker {turn} begins", 120)
        goal = smtp_sink.count() + random.randint(1, A_ROUND // 3)
        wait_until(lambda goal=goal: smtp_sink.count() >= goal, f"message {goal} arrives", 120)
        victim.kill()
        workers.append(nursery.start())
        if waiting(channel) < A_ROUND * POOL:
            enrol(channel, factories.people(channel.campaign.workspace, A_ROUND * POOL))
    smtp_sink.set_latency(1)
    wait_until(lambda: waiting(channel) == 0, "everything is sent", 120)
    for worker in workers:
        worker.send(signal.SIGTERM)
        assert worker.wait() in (0, -signal.SIGTERM), "in good order, or before it had begun"
    expire_leases()
    in_doubt = recover_expired(NOW)["unknown"]
    dispatch_channel(channel.pk)  # what the last ones gave back
    result = compare(channel, smtp_sink.journal())
    assert result.clean, result
    assert set(result.statuses) <= {"sent", "unknown"} and result.statuses == tallies(channel)
    assert sum(result.statuses.values()) == Person.objects.count()
    assert in_doubt <= number * LARGEST_WINDOW
    assert list(ledger_violations()) == []


def test_sigterm_in_the_middle_leaves_nothing_in_doubt(smtp_sink: Sink, workers: list[Worker]) -> None:
    channel = smtp_blast(2000, smtp_sink.port, parallelism=8)
    smtp_sink.set_latency(100)
    for turn in range(rounds()):
        workers.append(Worker())
        goal = smtp_sink.count() + 20
        wait_until(lambda goal=goal: smtp_sink.count() >= goal, f"message {goal} arrives")
        asked = time.monotonic()
        workers[turn].send(signal.SIGTERM)
        workers[turn].wait()
        assert time.monotonic() - asked < 60
        result = compare(channel, smtp_sink.journal())
        assert result.clean and set(result.statuses) == {"sent", "pending"}, result
        assert result.arrived == result.statuses["sent"]


def test_a_worker_frozen_past_its_lease_tells_what_happened(smtp_sink: Sink, workers: list[Worker]) -> None:
    """SMTP knows no repeated call: its messages are in doubt until the worker wakes and says what became of them."""
    channel = smtp_blast(300, smtp_sink.port, parallelism=4)
    smtp_sink.set_latency(20)
    workers.append(Worker("--once"))
    wait_until(lambda: smtp_sink.count() >= 50, "50 messages arrive")
    workers[0].send(signal.SIGSTOP)
    expire_leases()
    assert recover_expired(NOW)["unknown"] > 0
    workers[0].send(signal.SIGCONT)
    workers[0].wait()
    result = compare(channel, smtp_sink.journal())
    assert result.clean and result.statuses == {"sent": 300}, result


def test_the_fence_refuses_a_worker_frozen_past_its_lease(workers: list[Worker]) -> None:
    """The sandbox may be called twice: another worker takes over, and the first one's word does not count any more."""
    account = factories.sandbox_connection(factories.WorkspaceFactory(), delay_ms=50)
    channel = make_blast(120, account, parallelism=8)
    workers.append(Worker())
    wait_until(lambda: ledger(channel).get("sending", 0) > 0, "the first worker has claimed")
    workers[0].send(signal.SIGSTOP)
    frozen = dict(Delivery.objects.filter(status="sending").values_list("pk", "fence"))
    expire_leases()
    assert recover_expired(NOW)["requeued"] == len(frozen) > 0
    workers.append(Worker())
    wait_until(lambda: ledger(channel).get("sent", 0) == 120, "the second worker has sent everything")
    workers[0].send(signal.SIGCONT)
    workers[0].send(signal.SIGTERM)
    workers[0].wait()
    assert ledger(channel) == tallies(channel) == {"sent": 120}
    assert SandboxMessage.objects.count() == 120
    fences = dict(Delivery.objects.filter(pk__in=frozen).values_list("pk", "fence"))
    assert all(fences[pk] > fence for pk, fence in frozen.items())

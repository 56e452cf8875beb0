"""Stop, pause and unsubscribe at random instants of a run: after the commit no call starts beyond the stated bound."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator

import pytest
from django.db import transaction

from campaigns.models import Person
from channels.engine.pacing import LARGEST_WINDOW
from channels.engine.rendering import START_WITHIN_SECONDS
from channels.models import Channel
from channels.services import suppression
from tests.engine.sending import smtp_blast
from tests.faults.checker import compare, rounds
from tests.faults.worker_process import Worker, wait_until
from tests.sinks.sink import Sink

pytestmark = [pytest.mark.engine, pytest.mark.fault, pytest.mark.django_db(transaction=True)]

#: The sink notes when a body begins, a little after the worker began the call.
TOLERANCE_SECONDS = 0.3


@pytest.fixture
def two_workers() -> Iterator[list[Worker]]:
    workers = [Worker(), Worker()]
    yield workers
    for worker in workers:
        worker.kill()


def set_status(channel: Channel, status: str) -> tuple[float, float]:
    """As the gateway does it: lock the row, change it, commit. Answers when it had committed, and how long it took."""
    began = time.time()
    with transaction.atomic():
        Channel.objects.select_for_update().get(pk=channel.pk)
        Channel.objects.filter(pk=channel.pk).update(status=status)
    return time.time(), time.time() - began


def test_nothing_starts_after_a_stop_but_what_was_claimed(smtp_sink: Sink, two_workers: list[Worker]) -> None:
    channel = smtp_blast(6000, smtp_sink.port, parallelism=8)
    smtp_sink.set_latency(10)
    for _ in range(rounds(5)):
        goal = smtp_sink.count() + random.randint(10, 200)
        wait_until(lambda goal=goal: smtp_sink.count() >= goal, f"message {goal} arrives")
        committed, took = set_status(channel, "paused")
        wait_until(
            lambda: not Channel.objects.filter(deliveries__status="sending").exists(), "all is recorded"
        )
        late = [record["began"] for record in smtp_sink.journal() if record["began"] > committed]
        assert len(late) <= 2 * LARGEST_WINDOW
        assert max(late, default=0) <= committed + START_WITHIN_SECONDS + TOLERANCE_SECONDS
        assert took < 1.0
        set_status(channel, "running")
    set_status(channel, "paused")
    for worker in two_workers:
        worker.send(signal.SIGTERM)
        worker.wait()
    result = compare(channel, smtp_sink.journal())
    assert result.clean and set(result.statuses) == {"sent", "pending"}, result


def test_who_unsubscribes_in_the_middle_gets_nothing_that_was_not_claimed(
    smtp_sink: Sink, two_workers: list[Worker]
) -> None:
    channel = smtp_blast(1500, smtp_sink.port, parallelism=4)
    smtp_sink.set_latency(5)
    people = list(Person.objects.values_list("email", flat=True))
    wait_until(lambda: smtp_sink.count() >= 50, "50 messages arrive")
    left: dict[str, float] = {}
    for address in random.sample(people, 300):
        suppression.suppress(channel.campaign.workspace_id, "email", address, "unsubscribed")
        left[address] = time.time()
    wait_until(lambda: not Channel.objects.filter(deliveries__status="pending").exists(), "all is sent")
    wait_until(lambda: not Channel.objects.filter(deliveries__status="sending").exists(), "all is recorded")
    result = compare(channel, smtp_sink.journal())
    assert result.clean and set(result.statuses) == {"sent", "skipped"}, result
    for record in smtp_sink.journal():
        if record["to"] in left:
            assert record["began"] <= left[record["to"]] + START_WITHIN_SECONDS + TOLERANCE_SECONDS

"""One campaign with a hundred thousand people is stopped while real workers send it through a real mail server."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

import pytest
from django.utils import timezone

from campaigns.engine import ledger as proof
from campaigns.engine.enrolment import enrol_channel
from campaigns.engine.sweeping import sweep
from campaigns.models import Campaign
from campaigns.services.actions import perform
from campaigns.services.actors import Actor
from channels.engine.pacing import LARGEST_WINDOW
from channels.engine.rendering import START_WITHIN_SECONDS
from channels.models import Channel, Connection, Delivery
from tests import factories
from tests.engine.sending import ledger, tallies
from tests.factories.campaigns import owner_of
from tests.faults.checker import compare
from tests.faults.nursery import Nursery
from tests.faults.test_stop_at_any_moment import TOLERANCE_SECONDS
from tests.faults.worker_process import wait_until
from tests.sinks.sink import Sink

pytestmark = [pytest.mark.engine, pytest.mark.fault, pytest.mark.django_db(transaction=True)]

WORKERS = 3
#: Far more than it takes, and far less than the rows would if the stop waited for any of them.
ANSWER_WITHIN_SECONDS = 1.0


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    nursery = Nursery()
    yield nursery
    nursery.close()


@pytest.mark.parametrize(
    "people",
    [pytest.param(20_000, marks=pytest.mark.slow), pytest.param(100_000, marks=pytest.mark.long)],
)
def test_stop_answers_at_once_and_only_what_was_claimed_still_leaves(
    smtp_sink: Sink, nursery: Nursery, people: int
) -> None:
    campaign = running_campaign(people, smtp_sink.port)
    channel = campaign.channels.get()
    smtp_sink.set_latency(10)
    workers = [nursery.start() for _ in range(WORKERS)]
    wait_until(lambda: smtp_sink.count() >= people // 20, "a twentieth has gone", 120)

    began = time.monotonic()
    perform("stop", campaign.pk, Actor.member(owner_of(campaign)), now=timezone.now())
    answered, took = time.time(), time.monotonic() - began
    at_stop = tallies(channel)
    looked = time.time()

    for worker in workers:
        worker.send(signal.SIGTERM)
        assert worker.wait() == 0
    late = [record["began"] for record in smtp_sink.journal() if record["began"] > answered]
    assert took < ANSWER_WITHIN_SECONDS
    assert len(late) <= WORKERS * LARGEST_WINDOW
    assert max(late, default=0) <= answered + START_WITHIN_SECONDS + TOLERANCE_SECONDS
    assert sum(began > looked for began in late) <= at_stop.get("sending", 0), (
        "nothing was claimed after the stop"
    )
    swept = carry_out(campaign)
    print(
        f"\n{people:,}: answered in {took * 1000:.0f} ms; then {at_stop}; {len(late)} began later; {swept:.1f} s to cancel"
    )
    assert_only_the_rest_is_cancelled(channel, smtp_sink, people, at_stop["pending"])


def running_campaign(people: int, port: int) -> Campaign:
    """Approved, started, everybody in the ledger."""
    workspace = factories.WorkspaceFactory()
    account = factories.smtp_connection(workspace, port)
    Connection.objects.filter(pk=account.pk).update(parallelism=16)
    campaign = factories.in_state(
        "running", "message", timezone.now(), workspace=workspace, connection=account, people=people
    )
    enrol_channel(campaign.channels.get().pk, timezone.now(), seconds=600)
    assert Delivery.objects.filter(channel__campaign=campaign).count() == people
    return campaign


def carry_out(campaign: Campaign) -> float:
    """The background's part; answers how many seconds it took."""
    began = time.monotonic()
    while Channel.objects.filter(campaign=campaign).exclude(sweep="").exists():
        sweep(campaign.pk, timezone.now())
    return time.monotonic() - began


def assert_only_the_rest_is_cancelled(channel: Channel, sink: Sink, people: int, waited: int) -> None:
    """Who waited at the stop is cancelled; beside them only those are that a worker gave back."""
    statuses = ledger(channel)
    assert set(statuses) == {"sent", "cancelled:stopped"}, statuses
    assert sum(statuses.values()) == people and statuses["cancelled:stopped"] >= waited
    result = compare(channel, sink.journal())
    assert result.clean and result.arrived == statuses["sent"], result
    with proof.one_snapshot():
        assert list(proof.violations()) == []

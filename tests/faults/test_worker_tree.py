"""The whole tree of a Celery worker dies by SIGKILL; new workers and the beat's recovery end the campaign."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import timezone

from campaigns.models import Activity, Campaign
from campaigns.services import timetable
from campaigns.services.actors import Actor
from campaigns.services.channel_actions import perform_channel
from channels.engine.pacing import LARGEST_WINDOW
from channels.models import Connection
from tests import factories
from tests.engine.sending import tallies
from tests.factories.campaigns import owner_of
from tests.faults.brokers import Files, Processes
from tests.faults.checker import compare, rounds
from tests.faults.worker_process import wait_until
from tests.sinks.sink import Sink

pytestmark = [pytest.mark.engine, pytest.mark.fault, pytest.mark.django_db(transaction=True)]

A_ROUND = 200
WORKERS = 2


@pytest.fixture
def processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Processes]:
    timetable.fill()
    broker = Files(tmp_path / "data")
    broker.ring_here(monkeypatch)
    processes = Processes(broker, DISPATCH_LEASE_SECONDS="2", DISPATCH_WORKERS=str(WORKERS))
    yield processes
    processes.kill()


def start_all(processes: Processes) -> None:
    processes.worker("duties", 1)
    processes.worker("dispatch", WORKERS)
    processes.beat()


def test_everything_killed_in_mid_send_leaves_nobody_twice_and_nobody_lost(
    processes: Processes, smtp_sink: Sink
) -> None:
    """Beat, duties and senders die at one moment; what was in the senders' hands is in doubt, and never sent again."""
    kills = rounds(1)
    people = A_ROUND * (kills + 1)
    workspace = factories.WorkspaceFactory()
    # A lease covers the provider's time-outs: short ones, so that what the dead held is found soon.
    account = factories.smtp_connection(workspace, smtp_sink.port, timeout=4)
    Connection.objects.filter(pk=account.pk).update(parallelism=8)
    campaign = factories.CampaignFactory(
        kind="outreach", workspace=workspace, connection=account, people=people, now=timezone.now()
    )
    channel = campaign.channels.get()
    smtp_sink.set_latency(40)
    perform_channel("start", channel.pk, Actor.member(owner_of(campaign)))
    for _ in range(kills):
        start_all(processes)
        goal = smtp_sink.count() + A_ROUND // 2
        wait_until(lambda goal=goal: smtp_sink.count() >= goal, f"message {goal} arrives", 120)
        processes.kill()
    assert tallies(channel)["sending"] > 0
    start_all(processes)
    wait_until(lambda: Campaign.objects.get().status == "completed", "the campaign is completed", 120)
    result = compare(channel, smtp_sink.journal())
    assert result.clean, result
    assert result.statuses == tallies(channel) and sum(result.statuses.values()) == people
    assert set(result.statuses) == {"sent", "unknown"}
    assert result.statuses["unknown"] <= kills * WORKERS * LARGEST_WINDOW
    assert Activity.objects.filter(to_status="completed", channel_id=None).count() == 1

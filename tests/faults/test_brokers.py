"""A run whose broker loses everything in the middle, on each broker: a message there is only a wake-up call."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import timezone

from campaigns.models import Activity, Campaign
from campaigns.services import timetable
from campaigns.services.actors import Actor
from campaigns.services.channel_actions import perform_channel
from channels.models import Channel, Delivery
from tests import factories
from tests.engine.sending import tallies
from tests.factories.campaigns import owner_of
from tests.faults.brokers import BROKERS, Broker, Processes
from tests.faults.checker import compare
from tests.faults.worker_process import wait_until
from tests.sinks.sink import Sink

pytestmark = [pytest.mark.engine, pytest.mark.fault, pytest.mark.django_db(transaction=True)]

PEOPLE = 1500


@pytest.fixture(params=list(BROKERS))
def broker(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Broker]:
    broker = BROKERS[request.param](tmp_path / "data")
    broker.ring_here(monkeypatch)
    yield broker
    broker.remove()


@pytest.fixture
def processes(broker: Broker) -> Iterator[Processes]:
    timetable.fill()
    processes = Processes(broker)
    yield processes
    processes.kill()


def email_campaign(port: int) -> Channel:
    """A draft to so many people, through a mail server on this machine."""
    workspace = factories.WorkspaceFactory()
    account = factories.smtp_connection(workspace, port)
    campaign = factories.CampaignFactory(
        kind="outreach", workspace=workspace, connection=account, people=PEOPLE, now=timezone.now()
    )
    return campaign.channels.get()


def test_a_broker_emptied_in_mid_run_costs_nothing(
    broker: Broker, processes: Processes, smtp_sink: Sink
) -> None:
    """Enrolment and sending are the workers' and the beat's; nobody but they ring after the start."""
    channel = email_campaign(smtp_sink.port)
    smtp_sink.set_latency(5)
    perform_channel("start", channel.pk, Actor.member(owner_of(channel.campaign)))
    broker.flush()  # nobody has heard the start yet
    assert not Delivery.objects.exists()
    processes.worker("duties")
    processes.worker("dispatch")
    processes.beat()
    for part in (1 / 3, 1 / 2, 2 / 3):
        wait_until(
            lambda part=part: smtp_sink.count() > part * PEOPLE, f"{part:.0%} of the messages arrive", 120
        )
        broker.flush()
    wait_until(lambda: Campaign.objects.get().status == "completed", "the campaign is completed")
    result = compare(channel, smtp_sink.journal())
    assert result.clean and result.arrived == PEOPLE, result
    assert result.statuses == tallies(channel) == {"sent": PEOPLE}
    everyone = {record["to"] for record in smtp_sink.journal()}
    assert len(everyone) == PEOPLE
    assert Activity.objects.filter(to_status="completed", channel_id=None).count() == 1

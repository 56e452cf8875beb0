"""A mail server dies in the middle of a run: its channel says so, the others go on, and it finishes once it is back."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from campaigns.management.commands import work
from campaigns.models import Membership
from campaigns.services import duties
from campaigns.services.rendering_campaign import render_campaign
from channels.engine.claiming import due_channels
from channels.engine.dispatch import DispatchReport, dispatch_channel
from channels.engine.pacing import LARGEST_WINDOW
from channels.engine.stopping import StopRequest
from channels.models import Channel, Connection
from channels.services.connections import update_connection
from tests import factories
from tests.engine.sending import EMAIL, enrol, ledger
from tests.engine.world import make_campaign
from tests.sinks.sink import Sink

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.django_db]
PEOPLE = 120


@pytest.fixture
def member() -> Membership:
    return factories.member("creator")


def channel_through(account: Connection, campaign: object) -> Channel:
    channel = Channel.objects.create(
        campaign=campaign, kind="email", status="running", connection=account, content=EMAIL, enrolled=True
    )
    enrol(channel, factories.people(account.workspace, PEOPLE))
    return channel


def said(member: Membership, channel: Channel) -> str:
    """What the campaign says about the channel."""
    shown = render_campaign(channel.campaign_id, member)["channels"]
    return next(part["message"] for part in shown if part["id"] == channel.pk)


def killed_after(sink: Sink, messages: int) -> threading.Thread:
    """Kills the mail server, without warning, as soon as it has taken so many messages."""

    def wait_and_kill() -> None:
        while sink.count() < messages:
            time.sleep(0.01)
        sink.kill()

    thread = threading.Thread(target=wait_and_kill)
    thread.start()
    return thread


def test_a_connection_killed_mid_run(member: Membership, smtp_sink: Sink) -> None:
    workspace = member.workspace
    campaign = make_campaign(None, "outreach", workspace=workspace)
    with Sink("smtp", latency_ms=30) as doomed:
        dying = factories.smtp_connection(workspace, doomed.port, timeout=5)
        Connection.objects.filter(pk=dying.pk).update(parallelism=2)
        channel = channel_through(dying, campaign)
        killer = killed_after(doomed, 20)
        dispatch_channel(channel.pk, seconds=60)
        killer.join()
        before = {record["to"] for record in doomed.journal()}
    assert 20 <= len(before) < PEOPLE, "it died in the middle"

    dying.refresh_from_db()
    assert dying.status == "error" and dying.message
    healthy = channel_through(factories.smtp_connection(workspace, smtp_sink.port), campaign)
    assert dying.message in said(member, channel) and dying.message not in said(member, healthy)
    now = timezone.now()
    assert duties.DUTIES["recheck"](now) == {"checked": [dying.pk], "running": [], "agents": 0}
    assert duties.DUTIES["ring"](now)["rung"] == [healthy.pk]
    assert dispatch_channel(healthy.pk, seconds=60).counts == {"sent": PEOPLE}, "nobody waits for the other"
    assert dispatch_channel(channel.pk, seconds=5).claimed == 0

    smtp_sink.reset()
    update_connection(dying, {"settings": {"port": smtp_sink.port}})
    later = now + timedelta(minutes=10)
    assert duties.DUTIES["recheck"](later)["running"] == [dying.pk]
    assert dying.message not in said(member, channel)
    dispatch_channel(channel.pk, now=later, seconds=60)
    unsure = ledger(channel).get("unknown:in_doubt", 0)
    assert ledger(channel)["sent"] + unsure == PEOPLE and unsure <= 4
    after = [record["to"] for record in smtp_sink.journal()]
    assert not before & set(after) and len(after) == len(set(after))
    assert len(before) + len(after) >= PEOPLE - unsure


@pytest.mark.parametrize("first", ["the dead one", "the healthy one"])
def test_a_dead_connection_costs_its_neighbours_no_claim(
    member: Membership, smtp_sink: Sink, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    """Counted: the dead one takes one turn and a small window of claims; the healthy one is claimed as if it were alone."""
    campaign = make_campaign(None, "outreach", workspace=member.workspace)
    dead = channel_through(factories.smtp_connection(member.workspace, free_port()), campaign)
    healthy = channel_through(factories.smtp_connection(member.workspace, smtp_sink.port), campaign)
    order = [dead.pk, healthy.pk] if first == "the dead one" else [healthy.pk, dead.pk]
    turns: list[tuple[int, int]] = []

    def due(now: datetime) -> list[int]:
        return sorted(due_channels(now), key=order.index)

    def turn(channel_id: int, **options: Any) -> DispatchReport:
        report = dispatch_channel(channel_id, **options)
        turns.append((channel_id, report.claimed))
        return report

    monkeypatch.setattr(work, "due_channels", due)
    monkeypatch.setattr(work, "dispatch_channel", turn)
    command = work.Command()
    command.seconds, command.sent = 20.0, Counter()
    while command.round(StopRequest()):
        pass
    assert [pk for pk, _ in turns] == order, "one turn each: nobody comes back to the dead one"
    claimed = dict(turns)
    assert claimed[healthy.pk] == PEOPLE and ledger(healthy) == {"sent": PEOPLE}
    assert claimed[dead.pk] <= LARGEST_WINDOW and ledger(dead) == {"pending": PEOPLE}
    assert Connection.objects.get(pk=dead.connection_id).status == "error"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

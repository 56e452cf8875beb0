"""The gate: nothing is claimed once a stop, a pause or an error has committed; what was claimed is accounted for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from campaigns.models import Campaign
from channels.engine.claiming import due_channels
from channels.engine.dispatch import dispatch_channel
from channels.models import Channel, Connection, Delivery
from channels.providers.base import Message, Outcome
from tests.engine.scripted_provider import ScriptedProvider
from tests.engine.sending import NOW, ledger, make_blast
from tests.engine.test_dispatch import scripted_blast

pytestmark = [pytest.mark.engine, pytest.mark.django_db]

CLOSED: dict[str, tuple[type, dict[str, Any]]] = {
    "channel ready": (Channel, {"status": "ready"}),
    "channel paused": (Channel, {"status": "paused"}),
    "channel stopped": (Channel, {"status": "stopped"}),
    "channel completed": (Channel, {"status": "completed"}),
    "channel errored": (Channel, {"status": "errored"}),
    "campaign draft": (Campaign, {"status": "draft"}),
    "campaign stopped": (Campaign, {"status": "stopped"}),
    "campaign archived": (Campaign, {"status": "archived"}),
    "campaign deleted": (Campaign, {"deleted_at": NOW}),
    "connection stopped": (Connection, {"status": "stopped"}),
    "connection in error": (Connection, {"status": "error"}),
    "connection paused": (Connection, {"paused_until": NOW + timedelta(minutes=1)}),
}


@pytest.mark.parametrize("name", CLOSED)
def test_nothing_is_claimed_while(name: str, scripted: ScriptedProvider) -> None:
    model, change = CLOSED[name]
    channel = scripted_blast(5)
    model.objects.update(**change)
    report = dispatch_channel(channel.pk, now=NOW)
    assert report.claimed == 0 and report.ended in ("closed", "waiting") and report.detail
    assert due_channels(NOW) == []
    assert ledger(channel) == {"pending": 5} and scripted.messages == []


@pytest.mark.parametrize("status", ["running", "stopping"])
def test_a_campaign_that_lets_people_finish_still_sends(status: str, scripted: ScriptedProvider) -> None:
    channel = scripted_blast(5)
    Campaign.objects.update(status=status)
    assert due_channels(NOW) == [channel.pk]
    assert dispatch_channel(channel.pk, now=NOW).counts == {"sent": 5}
    assert due_channels(NOW) == []


def test_due_channels_are_those_with_something_due() -> None:
    channels = [make_blast(1) for _ in range(3)]
    later = make_blast(1, due=NOW + timedelta(hours=1))
    assert sorted(due_channels(NOW)) == sorted(channel.pk for channel in channels)
    assert due_channels(NOW, later.connection_id) == []
    assert due_channels(NOW + timedelta(hours=1), later.connection_id) == [later.pk]


@pytest.mark.django_db(transaction=True)
def test_after_a_pause_only_what_was_claimed_goes_out_and_a_resume_sends_the_rest(
    scripted: ScriptedProvider,
) -> None:
    channel = scripted_blast(300)

    def pause(message: Message) -> Outcome:
        if len(scripted.messages) == 100:
            Channel.objects.filter(pk=channel.pk).update(status="paused")
        return Outcome.sent()

    scripted.answer = pause
    report = dispatch_channel(channel.pk, now=NOW)
    assert report.detail == "the channel is paused"
    assert 100 <= len(scripted.messages) < 100 + 50
    assert ledger(channel) == {"sent": len(scripted.messages), "pending": 300 - len(scripted.messages)}
    Channel.objects.filter(pk=channel.pk).update(status="running")
    dispatch_channel(channel.pk, now=NOW)
    assert ledger(channel) == {"sent": 300}
    assert len({message.key for message in scripted.messages}) == len(scripted.messages) == 300


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "outcome", [Outcome.released(), Outcome.retry("busy"), Outcome.retry("slow", retry_after=9)]
)
def test_what_comes_back_after_a_stop_is_cancelled_for_the_stops_reason(
    outcome: Outcome, scripted: ScriptedProvider
) -> None:
    channel = scripted_blast(3)

    def stop(message: Message) -> Outcome:
        # The sweep that follows a stop has passed already: nobody else would cancel these rows.
        Channel.objects.filter(pk=channel.pk).update(status="stopped", sweep="", sweep_reason="exited")
        return outcome

    scripted.answer = stop
    dispatch_channel(channel.pk, now=NOW)
    claimed = len(scripted.messages)
    assert ledger(channel).get("cancelled:exited") == claimed
    assert Delivery.objects.filter(channel=channel, status="pending").count() == 3 - claimed


@pytest.mark.django_db(transaction=True)
def test_a_stopped_connection_closes_the_gate_at_the_next_claim(scripted: ScriptedProvider) -> None:
    channel = scripted_blast(200)

    def stop(message: Message) -> Outcome:
        Connection.objects.filter(pk=channel.connection_id).update(status="stopped")
        return Outcome.sent()

    scripted.answer = stop
    dispatch_channel(channel.pk, now=NOW)
    assert len(scripted.messages) <= 50

"""A move: one action on its way through the gateway, with all that its effect may read and write."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from campaigns.domain.guards import Facts
from campaigns.models import Campaign
from campaigns.services.actors import Actor
from campaigns.services.parameters import Params
from campaigns.services.send_schedule import rebuild
from channels.domain import states as cs
from channels.models import Channel


@dataclass(slots=True)
class Move:
    """The locked campaign and channels, the parameters, and what the activity row will say."""

    action: str
    campaign: Campaign
    channels: list[Channel]
    actor: Actor
    params: Params
    facts: Facts
    now: datetime
    targets: tuple[str, ...]
    reason: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    result: Campaign | None = None
    proposal: dict[str, Any] = field(default_factory=dict)
    """An edit of a live campaign, in the API's shape, that is to be approved or is published now."""
    baseline: dict[str, Any] | None = None
    """What was approved before this edit, where the edit has overwritten it."""
    approves: bool = False
    """What the campaign is after this move is what has been approved."""

    def begin(self) -> None:
        """Set out now: the time that was planned has been used up."""
        planned, self.campaign.starts_at = self.campaign.starts_at, None
        self.campaign.started_at = self.campaign.started_at or self.now
        self.campaign.finished_at = None
        for channel in self.channels:
            channel.planned_from = planned or self.now
        self.start_channels()

    def start_channels(self, *, requeue: bool = False) -> None:
        """Set every channel to work; after a stop, what was cancelled by it is queued again."""
        if requeue:
            rebuild(self.channels, self.now)
        for channel in self.channels:
            if channel.status == cs.RUNNING:
                continue
            if requeue and channel.status == cs.STOPPED:
                channel.sweep, channel.sweep_reason = "requeue", ""
            if channel.status == cs.PAUSED:
                channel.resume()
            else:
                channel.start()
            channel.started_at = channel.started_at or self.now
            channel.finished_at, channel.status_reason = None, ""
            channel.save()

    def stop_channels(self, reason: str) -> None:
        """Stop every channel that is not finished, here and now; cancelling the unsent rows follows in batches."""
        for channel in self.channels:
            if channel.status in (cs.READY, cs.RUNNING, cs.PAUSED, cs.ERRORED):
                stop_channel(channel, reason, self.now)

    def pause_channels(self) -> None:
        """Nothing more is sent for a while; O(1), and what waits goes on waiting."""
        for channel in self.channels:
            if channel.status == cs.RUNNING:
                channel.pause()
                channel.save()

    def clear_schedule(self) -> None:
        """No start or stop is to come any more: the label goes."""
        self.campaign.starts_at = self.campaign.stops_at = None


def stop_channel(channel: Channel, reason: str, now: datetime) -> None:
    """Stop one channel; O(1): the ledger's rows follow by the sweep. A channel never started has none."""
    touched = channel.status != cs.READY
    channel.stop()
    channel.finished_at = now
    if touched:
        channel.sweep, channel.sweep_reason = "cancel", reason
    channel.save()

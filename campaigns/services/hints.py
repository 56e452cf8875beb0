"""Gives the hints about channels what they look at; the hints themselves are in domain/hints.py."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from campaigns.domain import states as s
from campaigns.domain.hints import ChannelState, Hint, hints_for
from campaigns.models import Campaign
from channels.domain import states as cs
from channels.domain.hours import ANY_HOUR, read_hours
from channels.models import Channel

_FINISHED = (cs.COMPLETED, cs.STOPPED)


def hints_of(
    campaign: Campaign, channels: Sequence[Channel], counts: Mapping[int, Mapping[str, int]], now: datetime
) -> dict[int, list[Hint]]:
    """The hints by channel id; no query where the connections came along. Only channels of outreach have any."""
    if campaign.kind != "outreach" or campaign.status == s.ARCHIVED:
        return {channel.pk: [] for channel in channels}
    return {
        channel.pk: hints_for(state_of(campaign, channel, channels, counts.get(channel.pk, {}), now))
        for channel in channels
    }


def state_of(
    campaign: Campaign,
    channel: Channel,
    channels: Iterable[Channel],
    counts: Mapping[str, int],
    now: datetime,
) -> ChannelState:
    """What the hints look at, of one channel among those of its campaign."""
    connection = channel.connection
    return ChannelState(
        status=channel.status,
        zone=campaign.timezone,
        now=now,
        pauses=channel.pauses,
        created_at=channel.created_at,
        other_finished_at=_others_finished_at(channel, channels),
        hours=read_hours(connection.hours) if connection else ANY_HOUR,
        home=campaign.workspace.timezone,
        sent=counts.get(cs.SENT, 0),
        failed=counts.get(cs.FAILED, 0),
        converted=counts.get("converted", 0),
        has_goal=bool(campaign.goal),
    )


def _others_finished_at(channel: Channel, channels: Iterable[Channel]) -> datetime | None:
    """When the last other channel finished; None while one of them is at work, or where none has finished."""
    started = [one for one in channels if one.pk != channel.pk and one.status != cs.READY]
    if any(one.status not in _FINISHED for one in started):
        return None
    return max((one.finished_at for one in started if one.finished_at), default=None)

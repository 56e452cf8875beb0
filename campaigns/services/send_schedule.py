"""The send schedule of an SMS campaign: each of its messages may go out later than the campaign starts (seed 001).

A message is a channel. Its time is kept as a moment; where the start moves, the messages keep their distance to it, and
so they do where a restart builds the schedule anew. While it is scheduled, nothing but these times can be changed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from campaigns.domain.schedule import told
from campaigns.models import Campaign
from campaigns.services.counts import channel_counts
from campaigns.services.errors import Invalid
from campaigns.services.parameters import read_time
from channels.domain import states as cs
from channels.models import Channel

KEY = "send_schedule"
#: What is left of a message that a stop has cut short.
_UNSENT = (cs.PENDING, cs.SENDING, cs.CANCELLED)


def as_send_schedule(payload: Mapping[str, Any]) -> dict[str, Any]:
    """An update whose channels name nothing but their times is one of the schedule, not of the content."""
    listed = payload.get("channels")
    only_times = isinstance(listed, list) and bool(listed) and all(_is_time(item) for item in listed)
    if not only_times or KEY in payload:
        return dict(payload)
    return {(KEY if key == "channels" else key): value for key, value in payload.items()}


def _is_time(item: Any) -> bool:
    return isinstance(item, Mapping) and {key for key in item if key != "kind" or item[key]} == {
        "id",
        "sends_at",
    }


def follow(
    campaign: Campaign, start_before: datetime | None, data: Mapping[str, Any], now: datetime | None
) -> None:
    """An edit has set times or moved the start: messages whose times it does not name keep their distance to it."""
    named = set_times(campaign, data[KEY]) if KEY in data else set()
    messages = messages_of(campaign)
    if "channels" not in data:
        keep_distance(messages, start_before, campaign.starts_at, named)
    refuse_impossible(campaign, messages, now)


def set_times(campaign: Campaign, listed: Any) -> set[int]:
    """Set ``[{"id", "sends_at"}]`` (null: with the campaign's start); answers the ids of the messages that were named."""
    if not isinstance(listed, list):
        raise Invalid.field(
            KEY, f'{KEY} must look like [{{"id": 12, "sends_at": "2027-03-01T09:00:00+03:00"}}].'
        )
    channels = {channel.pk: channel for channel in campaign.channels.select_for_update()}
    for place, item in enumerate(listed):
        path = f"channels.{place}"
        channel = channels.get(item.get("id", 0)) if isinstance(item, Mapping) else None
        if channel is None:
            raise Invalid.field(f"{path}.id", "This campaign has no such channel.")
        set_time(channel, campaign, item, path)
        channel.save(update_fields=["sends_at"])
    return {item["id"] for item in listed}


def set_time(channel: Channel, campaign: Campaign, item: Mapping[str, Any], path: str) -> None:
    """The message's own time; None where it goes out with the start. Does not save."""
    try:
        moment = read_time(item, "sends_at")
    except Invalid as error:
        raise Invalid.field(f"{path}.sends_at" if path else "sends_at", error.message) from error
    if moment is not None and campaign.kind != "sms":
        raise Invalid.field(
            f"{path}.sends_at" if path else "sends_at",
            "Only the messages of an SMS campaign have send times of their own.",
        )
    channel.sends_at = moment


def messages_of(campaign: Campaign) -> list[Channel]:
    """The messages of an SMS campaign in their order; none of another kind, which has no such schedule."""
    return list(campaign.channels.order_by("position", "id")) if campaign.kind == "sms" else []


def keep_distance(
    messages: Iterable[Channel],
    before: datetime | None,
    after: datetime | None,
    named: Collection[int] = (),
) -> None:
    """The start has moved: messages with a time of their own move with it, but for those just ``named``."""
    if before is None or after is None or before == after:
        return
    for channel in messages:
        if channel.sends_at is not None and channel.pk not in named:
            channel.sends_at += after - before
            channel.save(update_fields=["sends_at"])


def refuse_impossible(campaign: Campaign, messages: Iterable[Channel], now: datetime | None) -> None:
    """`Invalid`, naming the message: a time before the start, after the stop or, where it is scheduled, in the past."""
    for place, channel in enumerate(messages):
        reason = _impossible(campaign, channel.sends_at, now) if channel.sends_at else ""
        if reason:
            raise Invalid.field(f"channels.{place}.sends_at", f"Message {place + 1} {reason}")


def _impossible(campaign: Campaign, moment: datetime, now: datetime | None) -> str:
    zone = campaign.timezone
    if campaign.starts_at and moment < campaign.starts_at:
        start = told(campaign.starts_at, zone)
        return f"cannot go out before the campaign starts, on {start}; choose a later time."
    if campaign.stops_at and moment >= campaign.stops_at:
        return f"cannot go out after the campaign stops, on {told(campaign.stops_at, zone)}."
    if now is not None and campaign.status == "scheduled" and moment <= now:
        return f"cannot go out on {told(moment, zone)}: that has passed already; choose a time after now."
    return ""


def rebuild(channels: Sequence[Channel], now: datetime) -> None:
    """A restart: messages with anything left to send keep the distance that they had to the start. Does not save."""
    counts = channel_counts([channel.pk for channel in channels if channel.sends_at])
    for channel in channels:
        if channel.sends_at is None or channel.planned_from is None:
            continue
        figures = counts[channel.pk]
        if not channel.enrolled or any(figures[status] for status in _UNSENT):
            channel.sends_at = now + (channel.sends_at - channel.planned_from)
            channel.planned_from = now

"""Adding and editing single channels of a campaign."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from campaigns.domain.editing import why_locked
from campaigns.models import Campaign
from campaigns.services.actions import check_version, lock, record
from campaigns.services.actors import Actor
from campaigns.services.campaigns import editable_sections
from campaigns.services.channel_actions import follow_channels, lock_channel
from campaigns.services.channel_payloads import fill_channel
from campaigns.services.completeness import refuse_incomplete
from campaigns.services.errors import EditsDiscarded
from channels.domain import states as cs
from channels.models import Channel

#: A running channel's content is what is going out; pause it to change it (seed 003, Pausing).
_OPEN_FOR_EDITS = (cs.READY, cs.PAUSED, cs.ERRORED)


def add_channel(campaign_id: int, actor: Actor, data: Mapping[str, Any], now: datetime) -> Channel:
    """Add one channel: ``{"kind", "connection", "content"}``. In outreach also while others are at work."""
    with transaction.atomic():
        campaign = lock(campaign_id, actor)
        _require_what(campaign, actor)
        channel = Channel(campaign=campaign, position=campaign.channels.count())
        fill_channel(channel, campaign, data, "")
        channel.save()
        record(
            actor,
            campaign,
            "add_channel",
            campaign.status,
            "",
            {"channel": channel.kind},
            now,
            channel_id=channel.pk,
        )
        _follow(campaign, actor, now)
    return channel


def update_channel(
    channel_id: int, actor: Actor, data: Mapping[str, Any], now: datetime, version: int | None = None
) -> Channel:
    """Change the connection or content of a channel that is not at work just now. ``version`` is the campaign's."""
    with transaction.atomic():
        campaign, channel = lock_channel(channel_id, actor)
        check_version(campaign, version)
        _require_what(campaign, actor)
        if channel.status not in _OPEN_FOR_EDITS and campaign.kind == "outreach":
            raise EditsDiscarded(f"A channel that is {channel.status} cannot be edited; pause it first.")
        fill_channel(channel, campaign, data, "")
        channel.save()
        refuse_incomplete(campaign)
        record(
            actor,
            campaign,
            "edit_channel",
            campaign.status,
            "",
            {"channel": channel.kind},
            now,
            channel_id=channel.pk,
        )
        _follow(campaign, actor, now)
    return channel


def _require_what(campaign: Campaign, actor: Actor) -> None:
    if actor.membership and "what" not in editable_sections(campaign, actor.membership):
        raise EditsDiscarded(why_locked("what", campaign.lifecycle.title, campaign.look.label))


def _follow(campaign: Campaign, actor: Actor, now: datetime) -> None:
    """The campaign has a new version; the status of an outreach campaign follows from its channels."""
    if campaign.kind == "outreach":
        follow_channels(campaign, actor, now)
        return
    campaign.version += 1
    campaign.updated_at = now
    campaign.save(update_fields=["version", "updated_at"])

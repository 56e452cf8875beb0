"""Adding and editing single channels of a campaign."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from campaigns.domain.editing import why_locked
from campaigns.models import Campaign
from campaigns.services import approving, flow_payloads
from campaigns.services.actions import check_version, lock, record
from campaigns.services.actors import Actor
from campaigns.services.channel_actions import follow_channels, lock_channel
from campaigns.services.channel_payloads import fill_channel
from campaigns.services.completeness import refuse_incomplete
from campaigns.services.editing import Edited, rights, save_edit
from campaigns.services.errors import EditsDiscarded
from campaigns.services.send_schedule import KEY
from channels.domain import states as cs
from channels.models import Channel

#: A running channel's content is what is going out; pause it to change it (seed 003, Pausing).
_OPEN_FOR_EDITS = (cs.READY, cs.PAUSED, cs.ERRORED)


def add_channel(campaign_id: int, actor: Actor, data: Mapping[str, Any], now: datetime) -> Channel | None:
    """Add one channel: ``{"kind", "connection", "content"}``. In outreach also while others are at work.

    None where the new channel waits for approval beside a live campaign (see editing.py).
    """
    with transaction.atomic():
        campaign = lock(campaign_id, actor)
        flow_payloads.refuse_active(campaign, {"channels": []}, None)
        if _asks(campaign, actor, now):
            listed = _waiting_channels(campaign)
            edited = save_edit(campaign_id, actor, {"channels": [*listed, dict(data)]}, None, now)
            return None if edited.request and edited.request.proposal else campaign.channels.latest("pk")
        channel = Channel(campaign=campaign, position=campaign.channels.count())
        fill_channel(channel, campaign, data, "")
        channel.save()
        _record(actor, campaign, "add_channel", channel, now)
        _follow(campaign, actor, now)
    return channel


def update_channel(
    channel_id: int, actor: Actor, data: Mapping[str, Any], now: datetime, version: int | None = None
) -> Channel:
    """Change the connection or content of a channel that is not at work just now. ``version`` is the campaign's.

    Where the campaign is approved, the change becomes what the editing table says: it waits, or is published.
    """
    with transaction.atomic():
        campaign, channel = lock_channel(channel_id, actor)
        check_version(campaign, version)
        flow_payloads.refuse_active(campaign, {"channels": []}, None)
        if _asks(campaign, actor, now):
            listed = _waiting_channels(campaign)
            changed = [{**item, **data} if item.get("id") == channel_id else item for item in listed]
            save_edit(campaign.pk, actor, {"channels": changed}, None, now)
            return Channel.objects.get(pk=channel_id)
        if channel.status not in _OPEN_FOR_EDITS and campaign.kind == "outreach":
            raise EditsDiscarded(f"A channel that is {channel.status} cannot be edited; pause it first.")
        fill_channel(channel, campaign, data, "")
        channel.save()
        refuse_incomplete(campaign)
        _record(actor, campaign, "edit_channel", channel, now)
        _follow(campaign, actor, now)
    return channel


def schedule_channel(
    channel_id: int, actor: Actor, sends_at: Any, version: int | None, now: datetime
) -> Edited:
    """Another send time for one message of an SMS campaign: an edit of *when*, with all that the editing table says."""
    with transaction.atomic():
        campaign, _ = lock_channel(channel_id, actor)
        return save_edit(campaign.pk, actor, {KEY: [{"id": channel_id, "sends_at": sends_at}]}, version, now)


def _asks(campaign: Campaign, actor: Actor, now: datetime) -> bool:
    """Whether an edit of *what* is more than saved; `EditsDiscarded` where it may not be made at all."""
    if actor.membership is None:
        return False
    rule = rights(campaign, actor.membership, now)
    if "what" not in rule.sections:
        raise EditsDiscarded(rule.popup or why_locked("what", campaign.lifecycle.title, campaign.look.label))
    return rule.outcome != "save"


def _waiting_channels(campaign: Campaign) -> list[dict[str, Any]]:
    """The channels as an update names them: of the edit that waits, where one does."""
    waiting = approving.waiting_proposal(campaign) if approving.keeps_approved(campaign) else {}
    return list(waiting.get("channels") or []) or [
        {"id": row.pk, "kind": row.kind, "connection": row.connection_id, "content": row.content}
        | ({"agent": row.agent_id} if row.agent_id else {})
        for row in campaign.channels.order_by("position", "id")
    ]


def _record(actor: Actor, campaign: Campaign, action: str, channel: Channel, now: datetime) -> None:
    data = {"channel": channel.kind}
    record(actor, campaign, action, campaign.status, "", data, now, channel_id=channel.pk)


def _follow(campaign: Campaign, actor: Actor, now: datetime) -> None:
    """The campaign has a new version; the status of an outreach campaign follows from its channels."""
    if campaign.kind == "outreach":
        follow_channels(campaign, actor, now)
        return
    campaign.version += 1
    campaign.updated_at = now
    campaign.save(update_fields=["version", "updated_at"])

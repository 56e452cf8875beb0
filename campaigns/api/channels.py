"""Channels of campaigns: added, changed, and their own actions (outreach)."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router
from pydantic import BaseModel, ConfigDict

from campaigns.api.access import acting, member_of
from campaigns.api.campaign_shapes import ChannelOut, ChannelPatch, NewChannel
from campaigns.api.idempotency import KeyHeader, idempotently
from campaigns.api.shapes import ERRORS, Body, Version, answers
from campaigns.domain.lifecycles.outreach import CHANNEL_MENUS
from campaigns.services.channel_actions import perform_channel
from campaigns.services.channels import add_channel, update_channel
from campaigns.services.errors import NotFound
from campaigns.services.idempotency import Answer
from campaigns.services.rendering_campaign import render_channel

router = Router(tags=["Channels"])

ACTIONS = frozenset(entry.name for menu in CHANNEL_MENUS.values() for entry in menu if not entry.link)


class ChannelActionIn(Body):
    """`version` is the campaign's."""

    version: Version | None = None


class ChannelWithCampaign(ChannelOut):
    """A channel, with its content and the number of its campaign."""

    model_config = ConfigDict(extra="allow")

    campaign: int
    content: dict[str, Any]


class ChannelWaits(BaseModel):
    """The new channel is part of an edit that waits for approval."""

    status: str
    campaign: int


@router.post(
    "/campaigns/{id:campaign_id}/channels", response={201: ChannelWithCampaign, 202: ChannelWaits, **ERRORS}
)
def new_channel(
    request: HttpRequest, campaign_id: int, body: NewChannel, idempotency_key: KeyHeader = None
) -> Any:
    """Add a channel to a campaign; 202 where it waits for approval beside a live one."""

    def work() -> Answer:
        channel = add_channel(campaign_id, acting(request), body.given(), timezone.now())
        if channel is None:
            return Answer(202, {"status": "pending_approval", "campaign": campaign_id})
        return Answer(201, render_channel(channel.pk, member_of(request)))

    return idempotently(request, idempotency_key, work)


@router.patch("/channels/{id:channel_id}", response=answers(ChannelWithCampaign))
def change_channel(request: HttpRequest, channel_id: int, body: ChannelPatch) -> Any:
    """Change the connection or content of a channel that is not at work just now."""
    data = body.given()
    version = data.pop("version", None)
    update_channel(channel_id, acting(request), data, timezone.now(), version)
    return render_channel(channel_id, member_of(request))


@router.post(
    "/channels/{id:channel_id}/actions/{action}",
    response={200: ChannelWithCampaign, 204: None, **ERRORS},
)
def act_on_channel(
    request: HttpRequest,
    channel_id: int,
    action: str,
    body: ChannelActionIn | None = None,
    idempotency_key: KeyHeader = None,
) -> Any:
    """Take an action on one channel: start, pause, resume, stop, retry, remarket or remove (204)."""
    if action not in ACTIONS:
        raise NotFound(f"No channel has an action “{action[:40]}”; there are: {', '.join(sorted(ACTIONS))}.")
    version = body.version if body else None

    def work() -> Answer:
        perform_channel(action, channel_id, acting(request), version=version)
        if action == "remove":
            return Answer(204, None)
        return Answer(200, render_channel(channel_id, member_of(request)))

    return idempotently(request, idempotency_key, work)

"""Channels of campaigns: added, changed, and their own actions (outreach)."""

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router
from pydantic import BaseModel, ConfigDict, Field, Strict

from campaigns.api.access import acting, member_of
from campaigns.api.campaign_shapes import CampaignOut, ChannelOut, ChannelPatch, NewChannel
from campaigns.api.idempotency import KeyHeader, idempotently
from campaigns.api.shapes import ERRORS, Body, Id, Time, Version, answers
from campaigns.domain.lifecycles.outreach import CHANNEL_MENUS
from campaigns.services.channel_actions import offer_remarketing, perform_channel
from campaigns.services.channels import add_channel, schedule_channel, update_channel
from campaigns.services.errors import Invalid, NotFound
from campaigns.services.idempotency import Answer
from campaigns.services.rendering_campaign import render_campaign, render_channel
from channels.domain.kinds import KINDS

router = Router(tags=["Channels"])

ACTIONS = frozenset(entry.name for menu in CHANNEL_MENUS.values() for entry in menu if not entry.link)


class ChannelActionIn(Body):
    """`version` is the campaign's."""

    version: Version | None = None


class RemarketIn(ChannelActionIn):
    """Only `remarket` takes more: which outcome's people, and the new channel."""

    outcome: str | None = None
    kind: str | None = None
    connection: Id | None = None
    content: dict[str, Any] | None = None
    people: Annotated[
        int | None,
        Strict(),
        Field(description="How many people you have seen; 409 where they are others now."),
    ] = None


class OutcomeOut(BaseModel):
    """One outcome of a channel: how many people it takes now, and how many of them the new kind could not reach."""

    outcome: str
    label: str
    meaning: str
    people: int
    unreachable: int


class RemarketOut(BaseModel):
    """What Remarket would take now; nothing is changed. The people are frozen when it is posted."""

    enabled: bool
    reason: str
    outcomes: list[OutcomeOut]


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


@router.get("/channels/{id:channel_id}/actions/{action}", response=answers(RemarketOut))
def show_outcomes(
    request: HttpRequest,
    channel_id: int,
    action: str,
    kind: Literal[*KINDS] | None = None,  # type: ignore[valid-type]
) -> Any:
    """`remarket`: how many people each outcome of this channel takes now; nothing is changed. The others ask nothing."""
    if action != "remarket":
        raise NotFound("Only remarket states numbers beforehand.")
    return offer_remarketing(channel_id, acting(request), kind or "")


class SendScheduleIn(Body):
    """`version` is the campaign's."""

    sends_at: Annotated[Time | None, Field(description="null: with the campaign's start.")]
    version: Version | None = None


@router.post("/channels/{id:channel_id}/schedule", response=answers(ChannelWithCampaign))
def schedule_message(request: HttpRequest, channel_id: int, body: SendScheduleIn) -> Any:
    """Move the send time of one message of an SMS campaign, also while it is scheduled and all else is locked."""
    schedule_channel(channel_id, acting(request), body.sends_at, body.version, timezone.now())
    return render_channel(channel_id, member_of(request))


@router.post(
    "/channels/{id:channel_id}/actions/{action}",
    response={200: ChannelWithCampaign, 201: CampaignOut, 204: None, **ERRORS},
)
def act_on_channel(
    request: HttpRequest,
    channel_id: int,
    action: str,
    body: RemarketIn | None = None,
    idempotency_key: KeyHeader = None,
) -> Any:
    """Take an action on one channel: start, pause, resume, stop, retry, remove (204) or remarket.

    `remarket` takes `outcome`, `kind`, `connection` and `content`, and answers 201 and the campaign, in which the new
    channel is ready; it goes to the people whom that outcome has at this moment.
    """
    if action not in ACTIONS:
        raise NotFound(f"No channel has an action “{action[:40]}”; there are: {', '.join(sorted(ACTIONS))}.")
    params = body.given() if body else {}
    version = params.pop("version", None)
    if params and action != "remarket":
        raise Invalid.field(next(iter(params)), f"The action {action} takes only version.")

    def work() -> Answer:
        channel = perform_channel(action, channel_id, acting(request), params=params, version=version)
        if action == "remove":
            return Answer(204, None)
        if action == "remarket":
            return Answer(201, render_campaign(channel.campaign_id, member_of(request)))
        return Answer(200, render_channel(channel_id, member_of(request)))

    return idempotently(request, idempotency_key, work)

"""Opening the doors of a campaign's workflows: who may enter from now on. Closing them is one column (`enter_since`)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from campaigns.domain.programs import BY_STEPS, programs_of
from campaigns.domain.triggers import BY_EVENT, asks_who_enters, event_name, type_of
from campaigns.engine import events
from campaigns.engine.doors import NO_WAVE
from campaigns.models import Campaign, Entrance
from campaigns.services.errors import Invalid
from campaigns.services.parameters import Params, read_choice
from channels.domain import states as cs
from channels.models import Channel, Delivery

AUDIENCES = ("current", "future")


def asks_for_audience(campaign: Campaign) -> bool:
    """Whether a restart asks who enters: an attribute, segment, object or relationship lets people in (seed 000)."""
    if campaign.kind not in BY_STEPS:
        return False
    return any(asks_who_enters(program.trigger) for program in programs_of(campaign) if program.active)


def read_audience(campaign: Campaign, params: Params, default: str) -> str:
    """``current`` or ``future``. Raises `Invalid` for anything else, or where it does not ask."""
    if params.get("audience") and not asks_for_audience(campaign):
        kind = type_of(campaign.trigger)
        raise Invalid.field(
            "audience",
            f"Only what happens from now on lets people in (its trigger: {kind}); leave audience out.",
        )
    return read_choice(params, "audience", AUDIENCES, default)


def open_doors(campaign: Campaign, audience: str, now: datetime) -> None:
    """``current``: a wave over everybody who meets a trigger, then additions; ``future``: additions after now only.

    What happens (events, webhooks, dates) counts from now on, whatever the audience. Called in the gateway's
    transaction; the caller saves the campaign.
    """
    campaign.enter_since = now
    campaign.enter_round += 1
    for program in programs_of(campaign):
        if program.active:
            _open(campaign, program.flow, program.trigger, audience, now)
        else:
            Entrance.objects.filter(campaign=campaign, flow=program.flow).update(since=None)


def _open(campaign: Campaign, flow: str, trigger: Any, audience: str, now: datetime) -> None:
    values: dict[str, Any] = {"since": now, "cursor": NO_WAVE, "until": None}
    if asks_who_enters(trigger):
        values["cursor"] = 0 if audience == "current" else NO_WAVE
    elif type_of(trigger) in BY_EVENT:
        values["event_cursor"] = events.last_safe_id(
            campaign.workspace_id, event_name(trigger, campaign.pk, flow)
        )
    Entrance.objects.update_or_create(campaign=campaign, flow=flow, defaults=values)


def anyone_to_send(channels: Iterable[Channel]) -> bool:
    """Whether a message still waits or is on its way."""
    ids = [channel.pk for channel in channels]
    return Delivery.objects.filter(channel_id__in=ids, status__in=cs.DELIVERY_UNFINISHED).exists()

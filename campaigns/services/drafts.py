"""Messages that wait as drafts until somebody releases or discards them (feature A15).

A few are handled at once; all of them by the sweep of their channel, in batches, however many there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Greatest

from campaigns.domain.permissions import APPROVERS, role_may
from campaigns.engine.sweeping import DISCARD, DISCARDED, RELEASE
from campaigns.models import Campaign, Membership
from campaigns.services import handover
from campaigns.services.actions import lock, record
from campaigns.services.actors import Actor
from campaigns.services.counts import channel_counts
from campaigns.services.errors import Forbidden, Invalid, NotAllowed
from campaigns.services.facts import approval_of
from channels.domain import states as cs
from channels.models import Channel, Delivery
from channels.services import doorbell

Decision = Literal["release", "discard"]
#: Ids that are named at a time.
MOST = 1_000
#: A channel in another state sends nothing: its drafts have been cancelled, or are being cancelled.
_OPEN = (cs.RUNNING, cs.PAUSED, cs.ERRORED)


@dataclass(frozen=True, slots=True)
class Decided:
    """How many drafts have been released or discarded now, and how many follow in the background."""

    now: int
    following: int


def why_not_release(campaign: Campaign, membership: Membership) -> str:
    """Why this member may not release drafts of the campaign, or "": what needs approval is released by approvers."""
    if not role_may(membership.role, "edit_campaigns"):
        return "Your role in this workspace may not do that."
    if membership.role not in APPROVERS and approval_of(campaign).asked:
        return "The policy asks for approval of this campaign: ask an approver to release its drafts."
    return ""


def decide(
    decision: Decision, campaign_id: int, actor: Actor, ids: Sequence[int] | None, now: datetime
) -> Decided:
    """Release or discard these drafts of the campaign (None: all there are now). Refusals as those of the gateway.

    An id that is no draft of this campaign any more is passed over: somebody else was first.
    """
    with transaction.atomic():
        campaign = lock(campaign_id, actor)
        _refuse(decision, campaign, actor)
        listed = Channel.objects.select_for_update().filter(campaign_id=campaign_id)
        channels = [channel for channel in listed.order_by("position", "id") if channel.status in _OPEN]
        if ids is None:
            decided = Decided(0, _all(decision, channels))
        else:
            decided = Decided(_some(decision, channels, ids, now), 0)
        if not decided.now and not decided.following:
            return decided
        number = decided.now + decided.following
        data = {"drafts": number, "all": ids is None}
        record(actor, campaign, f"{decision}_drafts", campaign.status, "", data, now)
        handover.after_commit(campaign, channels)
        if decision == "release":
            doorbell.ring([channel.pk for channel in channels if channel.status == cs.RUNNING])
    return decided


def _refuse(decision: Decision, campaign: Campaign, actor: Actor) -> None:
    member = actor.membership
    if member is None:
        return
    if decision == "release" and (reason := why_not_release(campaign, member)):
        raise Forbidden(reason)
    if not role_may(member.role, "edit_campaigns"):
        raise Forbidden("Your role in this workspace may not do that.")


def _some(decision: Decision, channels: list[Channel], ids: Sequence[int], now: datetime) -> int:
    if not ids or len(ids) > MOST:
        raise Invalid.field("ids", f"Name 1 to {MOST:,} drafts by their ids, or all of them.")
    open_ids = [channel.pk for channel in channels if channel.sweep in ("", RELEASE, DISCARD)]
    drafts = Delivery.objects.filter(pk__in=ids, channel_id__in=open_ids, status=cs.DRAFTED)
    if decision == "release":
        return drafts.update(status=cs.PENDING, reason="", due_at=Greatest("due_at", now))
    return drafts.update(status=cs.CANCELLED, reason=DISCARDED)


def _all(decision: Decision, channels: list[Channel]) -> int:
    """Leave it to the sweep of each channel that has drafts; answers how many drafts those are."""
    counts = channel_counts([channel.pk for channel in channels])
    number = 0
    for channel in channels:
        if not counts[channel.pk]["drafted"]:
            continue
        if channel.sweep:
            raise NotAllowed("The last decision is still being carried out; try again in a few seconds.")
        drafts = Delivery.objects.filter(channel_id=channel.pk, status=cs.DRAFTED)
        last = drafts.aggregate(last=Max("pk"))["last"]
        channel.sweep = RELEASE if decision == "release" else DISCARD
        channel.sweep_reason = str(last or 0)
        channel.save(update_fields=["sweep", "sweep_reason"])
        number += counts[channel.pk]["drafted"]
    return number

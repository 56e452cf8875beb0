"""The gateway for the channels of an outreach campaign: start, pause, resume, stop, retry, remarket, remove (seed 003).

The campaign's row is locked first, then the channel's, always in that order; the campaign's status is derived anew in
the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from campaigns.domain.guards import first_reason
from campaigns.domain.lifecycle import Entry
from campaigns.domain.lifecycles.outreach import CHANNEL_LOOKS, CHANNEL_MENUS
from campaigns.domain.lifecycles.outreach import derive as derive_status
from campaigns.domain.remarketing import OUTCOMES
from campaigns.domain.schedule import archive_due_at
from campaigns.engine.segments import filling_of
from campaigns.models import Campaign
from campaigns.services import handover, remarketing
from campaigns.services.actions import check_version, lock, perform, record
from campaigns.services.actors import Actor
from campaigns.services.errors import Forbidden, NotAllowed, NotFound
from campaigns.services.facts import approval_of, connection_problem
from campaigns.services.moves import stop_channel
from campaigns.services.offers import NO_CHANNEL_ACTIONS, channel_guard_facts
from channels.domain import states as cs
from channels.models import Channel


def perform_channel(
    action: str,
    channel_id: int,
    actor: Actor,
    *,
    params: Mapping[str, Any] | None = None,
    version: int | None = None,
    now: datetime | None = None,
) -> Channel:
    """Take an action on one channel; answers it as it then is, or the new one of ``remarket`` (see remarketing.py).

    ``version`` is the campaign's. Errors as `perform`.
    """
    now = now or timezone.now()
    with transaction.atomic():
        # Before anything is locked: a million people take seconds, and a stop of another channel must not wait for it.
        made = _promise(channel_id, actor, params or {}) if action == "remarket" else None
        campaign, channel = lock_channel(channel_id, actor)
        check_version(campaign, version)
        _refuse(campaign, channel, action, actor)
        before = "" if made is not None else channel.status
        if made is not None:
            channel = _add(made, campaign)
        else:
            _EFFECTS[action](channel, now)
        follow_channels(campaign, actor, now)
        data: dict[str, Any] = {"channel": channel.kind, "now": CHANNEL_LOOKS[channel.status].label}
        if made is not None:
            data |= {"of": channel_id, "outcome": OUTCOMES[made.outcome].label, "people": made.promised}
        record(
            actor, campaign, action, before, "", data, now,
            channel_id=channel_id if action == "remove" else channel.pk,
            to_status=channel.status if action != "remove" else "",
        )  # fmt: skip
        handover.after_commit(campaign, [channel])
    return channel


def _refuse(campaign: Campaign, channel: Channel, action: str, actor: Actor) -> None:
    """Raise what forbids this actor the action on this channel as it is now."""
    entry = _entry(campaign, channel, action)
    if actor.membership is not None and actor.membership.role not in entry.roles:
        raise Forbidden("Your role may not do that.")
    filling = filling_of([campaign]).get(campaign.pk, "")
    facts = channel_guard_facts(channel, campaign, approval_of(campaign), filling)
    if reason := first_reason(entry.guards, facts):
        raise NotAllowed(reason)


def _promise(channel_id: int, actor: Actor, params: Mapping[str, Any]) -> Channel:
    """The remarketing channel of this one with its people, not saved yet; refusals as they would be under the locks."""
    source = _source(channel_id, actor)
    _refuse(source.campaign, source, "remarket", actor)
    return remarketing.promise(source.campaign, source, params)


def offer_remarketing(channel_id: int, actor: Actor, to: str = "") -> dict[str, Any]:
    """What Remarket would take of this channel now (for channels of the kind ``to``), or why it is not offered."""
    source = _source(channel_id, actor)
    try:
        _refuse(source.campaign, source, "remarket", actor)
    except NotAllowed as refusal:
        return {"enabled": False, "reason": refusal.message, "outcomes": []}
    return {"enabled": True, "reason": "", "outcomes": remarketing.numbers(source, to)}


def _source(channel_id: int, actor: Actor) -> Channel:
    """The channel to remarket, not locked; `NotFound` for what this actor must not know of."""
    parts = ("campaign__workspace__approval_policy", "connection")
    source = Channel.objects.select_related(*parts).filter(pk=channel_id).first()
    if source is None or not _is_visible(source.campaign_id, actor):
        raise NotFound("There is no such channel in this workspace.")
    return source


def _is_visible(campaign_id: int, actor: Actor) -> bool:
    there = Campaign.objects.filter(pk=campaign_id, deleted_at__isnull=True)
    return (there.visible_to(actor.membership) if actor.membership else there).exists()


def _add(made: Channel, campaign: Campaign) -> Channel:
    """Save it behind the campaign's other channels."""
    made.campaign, made.position = campaign, campaign.channels.count()
    made.save(force_insert=True)
    return made


def lock_channel(channel_id: int, actor: Actor) -> tuple[Campaign, Channel]:
    """The campaign and the channel, both locked; `NotFound` for what this actor must not know of."""
    campaign_id = Channel.objects.filter(pk=channel_id).values_list("campaign_id", flat=True).first()
    if campaign_id is None:
        raise NotFound("There is no such channel in this workspace.")
    campaign = lock(campaign_id, actor)
    channel = (
        Channel.objects.select_for_update(of=("self",))
        .select_related("connection")
        .filter(pk=channel_id)
        .first()
    )
    if channel is None:
        raise NotFound("There is no such channel in this workspace.")
    return campaign, channel


def _entry(campaign: Campaign, channel: Channel, action: str) -> Entry:
    if campaign.kind != "outreach":
        raise NotAllowed(f"The channels of a {campaign.lifecycle.title} campaign follow the campaign.")
    if campaign.status in NO_CHANNEL_ACTIONS:
        raise NotAllowed(f"The campaign is {campaign.look.label}; its channels wait until it is not.")
    for entry in CHANNEL_MENUS[channel.status]:
        if entry.name == action and not entry.link:
            return entry
    offered = ", ".join(entry.label for entry in CHANNEL_MENUS[channel.status] if not entry.link)
    raise NotAllowed(
        f"A channel that is {CHANNEL_LOOKS[channel.status].label} has no “{action}”. It offers: {offered}."
    )


def _start(channel: Channel, now: datetime) -> None:
    channel.start()
    channel.started_at = channel.started_at or now
    channel.save()


def _pause(channel: Channel, now: datetime) -> None:
    channel.pause()
    channel.pauses += 1
    channel.save()


def _resume(channel: Channel, now: datetime) -> None:
    channel.resume()
    channel.save()


def _retry(channel: Channel, now: datetime) -> None:
    channel.retry()
    channel.status_reason = ""
    channel.save()


def _stop(channel: Channel, now: datetime) -> None:
    stop_channel(channel, "stopped", now)


def _remove(channel: Channel, now: datetime) -> None:
    channel.delete()


_EFFECTS: dict[str, Callable[[Channel, datetime], None]] = {
    "start": _start,
    "pause": _pause,
    "resume": _resume,
    "retry": _retry,
    "stop": _stop,
    "remove": _remove,
}


def complete_channel(channel_id: int, now: datetime) -> bool:
    """Nothing is left to send: the channel is complete, and the campaign follows. False if it was not running."""
    actor = Actor.system()
    with transaction.atomic():
        campaign, channel = lock_channel(channel_id, actor)
        if channel.status != cs.RUNNING:
            return False
        channel.complete()
        channel.finished_at = now
        channel.save()
        follow_channels(campaign, actor, now)
        record(
            actor, campaign, "complete", cs.RUNNING, "", {"channel": channel.kind}, now,
            channel_id=channel_id, to_status=cs.COMPLETED,
        )  # fmt: skip
    return True


def fail_channel(channel_id: int, now: datetime) -> bool:
    """Its connection has an error: the channel errs and says so, until somebody retries it. False if it need not."""
    actor = Actor.system()
    with transaction.atomic():
        campaign, channel = lock_channel(channel_id, actor)
        reason = connection_problem(channel)
        if channel.status != cs.RUNNING or not reason:
            return False
        channel.fail()
        channel.status_reason = reason[:500]
        channel.save()
        follow_channels(campaign, actor, now)
        record(
            actor, campaign, "fail", cs.RUNNING, reason[:500], {"channel": channel.kind}, now,
            channel_id=channel_id, to_status=cs.ERRORED,
        )  # fmt: skip
    return True


def follow_channels(campaign: Campaign, actor: Actor, now: datetime) -> None:
    """Derive the campaign's status from its channels; where only the message changes, the row says so."""
    statuses = list(Channel.objects.filter(campaign=campaign).values_list("status", flat=True))
    target, message = derive_status(statuses)
    if target != campaign.status:
        # Derived in the actor's name would need a right of its own; the system does it in the same transaction.
        fresh = perform("derive", campaign.pk, Actor.system(actor.via), now=now)
        campaign.status_reason, campaign.version = fresh.status_reason, fresh.version
        campaign.__dict__["status"] = fresh.status
        if target == "running" and campaign.started_at is None:
            Campaign.objects.filter(pk=campaign.pk).update(started_at=now)
        return
    campaign.status_reason = message
    campaign.version += 1
    campaign.updated_at = campaign.last_active_at = now
    campaign.archive_due_at = archive_due_at(now, campaign.workspace.timezone)
    campaign.save(
        update_fields=["status_reason", "version", "updated_at", "last_active_at", "archive_due_at"]
    )

"""THE gateway: every transition of a campaign, by whomever and whichever way, goes through `perform`.

Lock the row → the lifecycle allows it → the member may → the guards agree → the effect → the FSM's transition → save →
activity row → work handed over on commit; all in one transaction. Nothing else changes a status.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from campaigns.domain.guards import first_reason
from campaigns.domain.lifecycle import Entry, SystemEdge
from campaigns.domain.permissions import refusal
from campaigns.domain.schedule import archive_due_at
from campaigns.engine import archiving
from campaigns.models import Activity, Campaign
from campaigns.services import handover
from campaigns.services.actors import Actor
from campaigns.services.effects import EFFECTS
from campaigns.services.errors import Forbidden, NotAllowed, NotFound, Stale
from campaigns.services.facts import facts_for
from campaigns.services.moves import Move
from channels.models import Channel


def perform(
    action: str,
    campaign_id: int,
    actor: Actor,
    *,
    params: Mapping[str, Any] | None = None,
    version: int | None = None,
    now: datetime | None = None,
) -> Campaign:
    """Take an action; answers the campaign as it then is (the copy, for ``duplicate``).

    ``version`` is the version that the caller has seen: a later one raises `Stale`. Raises `NotFound`, `Forbidden`,
    `NotAllowed` or `Invalid` (see errors.py), and then nothing has changed.
    """
    now = now or timezone.now()
    with transaction.atomic():
        campaign = lock(campaign_id, actor)
        check_version(campaign, version)
        rule = _rule(campaign, action, actor)
        channels = list(
            Channel.objects.select_for_update().filter(campaign=campaign).order_by("position", "id")
        )
        facts = facts_for([campaign], actor.membership)[campaign.pk]
        if reason := first_reason(rule.guards, facts):
            raise NotAllowed(reason)
        move = Move(action, campaign, channels, actor, params or {}, facts, now, rule.targets)
        _carry_out(move)
    return move.result or campaign


def lock(campaign_id: int, actor: Actor) -> Campaign:
    """The campaign's row, locked until the transaction ends; `NotFound` where this actor must not know of it."""
    found = Campaign.objects.select_for_update(of=("self",)).select_related("workspace")
    if actor.membership is not None:
        found = found.visible_to(actor.membership)
    campaign = found.filter(pk=campaign_id, deleted_at__isnull=True).first()
    if campaign is None:
        raise NotFound("There is no such campaign in this workspace.")
    return campaign


def check_version(campaign: Campaign, version: int | None) -> None:
    """`Stale` where the caller has seen an older version."""
    if version is not None and version != campaign.version:
        raise Stale(
            f"The campaign has changed since you opened it (version {campaign.version}, yours was {version}); look again."
        )


def _rule(campaign: Campaign, action: str, actor: Actor) -> Entry | SystemEdge:
    """The lifecycle's entry for this action here and now, if this actor may take it."""
    lifecycle = campaign.lifecycle
    if actor.is_system and (edge := lifecycle.system_edge(campaign.status, action)):
        return edge
    entry = lifecycle.entry(campaign.status, action)
    if entry is None:
        offered = [entry.label for entry in lifecycle.menus.get(campaign.status, ()) if not entry.link]
        instead = f" It offers: {', '.join(offered)}." if offered else ""
        raise NotAllowed(
            f"A {lifecycle.title} campaign that is {campaign.look.label} has no action “{action}”.{instead}"
        )
    if actor.membership is not None and actor.membership.role not in entry.roles:
        raise Forbidden(refusal(entry.roles, entry.label))
    return entry


def _carry_out(move: Move) -> None:
    campaign, before = move.campaign, move.campaign.status
    known = {field.attname: getattr(campaign, field.attname) for field in Campaign._meta.concrete_fields}
    target = EFFECTS[move.action](move) if move.action in EFFECTS else None
    _transit(move, target)
    campaign.status_reason = move.reason
    campaign.version += 1
    campaign.updated_at = campaign.last_active_at = move.now
    campaign.archive_due_at = archive_due_at(move.now, campaign.workspace.timezone)
    if campaign.status != before:
        campaign.status_since = move.now
    changed = [name for name, value in known.items() if getattr(campaign, name) != value]
    campaign.save(update_fields=changed)
    record(move.actor, campaign, move.action, before, move.reason, move.data, move.now)
    if move.result:
        origin = {"kind": campaign.kind, "copy_of": campaign.pk}
        record(move.actor, move.result, "create", "", f"Copy of “{campaign.name}”.", origin, move.now)
    handover.after_commit(campaign, move.channels)


def _transit(move: Move, target: str | None) -> None:
    """Take the FSM's transition of this name, if the lifecycle says that the status changes."""
    if not move.targets:
        return
    transition = getattr(move.campaign, move.action)
    if target is None:
        if len(move.targets) > 1:
            raise NotAllowed(f"{move.action} does not know where to go.")
        target = move.targets[0]
    if target not in move.targets:
        raise NotAllowed(f"{move.action} cannot lead to {target} from {move.campaign.status}.")
    if target == move.campaign.status:
        return
    if move.action in ("stop", "derive", "publish", "approve", "unarchive"):
        transition(target)
    else:
        transition()


def record(
    actor: Actor,
    campaign: Campaign,
    action: str,
    from_status: str,
    reason: str,
    data: Mapping[str, Any],
    now: datetime,
    channel_id: int | None = None,
    to_status: str | None = None,
) -> None:
    """Write the activity row of something done to a campaign or one of its channels."""
    Activity.objects.create(
        workspace_id=campaign.workspace_id,
        campaign_id=campaign.pk,
        channel_id=channel_id,
        actor=actor.user,
        actor_label=actor.label,
        via=actor.via,
        action=action,
        subject=campaign.name,
        from_status=from_status,
        to_status=campaign.status if to_status is None else to_status,
        reason=reason,
        data=dict(data),
        at=now,
    )


def auto_archive(now: datetime, limit: int = 10_000) -> int:
    """The six-month rule for everybody whose day has come: the gateway's set-based form, a batch in one statement.

    The statement locks the rows, re-checks the lifecycle's own source statuses, changes the status and writes the
    activity rows; it answers how many it archived.
    """
    with transaction.atomic():
        return len(archiving.archive_due(now, limit))

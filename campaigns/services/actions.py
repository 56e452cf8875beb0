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

from campaigns.domain import states as s
from campaigns.domain.approval import edit_entry, find_entry, menu_of
from campaigns.domain.guards import Facts, first_reason, may_take
from campaigns.domain.lifecycle import Entry, SystemEdge
from campaigns.domain.permissions import refusal
from campaigns.domain.schedule import archive_due_at
from campaigns.engine import archiving
from campaigns.models import Activity, Campaign
from campaigns.services import approving, handover
from campaigns.services.actors import Actor
from campaigns.services.effects import EFFECTS
from campaigns.services.errors import Forbidden, NotAllowed, NotFound, Stale
from campaigns.services.facts import facts_for
from campaigns.services.moves import Move
from campaigns.services.snapshots import hash_of
from campaigns.services.watching import keep_watch
from channels.models import Channel

#: Statuses in which nothing is left to approve.
_ENDED = (s.DRAFT, s.CONFIGURED, s.STOPPED, s.COMPLETED, s.ERRORED, s.ARCHIVED)


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
        channels = _locked_channels(campaign)
        facts = facts_for([campaign], actor.membership)[campaign.pk]
        rule = _rule(campaign, action, actor, facts)
        move = Move(action, campaign, channels, actor, params or {}, facts, now, rule.targets)
        _carry_out(move, rule)
    return move.result or campaign


def follow_edit(
    outcome: str,
    campaign: Campaign,
    actor: Actor,
    params: Mapping[str, Any],
    now: datetime,
    *,
    proposal: Mapping[str, Any] | None = None,
    baseline: dict[str, Any] | None = None,
) -> Move:
    """What an edit of this (locked) campaign leads to: it is sent for approval (``submit``) or published.

    The editing table says which (editing.py), so roles are not asked here; all else is as in `perform`.
    """
    channels = _locked_channels(campaign)
    facts = facts_for([campaign], actor.membership)[campaign.pk]
    rule = edit_entry(campaign.lifecycle, campaign.status, outcome)
    move = Move(
        outcome, campaign, channels, actor, params, facts, now, rule.targets,
        proposal=dict(proposal or {}), baseline=baseline,
    )  # fmt: skip
    move.data["edit"] = True
    _carry_out(move, rule)
    return move


def _locked_channels(campaign: Campaign) -> list[Channel]:
    return list(Channel.objects.select_for_update().filter(campaign=campaign).order_by("position", "id"))


def lock(campaign_id: int, actor: Actor) -> Campaign:
    """The campaign's row, locked until the transaction ends; `NotFound` where this actor must not know of it."""
    found = Campaign.objects.select_for_update(of=("self",)).select_related("workspace__approval_policy")
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


def _rule(campaign: Campaign, action: str, actor: Actor, facts: Facts) -> Entry | SystemEdge:
    """The lifecycle's entry for this action here and now, if this actor may take it."""
    lifecycle = campaign.lifecycle
    if actor.is_system and (edge := lifecycle.system_edge(campaign.status, action)):
        return edge
    entry = find_entry(lifecycle, campaign.status, action, facts.approval)
    if entry is None:
        menu = menu_of(lifecycle, campaign.status, facts.approval)
        offered = [entry.label for entry in menu if not entry.link]
        instead = f" It offers: {', '.join(offered)}." if offered else ""
        raise NotAllowed(
            f"A {lifecycle.title} campaign that is {campaign.look.label} has no action “{action}”.{instead}"
        )
    if actor.membership is not None and not may_take(entry, actor.membership.role, facts):
        raise Forbidden(refusal(entry.roles, entry.label))
    return entry


def _carry_out(move: Move, rule: Entry | SystemEdge) -> None:
    if reason := first_reason(rule.guards, move.facts):
        raise NotAllowed(reason)
    campaign, before = move.campaign, move.campaign.status
    was_approved = move.facts.approval.approved
    known = {field.attname: getattr(campaign, field.attname) for field in Campaign._meta.concrete_fields}
    target = EFFECTS[move.action](move) if move.action in EFFECTS else None
    _transit(move, target)
    if move.approves or (was_approved and campaign.kind != "message"):
        # What an action itself does to the times (dropped, used up) leaves approved what was approved.
        campaign.approved_hash = hash_of(campaign, move.channels)
    if move.approves:
        move.data["approved_hash"] = campaign.approved_hash
    if campaign.status in _ENDED or campaign.deleted_at:
        approving.expire(campaign, move.now)
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
    keep_watch(campaign, move.now)
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
    if target == move.campaign.status:
        return
    if target not in move.targets:
        raise NotAllowed(f"{move.action} cannot lead to {target} from {move.campaign.status}.")
    if move.action in ("stop", "derive", "publish", "approve", "withdraw", "unarchive"):
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

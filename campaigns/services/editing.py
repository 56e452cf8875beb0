"""Editing a campaign section by section: whether it may be, what becomes of it, and doing it, all in one transaction.

An edit is saved, sent for approval or published, as the table says (domain/editing.py). What it discards is refused,
and then nothing has changed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction

from approvals.models import Request
from campaigns.domain.approval import LIVE_STATUSES, Approval
from campaigns.domain.editing import TAGS, EditRule, edit_rule, why_locked
from campaigns.domain.permissions import role_may
from campaigns.domain.schedule import archive_due_at
from campaigns.domain.snapshot import content_hash
from campaigns.models import Campaign, Membership
from campaigns.services import approving, handover, snapshots, updating
from campaigns.services.actions import check_version, follow_edit, lock, record
from campaigns.services.actors import Actor
from campaigns.services.completeness import refuse_incomplete
from campaigns.services.errors import EditsDiscarded, Forbidden
from campaigns.services.facts import approval_of
from campaigns.services.moves import Move
from campaigns.services.parameters import Params
from campaigns.services.payloads import SECTION_OF, read_fields
from campaigns.services.send_schedule import as_send_schedule
from campaigns.services.strategy_duties import configured
from campaigns.services.watching import keep_watch


@dataclass(frozen=True, slots=True)
class Edited:
    """What an edit came to: ``outcome`` is save, submit or publish; ``request`` the request that it opened."""

    campaign: Campaign
    outcome: str
    request: Request | None = None


def rights(campaign: Campaign, membership: Membership, now: datetime) -> EditRule:
    """What this member may edit now, and what would become of the edit."""
    return rule_for(campaign, membership, now, approval_of(campaign))


def rule_for(campaign: Campaign, membership: Membership, now: datetime, approval: Approval) -> EditRule:
    """The same where it is known what the policy says, as of many campaigns at once."""
    return edit_rule(
        campaign.kind,
        campaign.status,
        membership.role,
        after=is_after(campaign, now),
        first_run_done=first_run_done(campaign),
        asked=approval.asked,
        may_publish=approval.may_publish,
    )


def first_run_done(campaign: Campaign) -> bool:
    """Whether its first run has begun: from then on its rows hold only what was approved."""
    return campaign.started_at is not None


def is_after(campaign: Campaign, now: datetime) -> bool:
    """Whether its scheduled time has passed: of the first run, or of the next one."""
    due = campaign.next_run_at if first_run_done(campaign) else campaign.starts_at or campaign.next_run_at
    return due is not None and due <= now


def save_edit(
    campaign_id: int,
    actor: Actor,
    payload: Mapping[str, Any],
    version: int | None,
    now: datetime,
    *,
    params: Params | None = None,
) -> Edited:
    """Change what ``payload`` names (the API's shape). `Stale`, `EditsDiscarded`, `Invalid`: then nothing has changed."""
    membership, payload = _member(actor), as_send_schedule(payload)
    with transaction.atomic():
        campaign = lock(campaign_id, actor)
        check_version(campaign, version)
        rule = rights(campaign, membership, now)
        content, tags = _divided(campaign, payload)
        _refuse_locked(campaign, rule, payload, content)
        if rule.outcome == "save" or not content:
            saved = _save(campaign, actor, payload, now)
            return replace(saved, campaign=configured(campaign, now))
        edit = _Edit(campaign, actor, content, tags, now, params or {}, rule.outcome)
        return _propose(edit) if approving.keeps_approved(campaign) else _overwrite(edit)


@dataclass(frozen=True, slots=True)
class _Edit:
    """An edit that is sent for approval or published: what approval is about, and the rest."""

    campaign: Campaign
    actor: Actor
    content: dict[str, Any]
    tags: dict[str, Any]
    now: datetime
    params: Params
    outcome: str


def _divided(campaign: Campaign, payload: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What approval is about, and what is the team's own business.

    The name belongs to the former where the content shows it, the topic always: it says whom opt-outs leave out.
    """
    tags = {key: value for key, value in payload.items() if SECTION_OF.get(key) in TAGS}
    if "name" in tags and tags["name"] != campaign.name and snapshots.name_is_content(campaign):
        del tags["name"]
    if "topic" in tags and (tags["topic"] or "") != (campaign.topic.name if campaign.topic else ""):
        del tags["topic"]
    return {key: value for key, value in payload.items() if key not in tags}, tags


def _overwrite(edit: _Edit) -> Edited:
    """The campaign's own rows hold the version that waits: nothing goes out before it is approved."""
    campaign = edit.campaign
    before = snapshots.snapshot_of(campaign)
    saved = _save(campaign, edit.actor, {**edit.content, **edit.tags}, edit.now)
    if edit.outcome == "submit" and content_hash(before) == content_hash(snapshots.snapshot_of(campaign)):
        return saved
    baseline = before if campaign.status in LIVE_STATUSES else None
    move = follow_edit(
        edit.outcome, campaign, edit.actor, edit.params, edit.now, baseline=baseline
    )  # fmt: skip
    return _edited(move, edit.outcome)


def _propose(edit: _Edit) -> Edited:
    """A live campaign keeps what was approved: the edit waits beside it, on top of one that waits already."""
    campaign = edit.campaign
    if edit.tags:
        _save(campaign, edit.actor, edit.tags, edit.now)
    waiting = approving.waiting_proposal(campaign)
    proposal = {**waiting, **edit.content}
    updating.refuse_past_times(
        campaign, read_fields(edit.content, campaign.workspace, campaign.kind), edit.now
    )
    there = snapshots.proposed_snapshot(campaign, waiting) if waiting else snapshots.snapshot_of(campaign)
    if edit.outcome == "submit" and content_hash(there) == content_hash(
        snapshots.proposed_snapshot(campaign, proposal)
    ):
        return Edited(campaign, "save")
    record(
        edit.actor, campaign, "edit", campaign.status, "", {"proposed": sorted(edit.content)}, edit.now
    )  # fmt: skip
    move = follow_edit(
        edit.outcome, campaign, edit.actor, edit.params, edit.now, proposal=proposal
    )  # fmt: skip
    return _edited(move, edit.outcome)


def _edited(move: Move, outcome: str) -> Edited:
    return Edited(move.campaign, outcome, approving.find_open(move.campaign))


def _save(campaign: Campaign, actor: Actor, payload: Mapping[str, Any], now: datetime) -> Edited:
    """Write it into the campaign's rows."""
    changed = updating.apply(campaign, payload, actor.user, now)
    campaign.version += 1
    campaign.updated_at = campaign.last_active_at = now
    campaign.archive_due_at = archive_due_at(now, campaign.workspace.timezone)
    campaign.save(update_fields=["version", "updated_at", "last_active_at", "archive_due_at"])
    refuse_incomplete(campaign)
    record(actor, campaign, "edit", campaign.status, "", {"changed": changed}, now)
    keep_watch(campaign, now)
    handover.after_commit(campaign, [])
    return Edited(campaign, "save")


def _refuse_locked(
    campaign: Campaign, rule: EditRule, payload: Mapping[str, Any], content: Mapping[str, Any]
) -> None:
    """A section that the table closes: all that was typed comes back with the refusal, so that it can be copied."""
    for key in payload:
        section = "what" if key == "name" and key in content else SECTION_OF.get(key)
        discards = rule.outcome == "discard" and key in content
        if section and (discards or section not in rule.sections):
            why = why_locked(section, campaign.lifecycle.title, campaign.look.label)
            raise EditsDiscarded(rule.popup or why, {name: typed(value) for name, value in payload.items()})


def typed(value: Any) -> str:
    """What somebody sent, as text that can be copied."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2, default=str)


def _member(actor: Actor) -> Membership:
    if actor.membership is None or not role_may(actor.membership.role, "edit_campaigns"):
        raise Forbidden("Your role in this workspace may not do that.")
    return actor.membership

"""Editing a campaign section by section: whether it may be, what becomes of it, and doing it, all in one transaction.

An edit is saved, sent for approval or published, as the table says (domain/editing.py). What it discards is refused,
and then nothing has changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from approvals.models import Request
from campaigns.domain.editing import APPROVED_SECTIONS, EditRule, edit_rule, why_locked
from campaigns.domain.permissions import role_may
from campaigns.domain.schedule import archive_due_at
from campaigns.models import Campaign, Membership
from campaigns.services import handover, updating
from campaigns.services.actions import check_version, lock, record
from campaigns.services.actors import Actor
from campaigns.services.completeness import refuse_incomplete
from campaigns.services.errors import EditsDiscarded, Forbidden
from campaigns.services.parameters import Params
from campaigns.services.payloads import SECTION_OF


@dataclass(frozen=True, slots=True)
class Edited:
    """What an edit came to: ``outcome`` is save, submit or publish; ``request`` the request that it opened."""

    campaign: Campaign
    outcome: str
    request: Request | None = None


def rights(campaign: Campaign, membership: Membership, now: datetime) -> EditRule:
    """What this member may edit now, and what would become of the edit."""
    return edit_rule(
        campaign.kind,
        campaign.status,
        membership.role,
        after=is_after(campaign, now),
        first_run_done=first_run_done(campaign),
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
    membership = _member(actor)
    with transaction.atomic():
        campaign = lock(campaign_id, actor)
        check_version(campaign, version)
        rule = rights(campaign, membership, now)
        _refuse_locked(campaign, rule, payload)
        return _save(campaign, actor, payload, now)


def _save(campaign: Campaign, actor: Actor, payload: Mapping[str, Any], now: datetime) -> Edited:
    changed = updating.apply(campaign, payload, actor.user, now)
    campaign.version += 1
    campaign.updated_at = campaign.last_active_at = now
    campaign.archive_due_at = archive_due_at(now, campaign.workspace.timezone)
    campaign.save(update_fields=["version", "updated_at", "last_active_at", "archive_due_at"])
    refuse_incomplete(campaign)
    record(actor, campaign, "edit", campaign.status, "", {"changed": changed}, now)
    handover.after_commit(campaign, [])
    return Edited(campaign, "save")


def _refuse_locked(campaign: Campaign, rule: EditRule, payload: Mapping[str, Any]) -> None:
    """A section that the table closes: everything that was typed comes back with the refusal, so that it can be copied."""
    for key in payload:
        section = SECTION_OF.get(key)
        if section and section not in rule.sections:
            reason = rule.popup or why_locked(section, campaign.lifecycle.title, campaign.look.label)
            raise EditsDiscarded(reason, {key: reason})
        if section in APPROVED_SECTIONS and rule.outcome == "submit":
            raise EditsDiscarded("Withdraw it first: an edit cannot be sent for approval yet.", {key: ""})


def _member(actor: Actor) -> Membership:
    if actor.membership is None or not role_may(actor.membership.role, "edit_campaigns"):
        raise Forbidden("Your role in this workspace may not do that.")
    return actor.membership

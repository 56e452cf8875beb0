"""Making and changing campaigns and their channels. Their statuses are the gateway's business, not this module's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from campaigns.domain.lifecycles import BY_KIND
from campaigns.domain.permissions import role_may
from campaigns.domain.schedule import archive_due_at
from campaigns.models import Campaign, Membership
from campaigns.services import channel_payloads, editing, entrances, send_schedule
from campaigns.services.actions import record
from campaigns.services.actors import Actor
from campaigns.services.errors import Forbidden, Invalid
from campaigns.services.payloads import read_fields
from campaigns.services.strategy_duties import configured
from campaigns.services.updating import labels_named


def create_campaign(actor: Actor, data: Mapping[str, Any], now: datetime) -> Campaign:
    """A draft from the API's shape; ``kind`` and ``name`` are needed, all else may follow. Raises `Invalid`."""
    membership = _member(actor, "edit_campaigns")
    kind = data.get("kind")
    if kind not in BY_KIND:
        raise Invalid.field("kind", f"kind must be one of: {', '.join(BY_KIND)}.")
    rest = {key: value for key, value in data.items() if key != "kind"}
    rest.setdefault("name", "")
    if send_schedule.KEY in rest:
        raise Invalid.field(
            send_schedule.KEY, "A new campaign's messages have their times (sends_at) in channels."
        )
    workspace = membership.workspace
    values = read_fields(rest, workspace, kind)
    values.setdefault("timezone", workspace.timezone)
    if kind == "journey" and values.get("starts_at") and values["starts_at"] <= now:
        raise Invalid.field(
            "starts_at", "starts_at has passed already; choose a time after now, or start it."
        )
    with transaction.atomic():
        campaign = Campaign.objects.create(
            workspace=workspace, kind=kind, created_by=actor.user, created_at=now, updated_at=now, status_since=now,
            last_active_at=now, archive_due_at=archive_due_at(now, workspace.timezone), **values,
        )  # fmt: skip
        if rest.get("labels"):
            campaign.labels.set(labels_named(rest["labels"], campaign, actor.user))
        channel_payloads.replace_channels(campaign, rest.get("channels") or [])
        send_schedule.refuse_impossible(campaign, send_schedule.messages_of(campaign), None)
        entrances.keep(campaign, now)
        record(actor, campaign, "create", "", "", {"kind": kind}, now)
        return configured(campaign, now)


def update_campaign(
    campaign_id: int, actor: Actor, data: Mapping[str, Any], version: int | None, now: datetime
) -> Campaign:
    """An edit, whatever becomes of it; answers the campaign as it then is (see editing.py)."""
    return editing.save_edit(campaign_id, actor, data, version, now).campaign


def editable_sections(campaign: Campaign, membership: Membership) -> list[str]:
    """The sections this member may edit now: some of who, what, when, name, labels."""
    return list(editing.rights(campaign, membership, timezone.now()).sections)


def _member(actor: Actor, ability: str) -> Membership:
    if actor.membership is None or not role_may(actor.membership.role, ability):
        raise Forbidden("Your role in this workspace may not do that.")
    return actor.membership

"""Making and changing campaigns and their channels. Their statuses are the gateway's business, not this module's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from campaigns.domain.editing import editable_sections as sections_of
from campaigns.domain.editing import why_locked
from campaigns.domain.guards import first_reason
from campaigns.domain.lifecycles import BY_KIND
from campaigns.domain.permissions import role_may
from campaigns.domain.schedule import archive_due_at
from campaigns.domain.states import MOVING
from campaigns.models import Campaign, Label, Membership
from campaigns.services import channel_payloads, handover
from campaigns.services.actions import check_version, lock, perform, record
from campaigns.services.actors import Actor
from campaigns.services.errors import EditsDiscarded, Forbidden, Invalid
from campaigns.services.facts import facts_for, has_audience
from campaigns.services.payloads import SECTION_OF, read_fields

#: Kinds whose settings must stay whole while they are live: the guard, and the field that the refusal names.
_WHOLE = ("journey", "sms", "voice", "message")
_NEEDED = {
    "needs_audience": "audience", "needs_channels": "channels", "needs_content": "channels",
    "needs_workflow": "workflow",
}  # fmt: skip


def create_campaign(actor: Actor, data: Mapping[str, Any], now: datetime) -> Campaign:
    """A draft from the API's shape; ``kind`` and ``name`` are needed, all else may follow. Raises `Invalid`."""
    membership = _member(actor, "edit_campaigns")
    kind = data.get("kind")
    if kind not in BY_KIND:
        raise Invalid.field("kind", f"kind must be one of: {', '.join(BY_KIND)}.")
    rest = {key: value for key, value in data.items() if key != "kind"}
    rest.setdefault("name", "")
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
            campaign.labels.set(_labels(rest["labels"], membership))
        channel_payloads.replace_channels(campaign, rest.get("channels") or [])
        record(actor, campaign, "create", "", "", {"kind": kind}, now)
        return _configured(campaign, now)


def update_campaign(
    campaign_id: int, actor: Actor, data: Mapping[str, Any], version: int | None, now: datetime
) -> Campaign:
    """Change what ``data`` names and nothing else. `Stale`, `EditsDiscarded`, `Invalid`: then nothing has changed."""
    membership = _member(actor, "edit_campaigns")
    with transaction.atomic():
        campaign = lock(campaign_id, actor)
        check_version(campaign, version)
        _refuse_locked_sections(campaign, membership, data)
        values = read_fields(data, campaign.workspace, campaign.kind)
        _refuse_past_start(campaign, values, now)
        before = {name: getattr(campaign, name) for name in values}
        for name, value in values.items():
            setattr(campaign, name, value)
        changed = [name for name in values if before[name] != values[name]]
        if "labels" in data:
            campaign.labels.set(_labels(data["labels"] or [], membership))
        if "channels" in data:
            channel_payloads.replace_channels(campaign, data["channels"] or [])
        campaign.version += 1
        campaign.updated_at = campaign.last_active_at = now
        campaign.archive_due_at = archive_due_at(now, campaign.workspace.timezone)
        campaign.save(update_fields=[*values, "version", "updated_at", "last_active_at", "archive_due_at"])
        refuse_incomplete(campaign)
        record(
            actor,
            campaign,
            "edit",
            campaign.status,
            "",
            {"changed": sorted({*changed, *(set(data) & {"labels", "channels"})})},
            now,
        )
        handover.after_commit(campaign, [])
        return _configured(campaign, now)


def _refuse_locked_sections(campaign: Campaign, membership: Membership, data: Mapping[str, Any]) -> None:
    allowed = editable_sections(campaign, membership)
    for key in data:
        section = SECTION_OF.get(key)
        if section and section not in allowed:
            reason = why_locked(section, campaign.lifecycle.title, campaign.look.label)
            raise EditsDiscarded(reason, {key: reason})


def editable_sections(campaign: Campaign, membership: Membership) -> list[str]:
    """The sections this member may edit now: some of who, what, when, name, labels."""
    return list(sections_of(campaign.kind, campaign.status, membership.role))


def refuse_incomplete(campaign: Campaign) -> None:
    """What is live, or waits for its time, must stay whole: an edit that takes away what it needs is refused."""
    if campaign.status not in MOVING or campaign.kind not in _WHOLE:
        return
    facts = facts_for([Campaign.objects.select_related("workspace").get(pk=campaign.pk)], None)[campaign.pk]
    for guard, path in _NEEDED.items():
        if reason := first_reason([guard], facts):
            raise Invalid.field(path, f"It is {campaign.look.label}, so this cannot be taken away. {reason}")


def _refuse_past_start(campaign: Campaign, values: Mapping[str, Any], now: datetime) -> None:
    """A time on a campaign that waits for it must be to come; in a blast's draft it is asked about when it starts."""
    _refuse_crossed(campaign, values)
    waiting = campaign.status in ("scheduled", "awaiting_next_run")
    if campaign.kind == "journey" and values.get("starts_at") and values["starts_at"] <= now:
        raise Invalid.field(
            "starts_at", "starts_at has passed already; choose a time after now, or start it."
        )
    for name in ("starts_at", "stops_at"):
        if waiting and values.get(name) and values[name] <= now:
            raise Invalid.field(name, f"{name} has passed already; choose a time after now.")
    if waiting and "starts_at" in values and values["starts_at"] is None:
        raise Invalid.field("starts_at", "It is scheduled: it needs a start time (or cancel its schedule).")


def _refuse_crossed(campaign: Campaign, values: Mapping[str, Any]) -> None:
    starts_at = values.get("starts_at", campaign.starts_at)
    stops_at = values.get("stops_at", campaign.stops_at)
    if {"starts_at", "stops_at"} & values.keys() and starts_at and stops_at and stops_at <= starts_at:
        raise Invalid.field("stops_at", "stops_at must be after starts_at.")


def _member(actor: Actor, ability: str) -> Membership:
    if actor.membership is None or not role_may(actor.membership.role, ability):
        raise Forbidden("Your role in this workspace may not do that.")
    return actor.membership


def _labels(names: Any, membership: Membership) -> list[Label]:
    """The labels of these names; new ones are made. Refuses bad names and one label too many."""
    if not isinstance(names, list) or not all(isinstance(name, str) and name.strip() for name in names):
        raise Invalid.field("labels", "labels must be a list of names.")
    found = []
    for index, name in enumerate(dict.fromkeys(name.strip() for name in names)):
        label = Label.objects.filter(workspace=membership.workspace, name__iexact=name).first()
        if label is None:
            label = Label(workspace=membership.workspace, name=name, created_by=membership.user)
            try:
                label.full_clean()
            except ValidationError as error:
                raise Invalid.field(f"labels.{index}", " ".join(error.messages)) from error
            label.save()
        found.append(label)
    return found


def _configured(campaign: Campaign, now: datetime) -> Campaign:
    """python: Created becomes Configured by itself as soon as it has contacts and a strategy, and back (seed 002)."""
    ready = has_audience(campaign) and bool(campaign.strategy)
    if campaign.kind == "python" and campaign.status == ("draft" if ready else "configured"):
        return perform("configure" if ready else "unconfigure", campaign.pk, Actor.system(), now=now)
    return campaign

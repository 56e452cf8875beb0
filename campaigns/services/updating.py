"""Writes an update in the API's shape into a campaign's rows: the one way, for edits and for approved proposals alike.

Whether it may be written is asked before (editing.py); that it leaves the campaign whole, after (completeness.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from campaigns.domain.deliveries import ONE_BY_ONE, type_of
from campaigns.domain.programs import programs_of
from campaigns.models import Campaign, Label, User
from campaigns.services import channel_payloads, entrances, flow_payloads, live_edits, send_schedule
from campaigns.services.errors import Invalid
from campaigns.services.payloads import first_start, read_fields
from campaigns.services.trigger_payloads import refuse_other_types


def apply(
    campaign: Campaign, data: Mapping[str, Any], user: User | None = None, now: datetime | None = None
) -> list[str]:
    """Change what ``data`` names and save it; answers what has changed. With ``now``, times that passed are refused."""
    values = read_fields(data, campaign.workspace, campaign.kind)
    if now is not None:
        refuse_past_times(campaign, values, now)
    flow_payloads.refuse_active(campaign, data, values.get("flows"))
    before = {name: getattr(campaign, name) for name in (*values, "starts_at")}
    workflows = live_edits.workflows_of(campaign)
    programs = programs_of(campaign)
    for name, value in values.items():
        setattr(campaign, name, value)
    refuse_other_types(programs, programs_of(campaign))
    if {"delivery", "timezone"} & values.keys():
        # In words of the campaign's own zone, which the reader of the fields does not know.
        campaign.starts_at = values["starts_at"] = first_start(campaign)
    if "labels" in data:
        campaign.labels.set(labels_named(data["labels"] or [], campaign, user))
    if "channels" in data:
        channel_payloads.replace_channels(campaign, data["channels"] or [])
    if {"starts_at", "stops_at", "channels", send_schedule.KEY} & data.keys():
        send_schedule.follow(campaign, before["starts_at"], data, now)
    if {"workflow", "flows"} & values.keys():
        live_edits.refuse_retyped(campaign, workflows)
        live_edits.look_again(campaign, workflows)
    campaign.save(update_fields=[*values, "sweep"])
    if {"trigger", "flows"} & values.keys():
        entrances.keep(campaign, now or timezone.now())
    changed = {name for name in values if before[name] != values[name]}
    return sorted(changed | (set(data) & {"labels", "channels", send_schedule.KEY}))


def refuse_past_times(campaign: Campaign, values: Mapping[str, Any], now: datetime) -> None:
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
    follows = type_of(values.get("delivery", campaign.delivery)) in ONE_BY_ONE
    if waiting and not follows and "starts_at" in values and values["starts_at"] is None:
        raise Invalid.field("starts_at", "It is scheduled: it needs a start time (or cancel its schedule).")


def _refuse_crossed(campaign: Campaign, values: Mapping[str, Any]) -> None:
    starts_at = values.get("starts_at", campaign.starts_at)
    stops_at = values.get("stops_at", campaign.stops_at)
    if {"starts_at", "stops_at"} & values.keys() and starts_at and stops_at and stops_at <= starts_at:
        raise Invalid.field("stops_at", "stops_at must be after starts_at.")


def labels_named(names: Any, campaign: Campaign, user: User | None) -> list[Label]:
    """The labels of these names; new ones are made. Refuses bad names and one label too many."""
    if not isinstance(names, list) or not all(isinstance(name, str) and name.strip() for name in names):
        raise Invalid.field("labels", "labels must be a list of names.")
    found = []
    for index, name in enumerate(dict.fromkeys(name.strip() for name in names)):
        label = Label.objects.filter(workspace=campaign.workspace, name__iexact=name).first()
        if label is None:
            label = Label(workspace=campaign.workspace, name=name, created_by=user)
            try:
                label.full_clean()
            except ValidationError as error:
                raise Invalid.field(f"labels.{index}", " ".join(error.messages)) from error
            label.save()
        found.append(label)
    return found

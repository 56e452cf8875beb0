"""Snapshots of campaigns (what an approval pins, see domain/snapshot.py): of what is there, of what an edit would make."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from campaigns.domain.conditions import names_in
from campaigns.domain.remarketing import OUTCOMES
from campaigns.domain.snapshot import content_hash
from campaigns.domain.workflow import steps_in
from campaigns.models import Campaign, Segment, Topic
from campaigns.services import updating
from channels.models import Agent, Channel, Connection

#: Liquid that shows the campaign's name, so that renaming it changes what is sent.
_SHOWS_NAME = re.compile(r"{[{%][^}]*\bcampaign\b")


def snapshot_of(campaign: Campaign) -> dict[str, Any]:
    """Who, what and when as they are now, and the names of the lists and connections in them."""
    found = parts_of(campaign, Channel.objects.filter(campaign=campaign).order_by("position", "id"))
    return {**found, "names": _names(found)}


def hash_of(campaign: Campaign, channels: Iterable[Channel]) -> str:
    """The content hash of a campaign whose channels are known; no query."""
    return content_hash(parts_of(campaign, channels))


def parts_of(campaign: Campaign, channels: Iterable[Channel]) -> dict[str, dict[str, Any]]:
    """Who, what and when without the names; no query."""
    channels = list(channels)
    listed = [
        {"kind": channel.kind, "connection": channel.connection_id, "content": channel.content}
        | ({"agent": channel.agent_id} if channel.agent_id else {})
        | ({"remarkets": _remarkets(channel)} if channel.outcome else {})
        for channel in channels
    ]
    what: dict[str, Any] = {"channels": listed}
    what |= {name: getattr(campaign, name) for name in ("workflow", "flows", "strategy")}
    what |= {name: value for name in ("goal", "exit", "stages") if (value := getattr(campaign, name))}
    if shows_name([listed, campaign.workflow, campaign.flows]):
        what["campaign_name"] = campaign.name
    who = {"audience": audience_shape(campaign), "trigger": campaign.trigger, "frequency": campaign.frequency}
    if campaign.topic_id:
        # Who has unsubscribed from the topic is left out.
        who["topic"] = campaign.topic_id
    when = _when(campaign)
    if any(channel.sends_at for channel in channels):
        when["send_schedule"] = [_iso(channel.sends_at) or "with the start" for channel in channels]
    return {"who": who, "what": what, "when": when}


def _remarkets(channel: Channel) -> str:
    """Whom a remarketing channel is for."""
    return f"{channel.promised:,} people: {OUTCOMES[channel.outcome].label} (channel {channel.source_id})"


def audience_shape(campaign: Campaign) -> dict[str, Any] | None:
    """The audience in the API's shape; None where nobody has been chosen yet."""
    parts = {
        "segment": campaign.segment_id,
        "condition": campaign.audience_condition,
        "filter": campaign.audience_filter,
    }
    return {name: part for name, part in parts.items() if part} or None


def shows_name(content: Any) -> bool:
    """Whether content shows the campaign's name, which then is content as well."""
    return _SHOWS_NAME.search(json.dumps(content, ensure_ascii=False)) is not None


def name_is_content(campaign: Campaign) -> bool:
    """Whether this campaign's content shows its name."""
    contents = list(Channel.objects.filter(campaign=campaign).values_list("content", flat=True))
    return shows_name([contents, campaign.workflow, campaign.flows])


def _when(campaign: Campaign) -> dict[str, Any]:
    """The schedule as people set it. Of a message the delivery says it all: ``starts_at`` is then only the next start."""
    if campaign.kind != "message":
        times: dict[str, Any] = {"starts_at": _iso(campaign.starts_at), "stops_at": _iso(campaign.stops_at)}
        if campaign.windows:
            times["windows"] = campaign.windows
        return {"timezone": campaign.timezone, **times}
    delivery = dict(campaign.delivery or {"type": "one_time"})
    if delivery["type"] == "one_time":
        delivery["at"] = _iso(campaign.starts_at)
    return {"timezone": campaign.timezone, "stops_at": _iso(campaign.stops_at), "delivery": delivery}


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None


def _names(parts: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    who = parts["who"]
    used = [channel["connection"] for channel in parts["what"]["channels"] if channel["connection"]]
    agents = [channel["agent"] for channel in parts["what"]["channels"] if channel.get("agent")]
    return {
        "topics": {str(row.pk): row.name for row in Topic.objects.filter(pk=who.get("topic"))},
        "segments": {str(row.pk): row.name for row in Segment.objects.filter(pk__in=_segments_in(parts))},
        "agents": {str(row.pk): row.name for row in Agent.objects.filter(pk__in=agents)} if agents else {},
        "connections": {str(row.pk): row.name for row in Connection.objects.filter(pk__in=used)},
    }


def _segments_in(parts: Mapping[str, Any]) -> set[int]:
    """The ids of all lists that are named: by the audience, by triggers, and by conditions wherever they stand."""
    who, what = parts["who"], parts["what"]
    audience, flows = who["audience"] or {}, what["flows"] or []
    triggers = [who["trigger"], *(flow.get("trigger") or {} for flow in flows)]
    found = {audience["segment"]} if audience.get("segment") else set()
    for trigger in triggers:
        found |= {pk for group in (*(trigger.get("in") or []), trigger.get("not_in") or []) for pk in group}
    workflows = [what["workflow"] or [], *(flow.get("workflow") or [] for flow in flows)]
    holders = [audience, *triggers, what.get("goal") or {}, what.get("exit") or {}]
    holders += [place.step for workflow in workflows for place in steps_in(workflow)]
    for holder in holders:
        for name in ("if", "condition", "filter"):
            found |= {pk for _, kind, pk in names_in(holder.get(name) or {}) if kind == "segment"}
    return found


def with_audience_of(campaign: Campaign, snapshot: Mapping[str, Any]) -> Campaign:
    """A campaign that is never saved, for whom this version is: to count them."""
    who = snapshot.get("who") or {}
    audience = who.get("audience") or {}
    return Campaign(
        pk=campaign.pk,
        workspace_id=campaign.workspace_id,
        kind=campaign.kind,
        segment_id=audience.get("segment"),
        audience_condition=audience.get("condition") or {},
        audience_filter=audience.get("filter") or {},
        trigger=who.get("trigger") or {},
    )


class _Undone(Exception):
    """Rolls the trial back."""


def proposed_snapshot(
    campaign: Campaign,
    payload: Mapping[str, Any],
    check: Callable[[Campaign], object] = lambda campaign: None,
) -> dict[str, Any]:
    """What the campaign would be with this update in the API's shape: tried out and rolled back.

    Raises `Invalid` as the update itself would; ``check`` may refuse what has come out.
    """
    found: dict[str, Any] = {}
    try:
        with transaction.atomic():
            trial = Campaign.objects.select_related("workspace").get(pk=campaign.pk)
            updating.apply(trial, payload)
            check(trial)
            found = snapshot_of(trial)
            raise _Undone
    except _Undone:
        return found

"""Campaigns and their channels as JSON, in the shape that the HTTP API promises; the same number of queries for any many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from campaigns.domain.hints import Hint
from campaigns.domain.lifecycle import Look
from campaigns.domain.lifecycles.outreach import CHANNEL_LOOKS
from campaigns.models import Campaign, Label, Membership
from campaigns.services.counts import COUNTED, Counts, call_counts, channel_counts
from campaigns.services.editing import rule_for
from campaigns.services.entrances import with_urls
from campaigns.services.errors import NotFound
from campaigns.services.facts import connection_problem, facts_for
from campaigns.services.hints import hints_of
from campaigns.services.offers import as_api, channel_offers, offers_of
from campaigns.services.snapshots import audience_shape
from channels.domain import states as cs
from channels.models import Channel

#: What a campaign was made of, as `create_campaign` takes it; left out of lists.
_SETTINGS = (
    "trigger",
    "frequency",
    "goal",
    "exit",
    "workflow",
    "flows",
    "strategy",
    "stages",
    "windows",
    "delivery",
    "timezone",
    "stop_mode",
)


def render_campaign(campaign_id: int, membership: Membership) -> dict[str, Any]:
    """One campaign with its settings and the content of its channels. Raises `NotFound` for what is not theirs."""
    found = list(_with_parts(Campaign.objects.visible_to(membership).filter(pk=campaign_id)))
    if not found:
        raise NotFound("There is no such campaign in this workspace.")
    return _rendered(found, membership, whole=True)[0]


def render_campaigns(campaigns: Sequence[Campaign], membership: Membership) -> list[dict[str, Any]]:
    """Campaigns of this member's workspace for a list, in the order given: without settings and content."""
    ids = [campaign.pk for campaign in campaigns]
    found = {campaign.pk: campaign for campaign in _with_parts(Campaign.objects.filter(pk__in=ids))}
    return _rendered([found[pk] for pk in ids if pk in found], membership, whole=False)


def render_channel(channel_id: int, membership: Membership) -> dict[str, Any]:
    """One channel with its content. Raises `NotFound` for what is not theirs."""
    visible = Campaign.objects.visible_to(membership)
    channel = Channel.objects.select_related("connection", "campaign__workspace").filter(
        pk=channel_id, campaign__in=visible
    )
    found = channel.first()
    if found is None:
        raise NotFound("There is no such channel in this workspace.")
    offered = channel_offers([found], found.campaign)[found.pk]
    counts = channel_counts([found.pk])
    channels = [found, *found.campaign.channels.exclude(pk=found.pk).select_related("connection")]
    hints = hints_of(found.campaign, channels, counts, timezone.now())[found.pk]
    shown = _channel(found, as_api(offered), counts[found.pk], hints, whole=True)
    return {**shown, "campaign": found.campaign_id}


def _with_parts(campaigns: QuerySet[Campaign]) -> QuerySet[Campaign]:
    channels = Channel.objects.select_related("connection").order_by("position", "id")
    parts = ("created_by", "segment", "topic", "workspace__approval_policy")
    return campaigns.select_related(*parts).prefetch_related(
        Prefetch("labels", Label.objects.order_by("name")), Prefetch("channels", channels)
    )


def _rendered(campaigns: Sequence[Campaign], membership: Membership, *, whole: bool) -> list[dict[str, Any]]:
    facts, now = facts_for(campaigns, membership), timezone.now()
    offered = {c.pk: offers_of(c, membership.role, facts[c.pk]) for c in campaigns}
    counts = channel_counts([channel.pk for campaign in campaigns for channel in campaign.channels.all()])
    shown = []
    for campaign in campaigns:
        channels = list(campaign.channels.all())
        approval = facts[campaign.pk].approval
        actions = channel_offers(channels, campaign, approval)
        hints = hints_of(campaign, channels, counts, now)
        parts = [_channel(c, as_api(actions[c.pk]), counts[c.pk], hints[c.pk], whole=whole) for c in channels]
        sections = rule_for(campaign, membership, now, approval).sections
        shape = _campaign(campaign, as_api(offered[campaign.pk]), sections)
        shape |= {"channels": parts, "counts": _total(counts[c.pk] for c in channels)}
        if whole:
            shape |= _settings(campaign)
        shown.append(shape)
    return shown


def _campaign(
    campaign: Campaign, actions: list[Mapping[str, object]], sections: Iterable[str]
) -> dict[str, Any]:
    return {
        "id": campaign.pk,
        "kind": campaign.kind,
        "name": campaign.name,
        "status": campaign.status,
        "status_label": campaign.look.label,
        "message": message(campaign.look, campaign.status_reason, campaign.status_since),
        "scheduled": campaign.scheduled,
        "starts_at": campaign.starts_at,
        "stops_at": campaign.stops_at,
        "next_run_at": campaign.next_run_at,
        "labels": [label.name for label in campaign.labels.all()],
        "created_by": campaign.created_by.email if campaign.created_by else None,
        "created_at": campaign.created_at,
        "updated_at": campaign.updated_at,
        "version": campaign.version,
        "editable_sections": list(sections),
        "actions": actions,
    }


def _settings(campaign: Campaign) -> dict[str, Any]:
    audience = audience_shape(campaign)
    topic = campaign.topic.name if campaign.topic else ""
    settings = {name: getattr(campaign, name) for name in _SETTINGS} | with_urls(campaign)
    return {"audience": audience, "topic": topic, **settings}


def _channel(
    channel: Channel,
    actions: list[Mapping[str, object]],
    counts: Counts,
    hints: Sequence[Hint],
    *,
    whole: bool,
) -> dict[str, Any]:
    look = CHANNEL_LOOKS[channel.status]
    shape = {
        "id": channel.pk,
        "kind": channel.kind,
        "status": channel.status,
        "status_label": look.label,
        "message": message(look, _waits_for(channel) or channel.status_reason),
        "connection": channel.connection_id,
        "remarkets": _remarkets(channel),
        "hints": [{"code": hint.code, "text": hint.text} for hint in hints],
        "sends_at": channel.sends_at,
        "actions": actions,
        "counts": counts,
    }
    if channel.agent_id is not None:
        shape["agent"] = channel.agent_id
    if whole and channel.kind == "voice":
        shape["calls"] = call_counts([channel.pk])[channel.pk]
    return {**shape, "content": channel.content} if whole else shape


def _remarkets(channel: Channel) -> dict[str, Any] | None:
    """Whom a remarketing channel is for: so many people whom this outcome of that channel had when it was made."""
    if not channel.outcome:
        return None
    return {"channel": channel.source_id, "outcome": channel.outcome, "people": channel.promised}


def _waits_for(channel: Channel) -> str:
    """Why a running channel sends nothing: its connection."""
    return connection_problem(channel) if channel.status == cs.RUNNING and channel.connection else ""


def message(look: Look, reason: str, since: datetime | None = None) -> str:
    """Why the status is so, what it means and what to do next, since when: what a console shows beside the word."""
    sentences = [reason, look.meaning]
    if since:
        sentences.append(f"Since {since.astimezone(UTC):%Y-%m-%d %H:%M} UTC.")
    return " ".join(_sentence(text) for text in sentences if text)


def _sentence(text: str) -> str:
    return text if text[-1] in ".!?" else f"{text}."


def _total(parts: Iterable[Counts]) -> Counts:
    summed = dict.fromkeys(COUNTED, 0)
    for part in parts:
        for name, number in part.items():
            summed[name] += number
    return summed

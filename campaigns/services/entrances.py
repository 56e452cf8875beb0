"""Keeps, for every workflow of a campaign, what its trigger needs: the hidden segment of a condition, a webhook's token.

The doors themselves are opened in entering.py.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from campaigns.domain.condition_reading import parse_condition
from campaigns.domain.conditions import uses_of
from campaigns.domain.programs import BY_STEPS, programs_of
from campaigns.domain.triggers import WEBHOOK, kept_condition, type_of
from campaigns.models import Campaign, Entrance, Segment
from campaigns.services.handover import ring_segments
from campaigns.services.segments import alone, begin_filling, make_active


def keep(campaign: Campaign, now: datetime) -> None:
    """Bring the entrances in line with the triggers as they are now saved; inside the transaction that saves them."""
    if campaign.kind not in BY_STEPS:
        return
    there = {row.flow: row for row in campaign.entrances.select_related("segment")}
    for program in programs_of(campaign):
        entrance = there.pop(program.flow, None) or Entrance(campaign=campaign, flow=program.flow)
        if type_of(program.trigger) == WEBHOOK and not entrance.token:
            entrance.token = new_token()
        _keep_condition(entrance, kept_condition(program.trigger), now)
        entrance.save()
    for gone in there.values():
        _archive([gone.segment_id], now)
        gone.delete()


def _keep_condition(entrance: Entrance, condition: dict[str, Any], now: datetime) -> None:
    """Its hidden segment: made when the condition is set, filled again when it is another one."""
    campaign, segment = entrance.campaign, entrance.segment
    if not condition or (segment is not None and segment.condition == condition):
        return
    alone()
    uses = uses_of(parse_condition(condition))
    if segment is None:
        segment = Segment(
            workspace_id=campaign.workspace_id, kind=Segment.CONDITION, hidden=True,
            name=f"$trigger:{campaign.pk}:{entrance.flow}",
        )  # fmt: skip
    segment.condition, segment.uses, segment.archived_at = condition, uses, None
    begin_filling(segment, now)
    segment.save()
    entrance.segment = segment
    transaction.on_commit(partial(ring_segments, campaign.workspace_id))


# --- with the campaign


def rest(campaign: Campaign, now: datetime) -> None:
    """archive, delete: who meets its triggers is not kept any more. What is deleted is forgotten in batches."""
    if campaign.kind in BY_STEPS:
        _archive(campaign.entrances.values_list("segment_id", flat=True), now)


def wake(campaign: Campaign, now: datetime) -> None:
    """unarchive: they are kept again, gone over from the start."""
    if campaign.kind in BY_STEPS:
        make_active(Segment.objects.filter(entrances__campaign=campaign), now)


def _archive(segments: Any, now: datetime) -> None:
    Segment.objects.filter(pk__in=[pk for pk in segments if pk], archived_at=None).update(archived_at=now)


# --- webhooks


def new_token() -> str:
    """Whoever knows it may call: 192 random bits."""
    return secrets.token_urlsafe(24)


def hook_url(token: str) -> str:
    """The whole address of a webhook trigger."""
    return f"{settings.SITE_URL}{reverse('trigger-hook', args=[token])}"


def hook_urls(campaign: Campaign) -> dict[str, str]:
    """The addresses of its webhook triggers by flow; no query where it has none."""
    flows = [one.flow for one in programs_of(campaign) if type_of(one.trigger) == WEBHOOK]
    if not flows:
        return {}
    rows = Entrance.objects.filter(campaign=campaign, flow__in=flows).exclude(token="")
    return {flow: hook_url(token) for flow, token in rows.values_list("flow", "token")}


def with_urls(campaign: Campaign) -> dict[str, Any]:
    """``trigger`` and ``flows`` as the API shows them: webhook triggers with their address."""
    urls = hook_urls(campaign)

    def shown(trigger: Mapping[str, Any], flow: str) -> dict[str, Any]:
        return {**trigger, "url": urls[flow]} if flow in urls else dict(trigger)

    flows: Sequence[Mapping[str, Any]] = campaign.flows
    return {
        "trigger": shown(campaign.trigger, ""),
        "flows": [
            {**flow, "trigger": shown(flow["trigger"], flow["key"])} if flow.get("trigger") else flow
            for flow in flows
        ],
    }

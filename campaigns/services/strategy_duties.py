"""What the beat does for python campaigns (seed 002): the strategy goes on; Created and Configured follow what is there."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.db import transaction

from campaigns.domain import states as s
from campaigns.engine.batches import Deadline
from campaigns.engine.strategies import ask_contacts
from campaigns.engine.strategy_windows import move_to_next_window
from campaigns.models import Campaign
from campaigns.services import actions
from campaigns.services.actors import Actor
from campaigns.services.errors import ActionError
from campaigns.services.facts import with_contacts

log = logging.getLogger(__name__)

#: Campaigns whose contacts are looked for in one query.
_AT_ONCE = 100


def work(campaign: Campaign, now: datetime, seconds: float) -> dict[str, int]:
    """Ask about the contacts whose turn it is, and find places for what waits; the campaign fails if it cannot go on."""
    progress = ask_contacts(campaign.pk, now, seconds=seconds)
    moved = move_to_next_window(campaign, now, Deadline(seconds))
    if progress.cause:
        _fail(campaign.pk, progress.cause, now)
    return {"entered": progress.asked, "moved": moved}


def _fail(campaign_id: int, cause: str, now: datetime) -> None:
    """Into Error, with the cause. Somebody may have stopped it meanwhile: then there is nothing to fail."""
    try:
        actions.perform("fail", campaign_id, Actor.system(), params={"reason": cause[:500]}, now=now)
    except ActionError as refusal:
        log.info("Failing campaign %s: %s", campaign_id, refusal.message)


def configured(campaign: Campaign, now: datetime) -> Campaign:
    """Created becomes Configured by itself as soon as it has contacts and a strategy, and back (seed 002)."""
    if campaign.kind != "python" or campaign.status not in (s.DRAFT, s.CONFIGURED):
        return campaign
    ready = bool(campaign.strategy) and bool(with_contacts([campaign], now))
    if campaign.status == (s.DRAFT if ready else s.CONFIGURED):
        action = "configure" if ready else "unconfigure"
        return actions.perform(action, campaign.pk, Actor.system(), now=now)
    return campaign


def keep_configured(now: datetime) -> dict[str, Any]:
    """The duty: lists fill and empty by themselves (imports, conditions), and what uses them follows."""
    changed: dict[str, list[int]] = {"configured": [], "unconfigured": []}
    waiting = Campaign.objects.filter(
        kind="python", status__in=(s.DRAFT, s.CONFIGURED), deleted_at__isnull=True
    ).exclude(status=s.DRAFT, strategy="")
    ids = list(waiting.order_by("pk").values_list("pk", flat=True))
    for first in range(0, len(ids), _AT_ONCE):
        group = list(Campaign.objects.filter(pk__in=ids[first : first + _AT_ONCE]))
        ready = {c.pk for c in group if c.strategy} & with_contacts(group, now)
        for campaign in group:
            if (campaign.status == s.DRAFT) == (campaign.pk in ready) and _look_again(campaign.pk, now):
                changed["configured" if campaign.pk in ready else "unconfigured"].append(campaign.pk)
    return changed


def _look_again(campaign_id: int, now: datetime) -> bool:
    """Under the campaign's lock, by the gateway."""
    try:
        with transaction.atomic():
            campaign = actions.lock(campaign_id, Actor.system())
            return configured(campaign, now).status != campaign.status
    except ActionError as refusal:
        log.info("Looking at campaign %s: %s", campaign_id, refusal.message)
        return False

"""Copies of campaigns: settings, labels, workflow and channels; never the schedule, nor anything of the ledger."""

from __future__ import annotations

import copy
import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from campaigns.domain.deliveries import MULTIPLE_DATES, ONE_TIME, RECURRING, type_of
from campaigns.domain.recurrence import read_moment
from campaigns.domain.schedule import archive_due_at
from campaigns.models import Campaign
from campaigns.services.actors import Actor
from channels.models import Channel

PREFIX = "[COPY] "
_COPIED = (
    "segment_id", "audience_condition", "audience_filter", "trigger", "frequency", "workflow", "flows", "strategy",
    "timezone", "stop_mode", "restart_audience", "delivery", "topic_id",
)  # fmt: skip


def clone(original: Campaign, channels: Iterable[Channel], actor: Actor, now: datetime) -> Campaign:
    """A draft named ``[COPY] …`` in the same workspace. It sends nothing by itself: no time that has passed is copied."""
    settings = {name: copy.deepcopy(getattr(original, name)) for name in _COPIED}
    settings["trigger"] = with_new_webhook(settings["trigger"])
    settings["delivery"] = without_past_times(settings["delivery"], now)
    made = Campaign.objects.create(
        workspace_id=original.workspace_id,
        kind=original.kind,
        name=(PREFIX + original.name)[:200],
        created_by=actor.user,
        created_at=now,
        updated_at=now,
        status_since=now,
        last_active_at=now,
        archive_due_at=archive_due_at(now, original.workspace.timezone),
        **settings,
    )
    made.labels.set(original.labels.all())
    Channel.objects.bulk_create(
        Channel(
            campaign=made,
            connection_id=channel.connection_id,
            kind=channel.kind,
            position=channel.position,
            content=copy.deepcopy(channel.content),
        )
        for channel in channels
    )
    return made


def without_past_times(delivery: dict[str, Any], now: datetime) -> dict[str, Any]:
    """A delivery that keeps how and how often it goes out, but none of the fixed times that have passed."""
    kept = dict(delivery)
    if type_of(delivery) == MULTIPLE_DATES:
        kept["at"] = [at for at in delivery.get("at") or [] if (moment := read_moment(at)) and moment > now]
    elif type_of(delivery) == ONE_TIME:
        kept.pop("at", None)
    elif type_of(delivery) == RECURRING:
        start = read_moment(delivery.get("starts_at"))
        if start is None or start <= now:
            kept.pop("starts_at", None)
    return kept


def with_new_webhook(trigger: dict[str, object]) -> dict[str, object]:
    """A webhook trigger gets a URL of its own (seed 000, Duplicate); every other trigger stays as it is."""
    return {**trigger, "token": secrets.token_urlsafe(24)} if trigger.get("type") == "webhook" else trigger

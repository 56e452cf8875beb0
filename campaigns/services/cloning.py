"""Copies of campaigns: settings, labels, workflow and channels; never the schedule, nor anything of the ledger."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from campaigns.domain.deliveries import MULTIPLE_DATES, ONE_TIME, RECURRING, type_of
from campaigns.domain.recurrence import read_moment
from campaigns.domain.schedule import archive_due_at
from campaigns.models import Campaign
from campaigns.services import entrances
from campaigns.services.actors import Actor
from channels.models import Channel

PREFIX = "[COPY] "
_COPIED = (
    "segment_id", "audience_condition", "audience_filter", "trigger", "frequency", "goal", "exit", "workflow", "flows",
    "strategy", "stages", "windows", "timezone", "stop_mode", "restart_audience", "delivery", "topic_id",
)  # fmt: skip


def clone(original: Campaign, channels: Iterable[Channel], actor: Actor, now: datetime) -> Campaign:
    """A draft named ``[COPY] …`` in the same workspace. It sends nothing by itself: no time that has passed is copied.

    Nor are remarketing channels: whom they are for is in the original's ledger.
    """
    settings = {name: copy.deepcopy(getattr(original, name)) for name in _COPIED}
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
            agent_id=channel.agent_id,
            kind=channel.kind,
            position=channel.position,
            content=copy.deepcopy(channel.content),
        )
        for channel in channels
        if not channel.outcome
    )
    # A webhook trigger gets a URL of its own (seed 000, Duplicate), a condition a segment of its own.
    entrances.keep(made, now)
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

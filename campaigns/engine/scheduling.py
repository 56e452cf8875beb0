"""Which scheduled starts have come, and how late they are by the workspace's policy. Only answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F

from campaigns.domain.schedule import Lateness, lateness
from campaigns.models import Campaign

DEFAULT_GRACE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class DueStart:
    """A start whose time has come; ``lateness`` is ``on_time``, ``late`` (run it and say so) or ``ask`` (a person)."""

    campaign_id: int
    starts_at: datetime
    lateness: Lateness


def due_starts(now: datetime) -> list[DueStart]:
    """Every scheduled start whose time has come, the longest overdue first.

    One whose stop has passed as well is for a person to decide, however short the delay.
    """
    rows = (
        Campaign.objects.due_to_start(now)
        .annotate(grace_hours=F("workspace__approval_policy__grace_hours"))
        .order_by("starts_at", "pk")
        .values_list("pk", "starts_at", "stops_at", "grace_hours")
    )
    return [
        DueStart(
            pk, starts_at, "ask" if stops_at and stops_at <= now else lateness(starts_at, now, _grace(hours))
        )
        for pk, starts_at, stops_at, hours in rows.iterator()
    ]


def due_stops(now: datetime) -> list[int]:
    """Running campaigns whose stop time has come, the longest overdue first."""
    return list(Campaign.objects.due_to_stop(now).order_by("stops_at", "pk").values_list("pk", flat=True))


def _grace(hours: int | None) -> timedelta:
    return DEFAULT_GRACE if hours is None else timedelta(hours=hours)

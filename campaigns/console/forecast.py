"""How fast a running channel is and when it will be done: from what pages saw a moment ago, else from its average."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache

#: A rate is measured over this many seconds at least; older sightings are dropped.
SHORTEST, LONGEST = 4, 60


@dataclass(frozen=True, slots=True)
class Forecast:
    """Messages a minute, and the time at which the last one will have gone (None: cannot be told)."""

    per_minute: int
    done_at: datetime | None


def forecast(channel: Any, done: int, total: int, now: datetime) -> Forecast | None:
    """The forecast of a running channel; None while there is nothing to measure."""
    if channel.status != "running" or not channel.started_at or not total:
        return None
    rate = _recent_rate(channel.pk, done, now)
    if rate is None:
        seconds = (now - channel.started_at).total_seconds()
        rate = done / seconds if seconds > SHORTEST else None
    if not rate or rate <= 0:
        return None
    left = max(0, total - done)
    return Forecast(round(rate * 60), now + timedelta(seconds=left / rate))


def _recent_rate(channel_id: int, done: int, now: datetime) -> float | None:
    """Messages a second since the oldest sighting that is still fresh."""
    key = f"seen-progress-{channel_id}"
    stamp = now.timestamp()
    seen = [(at, count) for at, count in cache.get(key, []) if stamp - at <= LONGEST and count <= done]
    cache.set(key, [*seen[-30:], (stamp, done)], LONGEST)
    if not seen or stamp - seen[0][0] < SHORTEST:
        return None
    at, count = seen[0]
    return (done - count) / (stamp - at)

"""How fast a running channel is and when it will be done: from what pages saw a moment ago, else from its first minutes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache

from channels.domain import states as cs
from channels.domain.hours import ANY_HOUR, Hours, read_hours

#: A rate is measured over this many seconds at least; older sightings are dropped.
SHORTEST, LONGEST = 4, 60
#: For so long after its start the average since then tells the rate, if nothing has held it up meanwhile.
FRESH = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Forecast:
    """Messages a minute, and the time at which the last one will have gone (None: cannot be told)."""

    per_minute: int
    done_at: datetime | None


def forecast(channel: Any, done: int, total: int, now: datetime, home: str = "UTC") -> Forecast | None:
    """The forecast of a running channel; None while there is nothing to measure.

    ``home`` is the workspace's time zone, on whose clock the connection's hours are. While people are still being put
    into the queue nobody knows the end.
    """
    connection = channel.connection
    if channel.status != cs.RUNNING or not channel.started_at or not total:
        return None
    if connection is not None and connection.status != cs.CONNECTION_RUNNING:
        return None
    hours = read_hours(connection.hours) if connection is not None else ANY_HOUR
    rate = _recent_rate(channel.pk, done, now)
    if rate is None and not hours:
        rate = _average(channel, done, now)
    if not rate or rate <= 0:
        return None
    if connection is not None and connection.rate_per_second:
        rate = min(rate, connection.rate_per_second)
    work = timedelta(seconds=max(0, total - done) / rate)
    return Forecast(round(rate * 60), finish(now, work, hours, home) if channel.enrolled else None)


def finish(now: datetime, work: timedelta, hours: Hours, home: str) -> datetime | None:
    """When so much work is done that only goes on in these hours; None where that takes more than a year."""
    moment: datetime | None = now
    while moment is not None and moment - now < timedelta(days=366):
        moment = hours.next_allowed(moment, home, home)
        closes = hours.next_closed(moment, home) if moment else None
        if moment is None or closes is None or moment + work <= closes:
            return moment + work if moment else None
        work -= closes - moment
        moment = closes
    return None


def _average(channel: Any, done: int, now: datetime) -> float | None:
    """Messages a second since the start, while that is a short time without a pause."""
    since = now - channel.started_at
    if channel.pauses or not timedelta(seconds=SHORTEST) < since < FRESH:
        return None
    return float(done / since.total_seconds())


def _recent_rate(channel_id: int, done: int, now: datetime) -> float | None:
    """Messages a second since the oldest sighting that is still fresh."""
    key = f"seen-progress-{channel_id}"
    stamp = now.timestamp()
    seen = [(at, count) for at, count in cache.get(key, []) if stamp - at <= LONGEST and count <= done]
    cache.set(key, [*seen[-30:], (stamp, done)], LONGEST)
    if not seen or stamp - seen[0][0] < SHORTEST:
        return None
    at, count = seen[0]
    return float((done - count) / (stamp - at))

"""The forecast of a running channel: right under a rate limit, after a pause, within the connection's hours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache

from campaigns.console.forecast import FRESH, finish, forecast
from channels.domain.hours import ANY_HOUR, Hours, Span

NOON = datetime(2027, 3, 2, 12, 0, tzinfo=UTC)  # a Tuesday
DAY = {"window": {"from": "09:00", "until": "17:00"}}
NINE_TO_FIVE = Hours(window=Span(time(9), time(17)))


@pytest.fixture(autouse=True)
def nothing_seen() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def channel(started: timedelta = timedelta(minutes=1), **values: Any) -> Any:
    connection = SimpleNamespace(
        status=values.pop("connection_status", "running"),
        hours=values.pop("hours", {}),
        rate_per_second=values.pop("rate", None),
    )
    found = {"pk": 1, "status": "running", "pauses": 0, "enrolled": True, "connection": connection}
    return SimpleNamespace(started_at=NOON - started, **(found | values))


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_soon_after_the_start_the_average_tells() -> None:
    found = forecast(channel(), 600, 1_800, NOON)
    assert found and (found.per_minute, found.done_at) == (600, NOON + timedelta(minutes=2))


def test_later_what_was_seen_a_moment_ago_tells_not_the_average() -> None:
    """It ran fast for an hour and has become slow: the end is as far as the slow pace says."""
    old = channel(started=FRESH)
    assert forecast(old, 1_000, 2_000, at(0)) is None, "one sighting is no rate"
    found = forecast(old, 1_010, 2_000, at(10))
    assert found and found.per_minute == 60
    assert found.done_at == at(10 + 990)


def test_after_a_pause_the_time_that_it_stood_still_does_not_count() -> None:
    """Paused for most of its ten minutes: the average since the start would say a day."""
    resumed = channel(started=timedelta(minutes=9), pauses=1)
    assert forecast(resumed, 100, 1_000, at(0)) is None
    found = forecast(resumed, 200, 1_000, at(10))
    assert found and (found.per_minute, found.done_at) == (600, at(90))


def test_a_pause_longer_than_a_minute_forgets_what_was_seen_before() -> None:
    forecast(channel(pauses=1), 100, 1_000, at(0))
    assert forecast(channel(pauses=1), 200, 1_000, at(61)) is None


def test_a_rate_limit_is_never_exceeded() -> None:
    """The first burst was faster than the connection allows in the long run."""
    found = forecast(channel(rate=5), 600, 900, NOON)
    assert found and (found.per_minute, found.done_at) == (300, NOON + timedelta(minutes=1))


@pytest.mark.parametrize(
    "values",
    [
        {"status": "paused"},
        {"status": "completed"},
        {"status": "errored"},
        {"connection_status": "error"},
        {"connection_status": "stopped"},
    ],
)
def test_what_stands_still_has_none(values: dict[str, Any]) -> None:
    assert forecast(channel(**values), 600, 900, NOON) is None


def test_while_people_are_still_put_into_the_queue_nobody_knows_the_end() -> None:
    found = forecast(channel(enrolled=False), 600, 900, NOON)
    assert found and (found.per_minute, found.done_at) == (600, None)


def test_the_rest_goes_out_in_the_connections_hours() -> None:
    """Five hours of work at noon, and it closes at five: the last one goes on the next day."""
    busy = channel(hours=DAY)
    forecast(busy, 0, 18_010, at(0))
    found = forecast(busy, 10, 18_010, at(10))
    assert found and found.done_at == datetime(2027, 3, 3, 9, 0, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("begin", "hours", "zone", "work", "end"),
    [
        (NOON, ANY_HOUR, "UTC", 30, NOON + timedelta(hours=30)),
        (NOON, NINE_TO_FIVE, "UTC", 5, NOON + timedelta(hours=5)),
        (NOON, NINE_TO_FIVE, "UTC", 6, datetime(2027, 3, 3, 10, 0, tzinfo=UTC)),
        (NOON.replace(hour=20), NINE_TO_FIVE, "UTC", 1, datetime(2027, 3, 3, 10, 0, tzinfo=UTC)),
        (NOON, NINE_TO_FIVE, "America/New_York", 1, datetime(2027, 3, 2, 15, 0, tzinfo=UTC)),
        (NOON, Hours(quiet=Span(time(21), time(8))), "UTC", 10, datetime(2027, 3, 3, 9, 0, tzinfo=UTC)),
        # The clocks go forward on 28 March: the day has an hour less, the window has not.
        (
            datetime(2027, 3, 27, 15, 0, tzinfo=UTC), NINE_TO_FIVE, "Europe/Berlin", 2,
            datetime(2027, 3, 28, 8, 0, tzinfo=UTC),
        ),
        (NOON, Hours(window=Span(time(9), time(9, 1))), "UTC", 24 * 300, None),
    ],
)  # fmt: skip
def test_work_that_goes_on_in_hours_only(
    begin: datetime, hours: Hours, zone: str, work: int, end: datetime | None
) -> None:
    assert finish(begin, timedelta(hours=work), hours, zone) == end

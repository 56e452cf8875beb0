"""Quiet hours and daily windows: the next allowed moment on any clock, and bad input by field."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from channels.domain.hours import Hours, clean_hours, read_hours

QUIET = {"quiet": {"from": "21:00", "until": "08:00"}}
WINDOW = {"window": {"from": "09:00", "until": "17:00"}}
NOON_BREAK = {"quiet": {"from": "12:00", "until": "13:30"}}

TABLE = {
    "awake": (QUIET, "2026-03-02T12:00Z", "UTC", "2026-03-02T12:00Z"),
    "the last minute": (QUIET, "2026-03-02T20:59:59Z", "UTC", "2026-03-02T20:59:59Z"),
    "it begins": (QUIET, "2026-03-02T21:00Z", "UTC", "2026-03-03T08:00Z"),
    "past midnight": (QUIET, "2026-03-02T03:00Z", "UTC", "2026-03-02T08:00Z"),
    "it ends": (QUIET, "2026-03-02T08:00Z", "UTC", "2026-03-02T08:00Z"),
    "the person's own clock": (QUIET, "2026-03-02T12:00Z", "Asia/Tokyo", "2026-03-02T23:00Z"),
    "half an hour's zone": (QUIET, "2026-03-02T00:00Z", "Asia/Kolkata", "2026-03-02T02:30Z"),
    "without a zone the workspace's": (QUIET, "2026-03-02T06:30Z", "", "2026-03-02T07:00Z"),
    "a zone that nobody knows": (QUIET, "2026-03-02T06:30Z", "Mars/Olympus", "2026-03-02T07:00Z"),
    "within a day": (NOON_BREAK, "2026-03-02T12:10Z", "UTC", "2026-03-02T13:30Z"),
    "a window, too early": (WINDOW, "2026-03-02T03:00Z", "UTC", "2026-03-02T08:00Z"),
    "a window, too late": (WINDOW, "2026-03-02T16:00Z", "UTC", "2026-03-03T08:00Z"),
    "both: the window opens, the person sleeps on": (
        QUIET | WINDOW, "2026-03-02T06:00Z", "America/New_York", "2026-03-02T13:00Z",
    ),
    "both: by the time they are up it has closed": (QUIET | WINDOW, "2026-03-02T07:00Z", "Pacific/Honolulu", None),
    "the clock goes forward": (
        {"quiet": {"from": "01:00", "until": "02:30"}}, "2026-03-29T00:30Z", "Europe/Berlin", "2026-03-29T01:30Z",
    ),
    "the end does not exist that night": (
        {"quiet": {"from": "00:00", "until": "02:30"}}, "2026-03-29T00:10Z", "Europe/Berlin", "2026-03-29T01:30Z",
    ),
    "the end comes twice that night": (
        {"quiet": {"from": "00:00", "until": "02:30"}}, "2026-10-25T00:10Z", "Europe/Berlin", "2026-10-25T00:30Z",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_the_next_allowed_moment(name: str) -> None:
    stored, now, zone, wanted = TABLE[name]
    cleaned, problems = clean_hours(stored)
    assert not problems
    found = read_hours(cleaned).next_allowed(datetime.fromisoformat(now), zone, "Europe/Berlin")
    assert found == (datetime.fromisoformat(wanted) if wanted else None)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia"])
def test_what_is_answered_is_allowed_at_every_hour_of_the_year(zone: str) -> None:
    hours = read_hours(QUIET)
    for step in range(0, 365 * 24, 5):
        now = datetime.fromtimestamp(1767225600 + step * 3600 + 660, UTC)
        found = hours.next_allowed(now, zone, "UTC")
        assert found and found >= now and hours.next_allowed(found, zone, "UTC") == found


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ([], "hours"), ("x", "hours"), ({"noisy": {}}, "hours.noisy"), ({"quiet": {"from": "21:00"}}, "hours.quiet"),
        ({"quiet": {"from": "21:00", "until": "25:00"}}, "hours.quiet"), ({"quiet": [1]}, "hours.quiet"),
        ({"quiet": {"from": 21, "until": 8}}, "hours.quiet"),
        ({"quiet": {"from": "²1:00", "until": "08:00"}}, "hours.quiet"),
        ({"window": {"from": "08:00", "until": "08:00"}}, "hours.window"),
        ({"window": {"from": "08:00", "until": "08:00Z"}}, "hours.window"),
        (QUIET | {"window": {"from": "22:00", "until": "23:00"}}, "hours.window"),
    ],
)  # fmt: skip
def test_bad_hours_are_refused_by_field(given: Any, field: str) -> None:
    cleaned, problems = clean_hours(given)
    assert list(problems) == [field] and cleaned == {}


def test_nothing_is_any_time() -> None:
    for nothing in (None, {}, {"quiet": None, "window": {}}):
        assert clean_hours(nothing) == ({}, {})
    assert not Hours() and read_hours({}) == Hours()

"""The six-month rule and lateness: dates only, no database."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from campaigns.domain.schedule import add_months, archive_due_at, from_wall_clock, lateness


def at(written: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("last_active", "archived", "why"),
    [
        ("2024-03-10", "2024-09-10", "seed 004: completed"),
        ("2025-01-15", "2025-07-15", "seed 004: stopped"),
        ("2024-12-01", "2025-06-01", "seed 004: draft created"),
        ("2025-08-31", "2026-02-28", "clamped to the month's end"),
        ("2023-08-31", "2024-02-29", "clamped, in a leap year"),
        ("2024-02-29", "2024-08-29", "from a leap day"),
        ("2025-10-31", "2026-04-30", "a month of 30 days"),
    ],
)
@pytest.mark.parametrize(
    "zone", ["UTC", "Europe/Istanbul", "America/New_York", "Pacific/Kiritimati", "Asia/Kolkata"]
)
@pytest.mark.parametrize("hour", ["00:00", "12:00", "23:59:59.999999"])
def test_six_calendar_months_in_the_workspaces_zone(last_active, archived, why, zone, hour):
    expected = at(f"{archived} {hour}", zone)
    assert archive_due_at(at(f"{last_active} {hour}", zone), zone) == expected, why


def test_the_zone_decides_the_date():
    """31 Aug 22:30 UTC is 1 Sep in Istanbul: the rule counts from there."""
    moment = at("2025-08-31 22:30")
    assert archive_due_at(moment, "UTC") == at("2026-02-28 22:30")
    assert archive_due_at(moment, "Europe/Istanbul") == at("2026-03-01 01:30", "Europe/Istanbul")


def test_summer_time_keeps_the_wall_clock():
    """Six months across a change of clocks: 09:00 stays 09:00, whatever that is in UTC."""
    assert archive_due_at(at("2025-01-15 09:00", "Europe/Berlin"), "Europe/Berlin") == at("2025-07-15 07:00")
    assert archive_due_at(at("2025-07-15 09:00", "Europe/Berlin"), "Europe/Berlin") == at("2026-01-15 08:00")


def test_a_time_that_the_clocks_skip_moves_on_by_the_gap():
    """29 Mar 2026 02:30 does not exist in Berlin."""
    assert archive_due_at(at("2025-09-29 02:30", "Europe/Berlin"), "Europe/Berlin") == at("2026-03-29 01:30")
    assert from_wall_clock(datetime(2026, 3, 29, 2, 30), "Europe/Berlin") == at(
        "2026-03-29 03:30", "Europe/Berlin"
    )


def test_a_time_shown_twice_is_the_first_of_the_two():
    """26 Oct 2025 02:30 comes twice in Berlin: 00:30 and 01:30 UTC."""
    assert archive_due_at(at("2025-04-26 02:30", "Europe/Berlin"), "Europe/Berlin") == at("2025-10-26 00:30")


def test_the_second_of_two_equal_times_counts_like_the_first():
    second = datetime(2025, 10, 26, 1, 30, tzinfo=UTC)
    assert archive_due_at(second, "Europe/Berlin") == at("2026-04-26 02:30", "Europe/Berlin")


def test_months_are_counted_from_the_anchor_and_never_drift():
    start = at("2026-01-31 10:00")
    days = [add_months(start, months, "UTC").day for months in range(12)]
    assert days == [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]


def test_a_day_that_a_country_skipped():
    """Samoa had no 30 December 2011; the clocks skipped the whole of it."""
    assert archive_due_at(at("2011-06-30 12:00", "Pacific/Apia"), "Pacific/Apia") == at("2011-12-30 22:00")


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="without a zone"):
        archive_due_at(datetime(2026, 1, 1), "UTC")


@pytest.mark.parametrize(
    ("behind", "expected"),
    [
        (timedelta(microseconds=-1), "early"),
        (timedelta(0), "on_time"),
        (timedelta(seconds=60), "on_time"),
        (timedelta(seconds=61), "late"),
        (timedelta(hours=24), "late"),
        (timedelta(hours=24, microseconds=1), "ask"),
        (timedelta(days=90), "ask"),
    ],
)
def test_lateness(behind, expected):
    start = at("2026-03-02 09:00")
    assert lateness(start, start + behind, timedelta(hours=24)) == expected


def test_no_grace_at_all_asks_for_everything_late():
    start = at("2026-03-02 09:00")
    assert lateness(start, start + timedelta(hours=1), timedelta(0)) == "ask"

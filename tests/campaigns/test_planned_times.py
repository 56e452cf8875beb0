"""Where planned communications find their place: time windows by two clocks, days off, changes of clocks. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from campaigns.domain.planned_times import placed, read_windows, windows_errors

OFFICE = {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "17:00"}
NIGHT = {"from": "22:00", "to": "02:00"}
#: A Wednesday, noon in UTC.
NOW = datetime(2026, 3, 25, 12, tzinfo=UTC)


def place(at=None, until=None, windows=(OFFICE,), person="UTC", campaign="UTC", now=NOW):
    return placed(at, until, read_windows(windows), person, campaign, now)


def utc(day, hour, minute=0, month=3):
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("values", "due", "expires"),
    [
        ({}, NOW, None),
        ({"at": utc(26, 10)}, utc(26, 10), utc(26, 17)),
        ({"at": utc(26, 20)}, utc(27, 9), utc(27, 17)),
        ({"at": utc(28, 10)}, utc(30, 9), utc(30, 17)),
        ({"at": utc(25, 10)}, NOW, utc(25, 17)),
        ({"at": utc(26, 10), "until": utc(26, 11)}, utc(26, 10), utc(26, 11)),
        ({"at": utc(26, 10), "windows": ()}, utc(26, 10), None),
        ({"at": utc(25, 23), "windows": (OFFICE, NIGHT)}, utc(25, 23), utc(26, 2)),
    ],
    ids=[
        "now is open",
        "its window",
        "after hours",
        "the weekend",
        "missed but open",
        "until",
        "no window",
        "at night",
    ],
)
def test_it_goes_out_in_the_window_it_falls_into_or_the_next(values, due, expires):
    found = place(**values)
    assert (found.due_at, found.expires_at, found.passed) == (due, expires, False)


@pytest.mark.parametrize(
    "values",
    [{"at": utc(24, 10)}, {"until": utc(25, 11)}, {"at": utc(26, 20), "until": utc(27, 8)}],
    ids=["its window was yesterday", "until has come", "until comes before the window"],
)
def test_what_is_over_already_has_passed(values):
    assert place(**values).passed


def test_what_has_no_certain_time_waits_for_a_window_and_never_expires():
    found = place(now=utc(28, 12))
    assert (found.due_at, found.expires_at, found.window_ends) == (utc(30, 9), None, utc(30, 17))


@pytest.mark.parametrize(
    ("whose", "due"), [("person", utc(26, 13)), ("campaign", utc(26, 6))], ids=["New York", "Istanbul"]
)
def test_a_window_is_by_the_contacts_clock_or_by_the_campaigns(whose, due):
    window = OFFICE | {"timezone": whose}
    found = place(at=utc(26, 1), windows=(window,), person="America/New_York", campaign="Europe/Istanbul")
    assert found.due_at == due


def test_a_contact_without_a_zone_or_with_one_that_is_not_there_has_the_campaigns():
    for zone in ("", "Nowhere/Land"):
        assert place(at=utc(26, 1), person=zone, campaign="Europe/Istanbul").due_at == utc(26, 6)


@pytest.mark.parametrize(
    ("day", "begins", "due", "ends"),
    [
        # Berlin, 29 March 2026: at 2:00 the clock shows 3:00.
        (utc(28, 23), "09:00", utc(29, 7), utc(29, 15)),
        (utc(28, 23), "02:30", utc(29, 1, 30), utc(29, 15)),
        # 25 October 2026: at 3:00 the clock shows 2:00 again; the first of the two is meant.
        (utc(24, 22, month=10), "02:30", utc(25, 0, 30, month=10), utc(25, 16, month=10)),
        (utc(24, 22, month=10), "09:00", utc(25, 8, month=10), utc(25, 16, month=10)),
    ],
    ids=["spring", "a time that is skipped", "a time that comes twice", "autumn"],
)
def test_windows_keep_to_the_clock_when_it_changes(day, begins, due, ends):
    window = {"from": begins, "to": "17:00"}
    found = place(at=day, windows=(window,), person="Europe/Berlin", now=day)
    assert (found.due_at, found.expires_at) == (due, ends)


def test_every_moment_of_a_year_finds_a_place_inside_of_a_window():
    windows = read_windows((OFFICE,))
    for step in range(0, 365 * 24, 7):
        at = NOW + timedelta(hours=step)
        found = placed(at, None, windows, "America/New_York", "UTC", NOW)
        assert found.expires_at is not None and found.expires_at > found.due_at >= at


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("x", "windows"),
        ([1], "windows.0"),
        ([OFFICE, OFFICE | {"days": ["someday"]}], "windows.1.days"),
        ([OFFICE | {"from": "9"}], "windows.0.from"),
        ([OFFICE | {"timezone": "Mars"}], "windows.0.timezone"),
        ([OFFICE | {"at": "x"}], "windows.0.at"),
        ([OFFICE] * 21, "windows"),
    ],
)
def test_what_is_wrong_with_windows_is_said_by_path(given, path):
    assert list(windows_errors(given)) == [path]

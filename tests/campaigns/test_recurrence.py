"""Recurring deliveries: which times a rule names, what changes of clocks do to them, and which rules are refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.domain.recurrence import Occurrence, next_occurrence, occurrences
from campaigns.domain.recurrence_rules import rule_problem
from campaigns.domain.recurrence_words import in_words

BERLIN = "Europe/Berlin"
MINUTE = timedelta(minutes=1)
Changes = tuple[datetime, ...]


def recurring(rule: str, start: datetime, zone: str) -> dict[str, str]:
    """A delivery whose first run is when the clocks of the zone show ``start``."""
    local = start.replace(tzinfo=ZoneInfo(zone))
    return {"type": "recurring", "rrule": rule, "starts_at": local.isoformat()}


def stated(found: list[Occurrence]) -> list[str]:
    return [occurrence.stated for occurrence in found]


def offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    shift = moment.astimezone(zone).utcoffset()
    assert shift is not None
    return shift


@cache
def zones_by_behaviour() -> dict[tuple[timedelta, tuple[tuple[datetime, timedelta], ...]], list[str]]:
    """All zones, grouped by what their clocks do in 2026 to 2028: one of each group stands for the others."""
    groups: dict[tuple[timedelta, tuple[tuple[datetime, timedelta], ...]], list[str]] = {}
    first = datetime(2026, 1, 1, tzinfo=UTC)
    days = [first + timedelta(days=number) for number in range(3 * 366)]
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        changes = tuple(
            (moment, offset(moment, zone))
            for before, after in pairwise(days)
            if offset(before, zone) != offset(after, zone)
            for moment in [change_between(before, after, zone)]
        )
        groups.setdefault((offset(first, zone), changes), []).append(name)
    return groups


def change_between(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The first minute with the new offset."""
    old = offset(before, zone)
    while after - before > MINUTE:
        middle = before + (after - before) // MINUTE // 2 * MINUTE
        before, after = (middle, after) if offset(middle, zone) == old else (before, middle)
    return after


CASES = [
    pytest.param(zones[0], moment, id=f"{zones[0]} {moment:%Y-%m-%d %H:%M}")
    for (_, changes), zones in zones_by_behaviour().items()
    for moment, _ in changes
]


def expected(local: datetime, zone: ZoneInfo, change: datetime) -> tuple[datetime, bool]:
    """By looking at the clocks: the first moment that shows ``local``; where none does, it is moved on by the gap."""
    before, after = offset(change - MINUTE, zone), offset(change, zone)
    moments = sorted((local - shift).replace(tzinfo=UTC) for shift in (before, after))
    for moment in moments:
        if moment.astimezone(zone).replace(tzinfo=None, fold=0) == local:
            return moment, True
    return (local - before).replace(tzinfo=UTC), False


def test_all_zones_are_covered() -> None:
    names = [name for zones in zones_by_behaviour().values() for name in zones]
    assert len(names) == len(available_timezones()) > 400
    assert len(CASES) > 60


@pytest.mark.parametrize(("name", "change"), CASES)
def test_a_daily_time_has_one_run_each_day_across_a_change_of_clocks(name: str, change: datetime) -> None:
    """At times around the change, on the day before, of and after it: exactly one run a day, at the stated time."""
    zone = ZoneInfo(name)
    shown = change.astimezone(zone).replace(tzinfo=None, fold=0)
    shifts = (offset(change - MINUTE, zone), offset(change, zone))
    for minutes in (-60, -30, -1, 0, 15, 30, 59, 60, 90):
        on_the_day = shown + minutes * MINUTE
        start = on_the_day - timedelta(days=3)
        for rule in ("FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU"):
            found = occurrences(recurring(rule, start, name), name, count=7)
            assert [run.local for run in found] == [start + timedelta(days=day) for day in range(7)]
            assert len({run.at for run in found}) == 7
            there = found[3]
            at, exists = expected(on_the_day, zone, change)
            assert there.at == at
            assert there.moved is not exists
            twice = exists and len({moment_of(on_the_day, shift, zone) for shift in shifts} - {None}) == 2
            assert ("comes twice" in there.note) == twice
            assert ("there is no" in there.note) == (not exists)
            assert not any(run.note for run in (found[1], found[5]))


def moment_of(local: datetime, shift: timedelta, zone: ZoneInfo) -> datetime | None:
    """The moment at which the clocks, so far from UTC, show ``local``, if they do."""
    moment = (local - shift).replace(tzinfo=UTC)
    return moment if moment.astimezone(zone).replace(tzinfo=None, fold=0) == local else None


@pytest.mark.parametrize(("name", "change"), CASES)
def test_an_hourly_rule_has_each_hour_of_the_clocks_once(name: str, change: datetime) -> None:
    zone = ZoneInfo(name)
    start = (change.astimezone(zone).replace(tzinfo=None, fold=0) - timedelta(hours=8)).replace(minute=0)
    found = occurrences(recurring("FREQ=HOURLY", start, name), name, count=16)
    assert [run.at for run in found] == sorted({run.at for run in found})
    hours = [run.local for run in found]
    assert hours == sorted(set(hours))
    for run in found:
        at, exists = expected(run.local, zone, change)
        assert run.at == at
        assert run.moved is not exists
    # Every hour that the clocks show has its run; one that they skip has it where the gap ends.
    wanted = {expected(start + timedelta(hours=number), zone, change)[0] for number in range(15)}
    assert wanted <= {run.at for run in found}


def test_a_time_that_the_clocks_skip_moves_on_by_the_gap() -> None:
    found = occurrences(recurring("FREQ=DAILY", datetime(2027, 3, 27, 2, 30), BERLIN), BERLIN, count=3)
    assert [run.at.isoformat() for run in found] == [
        "2027-03-27T01:30:00+00:00", "2027-03-28T01:30:00+00:00", "2027-03-29T00:30:00+00:00",
    ]  # fmt: skip
    assert found[1].note == ("The clocks are put forward: there is no 02:30 that day, so it runs at 03:30.")


def test_a_time_that_the_clocks_show_twice_is_the_first() -> None:
    found = occurrences(recurring("FREQ=DAILY", datetime(2027, 10, 30, 2, 30), BERLIN), BERLIN, count=2)
    assert found[1].at.isoformat() == "2027-10-31T00:30:00+00:00"
    assert found[1].note == "The clocks are put back: 02:30 comes twice, and it runs at the first."


def test_what_is_set_for_the_second_of_two_equal_times_never_runs_early() -> None:
    delivery = {"type": "recurring", "rrule": "FREQ=DAILY", "starts_at": "2027-10-31T02:30:00+01:00"}
    first, second = occurrences(delivery, BERLIN, count=2)
    assert first.at == datetime(2027, 10, 31, 1, 30, tzinfo=UTC)
    assert "second" in first.note
    assert second.at == datetime(2027, 11, 1, 1, 30, tzinfo=UTC)


def test_two_times_that_fall_together_are_one_run() -> None:
    delivery = recurring("FREQ=MINUTELY;INTERVAL=30", datetime(2027, 3, 28, 1, 0), BERLIN)
    found = occurrences(delivery, BERLIN, count=5)
    assert stated(found) == [f"2027-03-28 {time}" for time in ("01:00", "01:30", "03:00", "03:30", "04:00")]
    assert "there is no 02:00 that day; it falls together with 03:00" in found[2].note


def test_monthly_on_the_31st_never_drifts() -> None:
    delivery = recurring("FREQ=MONTHLY", datetime(2027, 1, 31, 9), BERLIN)
    found = occurrences(delivery, BERLIN, count=28)
    assert {run.local.day for run in found} == {31}
    assert [run.local.month for run in found[:7]] == [1, 3, 5, 7, 8, 10, 12]
    assert in_words(delivery, BERLIN).endswith("months without a day 31 are left out")


def test_the_last_day_of_the_month_is_every_months_last_day() -> None:
    delivery = recurring("FREQ=MONTHLY;BYMONTHDAY=-1", datetime(2027, 1, 31, 9), BERLIN)
    days = [(run.local + timedelta(days=1)).day for run in occurrences(delivery, BERLIN, count=26)]
    assert days == [1] * 26


def test_a_rule_goes_on_from_any_moment_as_if_it_had_been_walked() -> None:
    for rule in ("FREQ=MINUTELY;INTERVAL=45", "FREQ=HOURLY;INTERVAL=7", "FREQ=DAILY;INTERVAL=3",
                 "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH", "FREQ=MONTHLY;BYDAY=-1FR", "FREQ=DAILY;COUNT=300"):  # fmt: skip
        delivery = recurring(rule, datetime(2026, 3, 1, 2, 30), BERLIN)
        whole = occurrences(delivery, BERLIN, count=300)
        for index in (0, 3, 100, 200):
            if index + 1 < len(whole):
                assert next_occurrence(delivery, BERLIN, whole[index].at) == whole[index + 1], rule


@given(
    rule=st.sampled_from(
        ["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=SU,WE", "FREQ=HOURLY;INTERVAL=5", "FREQ=MONTHLY;BYMONTHDAY=29,-1"]
    ),
    start=st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31)).map(
        lambda moment: moment.replace(second=0, microsecond=0, fold=0)
    ),
    zone=st.sampled_from([BERLIN, "Australia/Lord_Howe", "America/St_Johns", "Africa/Casablanca", "UTC"]),
    days=st.integers(0, 900),
)
@settings(max_examples=60)
def test_occurrences_after_a_moment_are_the_rest_of_all(
    rule: str, start: datetime, zone: str, days: int
) -> None:
    delivery = recurring(rule, start, zone)
    after = start.replace(tzinfo=UTC) + timedelta(days=days)
    found = occurrences(delivery, zone, after, count=4)
    assert all(run.at > after for run in found)
    assert [run.at for run in found] == sorted({run.at for run in found})
    again = occurrences(delivery, zone, found[0].at - timedelta(seconds=1), count=4)
    assert again == found


ENDS = [
    ("FREQ=DAILY;COUNT=3", ["01-01", "01-02", "01-03"]),
    ("FREQ=DAILY;UNTIL=20270102", ["01-01", "01-02"]),
    ("FREQ=DAILY;UNTIL=20270102T090000", ["01-01", "01-02"]),
    ("FREQ=DAILY;UNTIL=20270102T075959Z", ["01-01"]),
    ("FREQ=DAILY;UNTIL=20270102T080000Z", ["01-01", "01-02"]),
]


@pytest.mark.parametrize(("rule", "days"), ENDS)
def test_a_rule_ends_after_a_count_or_at_a_time(rule: str, days: list[str]) -> None:
    found = occurrences(recurring(rule, datetime(2027, 1, 1, 9), BERLIN), BERLIN, count=9)
    assert [f"{run.local:%m-%d}" for run in found] == days


REFUSED = [
    ("", "must be a rule of RFC 5545"),
    (7, "must be a rule of RFC 5545"),
    ("FREQ=SECONDLY", "at most once in 15 minutes"),
    ("FREQ=MINUTELY", "more than once in 15 minutes"),
    ("FREQ=MINUTELY;INTERVAL=14", "more than once in 15 minutes"),
    ("FREQ=HOURLY;BYMINUTE=0,5", "more than once in 15 minutes"),
    ("FREQ=DAILY;BYHOUR=0,23;BYMINUTE=0,59", "more than once in 15 minutes"),
    ("FREQ=FORTNIGHTLY", "FREQ must be one of"),
    ("INTERVAL=2", "needs FREQ"),
    ("FREQ=DAILY;INTERVAL=0", "INTERVAL must be a whole number from 1"),
    ("FREQ=DAILY;INTERVAL=1,2", "INTERVAL must be"),
    ("FREQ=DAILY;COUNT=-1", "COUNT must be"),
    ("FREQ=DAILY;COUNT=3;UNTIL=20280101", "not both"),
    ("FREQ=DAILY;FREQ=DAILY", "there twice"),
    ("FREQ=DAILY;BYMONTH=13", "BYMONTH must be"),
    ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY must be"),
    ("FREQ=MONTHLY;BYDAY=9MO", "BYDAY must be"),
    ("FREQ=WEEKLY;BYDAY=2MO", "numbered days"),
    ("FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS chooses"),
    ("FREQ=DAILY;BYSECOND=1", "BYSECOND is not supported"),
    ("FREQ=DAILY;BYEASTER=1", "BYEASTER is not supported"),
    ("FREQ=DAILY;UNTIL=tomorrow", "UNTIL must be"),
    ("FREQ=DAILY;UNTIL=20200101", "ends (UNTIL) before"),
    ("FREQ=DAILY;;COUNT=2", "no part of a rule"),
    ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "never comes"),
    ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "never comes"),
    ("FREQ=HOURLY;INTERVAL=24;BYHOUR=7", "contradicts itself"),
    ("FREQ=DAILY;INTERVAL=7;BYDAY=TU", "never comes"),
    ("X" * 501, "at most 500 characters"),
]


@pytest.mark.parametrize(("rule", "said"), REFUSED)
def test_rules_that_cannot_be_used_say_why(rule: object, said: str) -> None:
    assert said in rule_problem(rule, datetime(2027, 1, 1, 9))


@given(st.text(alphabet="FREQ=DAILYWKMONTHINTERVALBYCU0123456789;,-+Z", max_size=80))
@settings(max_examples=150)
def test_no_text_at_all_breaks_the_reader(text: str) -> None:
    assert isinstance(rule_problem(text, datetime(2027, 1, 1, 9)), str)


WORDS = [
    ("FREQ=DAILY", "Every day at 09:00 (Europe/Berlin)"),
    ("FREQ=DAILY;INTERVAL=3;COUNT=5", "Every 3 days at 09:00 (Europe/Berlin); 5 times"),
    ("FREQ=WEEKLY", "Every week on Sunday at 09:00 (Europe/Berlin)"),
    ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH;UNTIL=20271231",
     "Every 2 weeks on Monday and Thursday at 09:00 (Europe/Berlin); until 2027-12-31"),
    ("FREQ=MONTHLY",
     "Every month on day 31 at 09:00 (Europe/Berlin); months without a day 31 are left out"),
    ("FREQ=MONTHLY;BYMONTHDAY=-1", "Every month on the last day at 09:00 (Europe/Berlin)"),
    ("FREQ=MONTHLY;BYDAY=2TU", "Every month on the second Tuesday at 09:00 (Europe/Berlin)"),
    ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
     "Every month on the last of Monday, Tuesday, Wednesday, Thursday and Friday at 09:00 (Europe/Berlin)"),
    ("FREQ=YEARLY", "Every year on day 31 in January at 09:00 (Europe/Berlin)"),
    ("FREQ=HOURLY;INTERVAL=6", "Every 6 hours from 2027-01-31 09:00 on (Europe/Berlin)"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "words"), WORDS)
def test_a_rule_in_words(rule: str, words: str) -> None:
    assert in_words(recurring(rule, datetime(2027, 1, 31, 9), BERLIN), BERLIN) == words

"""/calendar/: what happens when, in every view and zone, in a constant number of queries."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from campaigns.models import Campaign, Membership, Run, Workspace
from campaigns.services import calendar
from tests.console.calendar_kit import DAILY, NOW, at, on, scheduled
from tests.console.conftest import Browse
from tests.factories import CampaignFactory, in_state


@pytest.fixture(autouse=True)
def _clock() -> Any:
    """The tests live at the factories' time."""
    with time_machine.travel(NOW, tick=False):
        yield


def recurring(
    creator: Membership, status: str = "awaiting_next_run", name: str = "Daily", **more: Any
) -> Campaign:
    """A message that runs every day at nine, UTC, whose next run is a row."""
    made: Campaign = CampaignFactory(kind="message", created_by=creator, name=name)
    delivery = {**DAILY, "starts_at": at(-3, 9).isoformat()}
    values = {"status": status, "delivery": delivery, "started_at": at(-3, 9), **more}
    Campaign.objects.filter(pk=made.pk).update(**values)
    rows = [
        (1, -3, "completed", ""),
        (2, -2, "completed", ""),
        (3, -1, "skipped", "It was pending approval"),
        (4, 1, "planned", ""),
    ]
    for number, days, state, reason in rows:
        Run.objects.create(
            campaign=made, number=number, occurs_at=at(days, 9), local="", status=state, reason=reason
        )
    return made


def shown(page: Client, query: str = "") -> list[tuple[str, str, str]]:
    """(day, word, name) of every entry."""
    response = page.get(f"/calendar/?{query}")
    assert response.status_code == 200
    cells = response.context["cells"]
    return [(c.day.date.isoformat(), i.word, i.campaign.name) for c in cells for i in c.items]


def test_starts_stops_and_runs_stand_on_their_days(page: Client, creator: Membership) -> None:
    scheduled(creator, at(2), "Start")
    stopping = in_state("running", "journey", workspace=creator.workspace, created_by=creator, name="Stop")
    Campaign.objects.filter(pk=stopping.pk).update(stops_at=at(3), started_at=at(-2))
    recurring(creator)
    found = shown(page, f"view=agenda&on={on(-3)}")
    assert {row for row in found if row[2] != "Daily"} == {
        (on(2), "Starts", "Start"),
        (on(3), "Stops", "Stop"),
        (on(-2), "Started", "Stop"),
    }
    runs = [row[:2] for row in found if row[2] == "Daily"]
    assert runs[:6] == [
        (on(-3), "Ran"), (on(-2), "Ran"), (on(-1), "Skipped"), (on(1), "Run"), (on(2), "Later run"), (on(3), "Later run"),
    ]  # fmt: skip
    assert len(runs) == len(set(runs)), "no run twice"
    assert "It was pending approval" in page.get(f"/calendar/?view=agenda&on={on(-3)}").content.decode()


@pytest.mark.parametrize(
    ("status", "mark"),
    [("pending_approval", "waits for approval"), ("rejected", "sent back"), ("draft", "only planned"), ("scheduled", "")],
)  # fmt: skip
def test_what_is_not_sure_is_marked(page: Client, creator: Membership, status: str, mark: str) -> None:
    made = in_state(status, "message", workspace=creator.workspace, created_by=creator, name="Maybe")
    Campaign.objects.filter(pk=made.pk).update(starts_at=at(1))
    response = page.get(f"/calendar/?view=agenda&on={on(0)}")
    (item,) = [item for cell in response.context["cells"] for item in cell.items]
    assert item.mark.startswith(mark) and bool(item.mark) == bool(mark)


def test_runs_of_a_draft_are_not_computed_but_its_first_start_is_there(
    page: Client, creator: Membership
) -> None:
    made = CampaignFactory(kind="message", created_by=creator, name="Plan")
    delivery = {**DAILY, "starts_at": at(1, 9).isoformat()}
    Campaign.objects.filter(pk=made.pk).update(delivery=delivery, starts_at=at(1, 9))
    assert shown(page, f"view=agenda&on={on(0)}") == [(on(1), "Starts", "Plan")]


def test_no_run_after_its_stop(page: Client, creator: Membership) -> None:
    recurring(creator, stops_at=at(3, 0))
    runs = [row[:2] for row in shown(page, f"view=agenda&on={on(0)}")]
    assert runs == [(on(1), "Run"), (on(2), "Later run"), (on(3), "Stops")]


@pytest.mark.parametrize("view", ["month", "week", "agenda", "day"])
def test_every_view_shows_today_and_links_on_and_back(page: Client, creator: Membership, view: str) -> None:
    scheduled(creator, at(0, 23))
    response = page.get(f"/calendar/?view={view}&kind=sms")
    assert [row[2] for row in shown(page, f"view={view}&kind=sms")] == ["Spring"]
    assert sum(cell.is_today for cell in response.context["cells"]) == 1
    for name in ("previous", "next", "today_url"):
        link = response.context[name]
        assert f"view={view}" in link and "kind=sms" in link
        assert page.get(f"/calendar/{link}").status_code == 200


def test_a_month_is_whole_weeks(page: Client) -> None:
    response = page.get("/calendar/?view=month&on=2027-02-15")
    days = [cell.day.date for cell in response.context["cells"]]
    assert (days[0], days[-1], len(days)) == (date(2027, 2, 1), date(2027, 2, 28), 28)
    days = [cell.day.date for cell in page.get("/calendar/?on=2027-05-31").context["cells"]]
    assert (days[0], days[-1], len(days)) == (date(2027, 4, 26), date(2027, 6, 6), 42)
    assert page.get("/calendar/?on=2027-01-31").context["next"].endswith("on=2027-02-01")


@pytest.mark.parametrize("bad", ["x", "2027-02-30", "0001-01-01", "9999-12-31", "2027-13"])
def test_a_day_that_is_none_is_said(page: Client, bad: str) -> None:
    response = page.get(f"/calendar/?on={bad}&view=sideways")
    assert response.status_code == 200 and response.context["problem"]


def test_days_are_those_of_the_workspaces_zone_and_it_is_named(page: Client, creator: Membership) -> None:
    Workspace.objects.filter(pk=creator.workspace_id).update(timezone="Asia/Tokyo")
    scheduled(creator, datetime(2027, 5, 3, 16, tzinfo=UTC))
    response = page.get("/calendar/?view=month&on=2027-05-01")
    assert "Asia/Tokyo" in response.content.decode()
    (item,) = [(c.day.date, i.clock) for c in response.context["cells"] for i in c.items]
    assert item == (date(2027, 5, 4), "01:00")


def test_days_of_23_and_25_hours_hold_what_they_hold(page: Client, creator: Membership) -> None:
    Workspace.objects.filter(pk=creator.workspace_id).update(timezone="Europe/Berlin")
    for hour in (21, 22, 23):
        scheduled(creator, datetime(2030, 10, 26, hour, 30, tzinfo=UTC), f"{hour} UTC")
    scheduled(creator, datetime(2030, 10, 27, 22, 59, tzinfo=UTC), "last minute")
    found = shown(page, "view=week&on=2030-10-27")
    days = {name: day for day, _, name in found}
    assert days == {
        "21 UTC": "2030-10-26", "22 UTC": "2030-10-27", "23 UTC": "2030-10-27", "last minute": "2030-10-27",
    }  # fmt: skip
    assert "Clocks go back 1 hour" in page.get("/calendar/?on=2030-10-27").content.decode()


@pytest.mark.parametrize(
    ("zone", "day", "words"),
    [
        ("Europe/Berlin", date(2027, 3, 28), "Clocks go forward 1 hour"),
        ("Europe/Berlin", date(2027, 10, 31), "Clocks go back 1 hour"),
        ("Europe/Berlin", date(2027, 3, 27), ""),
        ("Australia/Lord_Howe", date(2027, 4, 4), "Clocks go back 30 minutes"),
        ("UTC", date(2027, 3, 28), ""),
    ],
)
def test_the_days_on_which_the_clocks_change(zone: str, day: date, words: str) -> None:
    assert calendar.clock_change(day, ZoneInfo(zone)) == words


def test_a_full_day_says_how_many_more(page: Client, creator: Membership) -> None:
    for number in range(7):
        scheduled(creator, at(1, number + 1), f"Campaign {number}")
    response = page.get(f"/calendar/?view=month&on={on(1)}")
    assert "+ 3 more" in response.content.decode()
    assert len(shown(page, f"view=month&on={on(1)}")) == 4
    assert [row[2] for row in shown(page, f"view=day&on={on(1)}")] == [f"Campaign {n}" for n in range(7)]


def test_filters_as_on_the_list(page: Client, creator: Membership) -> None:
    scheduled(creator, at(1), "Texts")
    scheduled(creator, at(1), "Calls", "voice")
    recurring(creator)
    where = f"view=day&on={on(1)}"
    assert [row[2] for row in shown(page, f"{where}&kind=voice")] == ["Calls"]
    assert [row[2] for row in shown(page, f"{where}&delivery=recurring")] == ["Daily"]
    assert [row[2] for row in shown(page, f"{where}&q=status:scheduled+texts")] == ["Texts"]
    assert shown(page, f"{where}&q=type:pigeon") == []
    panel = page.get(f"/campaigns/filters/?for=calendar&{where}").content.decode()
    assert 'action="/calendar/"' in panel and f'name="on" value="{on(1)}"' in panel


def test_an_empty_calendar_says_what_to_do(page: Client) -> None:
    assert "Make a campaign" in page.get("/calendar/").content.decode()
    assert "Clear all filters" in page.get("/calendar/?kind=sms").content.decode()


def test_another_workspaces_campaigns_are_not_there(
    browse: Browse, creator: Membership, stranger: Membership
) -> None:
    made = scheduled(creator, at(1))
    recurring(creator)
    assert shown(browse(stranger), f"view=agenda&on={on(0)}") == []
    assert browse(stranger).get(f"/calendar/{made.pk}/move/").status_code == 404


def test_the_number_of_queries_is_constant(page: Client, creator: Membership) -> None:
    def queries() -> int:
        page.get("/calendar/")
        with CaptureQueriesContext(connection) as captured:
            assert page.get(f"/calendar/?view=month&on={on(1)}").status_code == 200
        return len(captured)

    scheduled(creator, at(1))
    recurring(creator)
    few = queries()
    for number in range(4):
        scheduled(creator, at(number))
        recurring(creator)
    assert queries() == few <= 10


def test_every_part_is_found_by_the_index_of_its_time(creator: Membership) -> None:
    with connection.cursor() as cursor:
        cursor.execute(FILL, {"workspace": creator.workspace_id, "now": NOW})
        cursor.execute(FILL_RUNS)
        cursor.execute(FILL_CHANNELS)
        cursor.execute("ANALYZE campaigns_campaign; ANALYZE campaigns_run; ANALYZE channels_channel")
        visible = Campaign.objects.visible_to(creator)
        for part in calendar.stored_parts(visible, NOW, NOW + timedelta(days=42)):
            sql, values = part.query.sql_with_params()
            cursor.execute(f"EXPLAIN {sql}", values)
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert "Seq Scan" not in plan, f"{sql}\n{plan}"


FILL = """
INSERT INTO campaigns_campaign (workspace_id, kind, name, status, status_reason, status_since, version, created_at,
    updated_at, trigger, frequency, workflow, flows, strategy, timezone, starts_at, stops_at, started_at, stop_mode,
    restart_audience, delivery, enter_cursor, enter_round, event_cursor, approved_hash, sweep, last_active_at)
SELECT %(workspace)s, 'sms', 'Campaign ' || n, 'scheduled', '', at, 1, at, at, '{}', '{}', '[]', '[]', '', 'UTC',
    at, at, at, 'exit', 'current', '{}', 0, 0, 0, '', '', at
FROM generate_series(1, 60000) AS n, LATERAL (SELECT %(now)s::timestamptz + n * interval '6 hours' AS at) AS times
"""
FILL_RUNS = """
INSERT INTO campaigns_run (campaign_id, number, occurs_at, local, note, status, reason, content_hash)
SELECT id, 1, starts_at, '', '', 'planned', '', '' FROM campaigns_campaign
"""
FILL_CHANNELS = """
INSERT INTO channels_channel (campaign_id, kind, position, status, status_reason, content, pauses, enrol_cursor, enrolled,
    sweep, sweep_reason, created_at, sends_at)
SELECT id, kind, 0, 'ready', '', '{}', 0, 0, false, '', '', created_at, starts_at FROM campaigns_campaign
"""

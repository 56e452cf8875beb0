"""The six-month rule as `manage.py tick --now` shows it, on campaigns that have walked to where they rest."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command

from campaigns.domain.lifecycles import BY_KIND
from campaigns.domain.states import RESTING
from campaigns.models import Activity, Campaign
from campaigns.services import actions
from campaigns.services.actors import Actor
from tests import factories

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)
NOON = 12
#: Seed 004, Archival Behavior, and the two ends of February (lifecycles.md, Six months).
EXAMPLES = [
    pytest.param("sms", "completed", (2024, 3, 10), (2024, 9, 10), id="Diwali 2024 - Push"),
    pytest.param("outreach", "stopped", (2025, 1, 15), (2025, 7, 15), id="Summer Sale - Email"),
    pytest.param("sms", "draft", (2024, 12, 1), (2025, 6, 1), id="Promo Dec 2024"),
    pytest.param("journey", "stopped", (2025, 8, 31), (2026, 2, 28), id="31 Aug"),
    pytest.param("message", "completed", (2023, 8, 31), (2024, 2, 29), id="31 Aug before a leap year"),
]
#: Every kind in each of its statuses that rest.
AT_REST = [(kind, status) for kind in BY_KIND for status in RESTING if status in BY_KIND[kind].statuses]
BEGAN = datetime(2025, 8, 31, 9, 0, tzinfo=UTC)
DUE = datetime(2026, 2, 28, 9, 0, tzinfo=UTC)


def tick(now: datetime) -> dict[str, Any]:
    """`manage.py tick --now`; what each duty says that it did."""
    printed = io.StringIO()
    call_command("tick", now=now.isoformat(), stdout=printed)
    return json.loads(printed.getvalue())


def status_of(campaign: Campaign) -> str:
    return Campaign.objects.values_list("status", flat=True).get(pk=campaign.pk)


def assert_archived_exactly(campaign: Campaign, moment: datetime) -> None:
    """A second before ``moment`` nothing happens to it; at ``moment`` it is archived, and the log says so once."""
    before, version = campaign.status, campaign.version
    assert tick(moment - SECOND)["archive_old"] == {"archived": 0}
    assert (status_of(campaign), Campaign.objects.get(pk=campaign.pk).version) == (before, version)
    assert tick(moment)["archive_old"] == {"archived": 1}
    archived = Campaign.objects.get(pk=campaign.pk)
    assert (archived.status, archived.status_since, archived.version) == ("archived", moment, version + 1)
    assert tick(moment)["archive_old"] == {"archived": 0}
    row = Activity.objects.get(campaign=campaign, to_status="archived")
    assert (row.action, row.from_status, row.at, row.via) == ("auto_archive", before, moment, "beat")
    assert row.actor is None and "six months" in row.reason


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Pacific/Kiritimati"])
@pytest.mark.parametrize(("kind", "status", "last_active", "archived"), EXAMPLES)
def test_the_examples(
    kind: str, status: str, last_active: tuple[int, int, int], archived: tuple[int, int, int], zone: str
) -> None:
    """At the same time of day on the workspace's clocks, whatever summer time did to UTC in between."""
    began, due = (datetime(*date, NOON, tzinfo=ZoneInfo(zone)) for date in (last_active, archived))
    workspace = factories.WorkspaceFactory(timezone=zone)
    campaign = factories.in_state(status, kind, began, workspace=workspace)
    assert campaign.last_active_at == began
    assert_archived_exactly(campaign, due)


def test_the_workspaces_calendar_decides_not_utc() -> None:
    """30 Aug 22:30 UTC is 31 Aug on the clocks of Istanbul; both end on 28 Feb, which begins earlier there."""
    began = datetime(2025, 8, 30, 22, 30, tzinfo=UTC)
    here = factories.in_state("draft", "sms", began, workspace=factories.WorkspaceFactory(timezone="UTC"))
    istanbul = factories.WorkspaceFactory(timezone="Europe/Istanbul")
    there = factories.in_state("draft", "sms", began, workspace=istanbul)
    assert_archived_exactly(there, datetime(2026, 2, 28, 1, 30, tzinfo=ZoneInfo("Europe/Istanbul")))
    assert status_of(here) == "draft"
    assert_archived_exactly(here, datetime(2026, 2, 28, 22, 30, tzinfo=UTC))


@pytest.mark.parametrize(("kind", "status"), AT_REST)
def test_every_kind_in_each_status_that_rests(kind: str, status: str) -> None:
    assert_archived_exactly(factories.in_state(status, kind, BEGAN), DUE)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("sms", "running"),
        ("journey", "stopping"),
        ("journey", "running"),
        ("voice", "errored"),
        ("flow", "errored"),
        ("message", "pending_approval"),
        ("message", "rejected"),
    ],
)
def test_what_does_not_rest_stays(kind: str, status: str) -> None:
    campaign = factories.in_state(status, kind, BEGAN)
    assert tick(DUE + 400 * timedelta(days=1))["archive_old"] == {"archived": 0}
    assert status_of(campaign) != "archived"


def test_an_action_begins_the_six_months_anew() -> None:
    """A draft that somebody renamed or scheduled and took back in May is active in May."""
    campaign = factories.in_state("draft", "sms", BEGAN)
    owner = Actor.member(factories.campaigns.owner_of(campaign))
    touched = BEGAN + timedelta(days=61)  # 31 October
    later = {"starts_at": touched + timedelta(days=2)}
    actions.perform("schedule", campaign.pk, owner, params=later, now=touched)
    campaign = actions.perform("cancel_schedule", campaign.pk, owner, now=touched)
    assert tick(DUE)["archive_old"] == {"archived": 0}
    assert_archived_exactly(campaign, datetime(2026, 4, 30, 9, 0, tzinfo=UTC))


def test_a_start_still_to_come_keeps_a_campaign_alive() -> None:
    """A journey's draft with a start beyond its six months is there to start, and starts."""
    campaign = factories.in_state("draft", "journey", BEGAN)
    owner = Actor.member(factories.campaigns.owner_of(campaign))
    starts_at = DUE + timedelta(days=30)
    actions.perform("schedule", campaign.pk, owner, params={"starts_at": starts_at}, now=BEGAN)
    for moment in (DUE, starts_at - SECOND):
        assert tick(moment)["archive_old"] == {"archived": 0}
    assert tick(starts_at)["start_due"]["started"] == [campaign.pk]
    assert status_of(campaign) == "running"


def test_a_stop_still_to_come_keeps_a_campaign_alive_until_it_has_passed() -> None:
    campaign = factories.in_state("draft", "journey", BEGAN)
    owner = Actor.member(factories.campaigns.owner_of(campaign))
    stops_at = DUE + timedelta(days=30)
    actions.perform("schedule", campaign.pk, owner, params={"stops_at": stops_at}, now=BEGAN)
    assert tick(DUE)["archive_old"] == {"archived": 0}
    assert tick(stops_at)["archive_old"] == {"archived": 0}
    assert tick(stops_at + SECOND)["archive_old"] == {"archived": 1}
    assert status_of(campaign) == "archived"

"""Moving what the calendar shows: through the same service as editing When, refused with the reason where it is locked."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from campaigns.models import Activity, Campaign, Membership, Workspace
from tests.console.calendar_kit import DAILY, NOW, at, on, scheduled
from tests.factories import CampaignFactory, in_state


@pytest.fixture(autouse=True)
def _clock() -> Any:
    """The tests live at the factories' time."""
    with time_machine.travel(NOW, tick=False):
        yield


def move(page: Client, campaign: Campaign, what: str, new: str, **more: Any) -> Any:
    version = Campaign.objects.get(pk=campaign.pk).version
    query = f"what={what}&" + "&".join(f"{name}={value}" for name, value in more.items())
    return page.post(f"/calendar/{campaign.pk}/move/?{query}", {"version": version, "time": new})


def test_a_start_is_moved_and_the_calendar_shows_its_new_day(page: Client, creator: Membership) -> None:
    made = in_state("draft", "voice", workspace=creator.workspace, created_by=creator, name="Calls")
    Campaign.objects.filter(pk=made.pk).update(starts_at=at(1))
    text = page.get(f"/calendar/{made.pk}/move/?what=start&on={on(5)}").content.decode()
    assert f'value="{on(5)}T12:00"' in text
    response = move(page, made, "start", f"{on(5)}T08:30", calendar="view%3Dweek")
    assert response["Location"] == f"/calendar/?view=week&on={on(5)}"
    assert Campaign.objects.get(pk=made.pk).starts_at == at(5, 8) + timedelta(minutes=30)
    row = Activity.objects.filter(campaign_id=made.pk).latest("id")
    assert (row.action, row.actor_id) == ("edit", creator.user_id)


def test_a_stop_is_moved(page: Client, creator: Membership) -> None:
    made = in_state("running", "journey", workspace=creator.workspace, created_by=creator)
    Campaign.objects.filter(pk=made.pk).update(stops_at=at(3))
    assert move(page, made, "stop", f"{on(9)}T12:00").status_code == 302
    assert Campaign.objects.get(pk=made.pk).stops_at == at(9)


def test_a_creators_move_of_a_published_message_is_sent_for_approval(
    page: Client, creator: Membership
) -> None:
    made = in_state("scheduled", "message", workspace=creator.workspace, created_by=creator)
    text = page.get(f"/calendar/{made.pk}/move/?what=start").content.decode()
    assert "Move it and send for approval" in text
    assert move(page, made, "start", f"{on(5)}T08:30").status_code == 302
    assert Campaign.objects.get(pk=made.pk).status == "pending_approval"


def test_one_of_several_dates_is_moved(page: Client, creator: Membership) -> None:
    made = CampaignFactory(kind="message", created_by=creator)
    dates = [at(1).isoformat(), at(2).isoformat()]
    Campaign.objects.filter(pk=made.pk).update(
        delivery={"type": "multiple_dates", "at": dates}, starts_at=at(1)
    )
    response = move(page, made, "run", f"{on(7)}T12:00", at=at(2).isoformat().replace("+", "%2B"))
    assert response.status_code == 302, response.content.decode()
    times = [datetime.fromisoformat(one) for one in Campaign.objects.get(pk=made.pk).delivery["at"]]
    assert times == [at(1), at(7)]


@pytest.mark.parametrize(
    ("kind", "status", "what", "said"),
    [
        ("sms", "running", "stop", "When cannot be edited while"),
        ("message", "running", "start", "When cannot be edited while"),
        ("message", "archived", "start", "When cannot be edited while"),
        ("voice", "draft", "stop", "It has no stop at a set time any more"),
    ],
)
def test_what_cannot_be_moved_says_why(
    page: Client, creator: Membership, kind: str, status: str, what: str, said: str
) -> None:
    made = in_state(status, kind, workspace=creator.workspace, created_by=creator)
    text = page.get(f"/calendar/{made.pk}/move/?what={what}&on={on(5)}").content.decode()
    assert said in text and 'class="btn btn-primary"' not in text
    refused = move(page, made, what, f"{on(5)}T12:00")
    assert refused.status_code == 409 and said in refused.content.decode()


def test_runs_of_a_rule_are_changed_under_when(page: Client, creator: Membership) -> None:
    made = CampaignFactory(kind="message", created_by=creator)
    Campaign.objects.filter(pk=made.pk).update(delivery={**DAILY, "starts_at": at(1).isoformat()})
    refused = move(page, made, "run", f"{on(5)}T12:00", at=at(1).isoformat().replace("+", "%2B"))
    assert refused.status_code == 409 and "follow from a rule" in refused.content.decode()


@pytest.mark.parametrize(
    ("new", "said"),
    [
        ("2027-03-28T02:30", "does not exist on that day in Europe/Berlin"),
        ("soon", "Enter a date and a time"),
        ("", "required"),
        ("2020-01-01T10:00", "has passed already"),
    ],
)
def test_times_that_cannot_be(page: Client, creator: Membership, new: str, said: str) -> None:
    Workspace.objects.filter(pk=creator.workspace_id).update(timezone="Europe/Berlin")
    made = scheduled(creator, at(1), kind="voice")
    refused = move(page, made, "start", new)
    assert refused.status_code == 422 and said in refused.content.decode()
    assert Campaign.objects.get(pk=made.pk).starts_at == at(1)


def test_a_stale_page_is_told_and_may_press_again(page: Client, creator: Membership) -> None:
    made = scheduled(creator, at(1), kind="voice")
    address = f"/calendar/{made.pk}/move/?what=start"
    stale = page.post(address, {"version": 0, "time": f"{on(5)}T12:00"})
    assert stale.status_code == 409 and "changed since you opened it" in stale.content.decode()
    version = Campaign.objects.get(pk=made.pk).version
    assert f'name="version" value="{version}"' in stale.content.decode()
    assert page.get(f"/calendar/{made.pk}/move/?what=sideways").status_code == 404

"""The send schedule of an SMS campaign in the browser, in the calendar and in what happens next; seed 001."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from campaigns.models import Campaign, Membership
from channels.models import Channel
from tests.console.calendar_kit import NOW, at, on, scheduled


@pytest.fixture(autouse=True)
def _clock() -> Any:
    """The tests live at the factories' time."""
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def campaign(creator: Membership) -> Campaign:
    """It starts in two days at noon and has two messages."""
    made = scheduled(creator, at(2))
    first = made.channels.get()
    Channel.objects.create(
        campaign=made,
        kind="sms",
        position=1,
        connection=first.connection,
        content={"body": "See you tomorrow"},
    )
    return Campaign.objects.get(pk=made.pk)


def messages(campaign: Campaign) -> list[Channel]:
    return list(campaign.channels.order_by("position"))


def post(page: Client, campaign: Campaign, *times: str) -> Any:
    fields = {f"sends_{one.pk}": time for one, time in zip(messages(campaign), times, strict=True)}
    return page.post(f"/campaigns/{campaign.pk}/edit/schedule/", {"version": campaign.version, **fields})


def test_the_dropdown_leads_to_a_time_for_each_message(page: Client, campaign: Campaign) -> None:
    url = f"/campaigns/{campaign.pk}/edit/schedule/"
    assert f'href="{url}"' in page.get("/campaigns/").content.decode()
    text = page.get(url).content.decode()
    assert "Message 1 goes out at" in text and "See you tomorrow" in text
    assert post(page, campaign, "", f"{on(3)}T09:30").status_code == 302
    assert [one.sends_at for one in messages(campaign)] == [None, at(3, 9) + timedelta(minutes=30)]
    shown = page.get(f"/campaigns/{campaign.pk}/").content.decode()
    assert "SMS: message 2 goes out." in shown and "Goes out" in shown


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (f"{on(1)}T09:30", "Message 2 cannot go out before the campaign starts"),
        ("soon", "Enter a date and a time"),
    ],
)
def test_what_cannot_be_stands_beside_the_message(
    page: Client, campaign: Campaign, typed: str, said: str
) -> None:
    response = post(page, campaign, "", typed)
    assert response.status_code == 422
    field = f"sends_{messages(campaign)[1].pk}"
    assert said in response.context["form"].errors[field][0]
    assert messages(campaign)[1].sends_at is None


def test_a_stale_page_keeps_what_was_typed(page: Client, campaign: Campaign) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(version=campaign.version + 1)
    response = post(page, campaign, "", f"{on(3)}T09:30")
    assert response.status_code == 409 and f'value="{on(3)}T09:30"' in response.content.decode()


@pytest.mark.parametrize("kind", ["voice", "message", "outreach"])
def test_other_kinds_have_no_such_page(page: Client, in_state: Any, kind: str) -> None:
    made = in_state(kind, "draft")
    assert page.get(f"/campaigns/{made.pk}/edit/schedule/").status_code == 404


def test_once_it_runs_the_page_says_that_it_is_locked(page: Client, in_state: Any) -> None:
    made = in_state("sms", "running")
    response = page.get(f"/campaigns/{made.pk}/edit/schedule/", follow=True)
    assert "cannot be edited while the campaign is Running" in response.content.decode()


def test_the_calendar_shows_each_message_and_moves_it(page: Client, campaign: Campaign) -> None:
    post(page, campaign, "", f"{on(3)}T09:30")
    text = page.get(f"/calendar/?view=agenda&on={on(2)}").content.decode()
    assert "Message" in text and "what=message" in text
    moment = messages(campaign)[1].sends_at
    assert moment is not None
    url = f"/calendar/{campaign.pk}/move/?what=message&at={moment.isoformat().replace('+', '%2B')}"
    version = Campaign.objects.get(pk=campaign.pk).version
    assert page.post(url, {"version": version, "time": f"{on(5)}T10:00"}).status_code == 302
    assert messages(campaign)[1].sends_at == at(5, 10)
    again = page.post(url, {"version": version + 1, "time": f"{on(6)}T10:00"})
    assert again.status_code == 409 and "No message goes out at that time" in again.content.decode()


def test_a_second_message_is_added_under_what(page: Client, in_state: Any) -> None:
    made = in_state("sms", "draft")
    url = f"/campaigns/{made.pk}/edit/what/"
    assert "Add message" in page.get(url).content.decode()
    first = made.channels.get()
    values = {
        "version": made.version, "channels": 1, "steps": 0, "op": "channel:add", "new_kind": "sms", "c0-id": first.pk,
        "c0-kind": "sms", "c0-connection": first.connection_id, "c0-body": "One",
    }  # fmt: skip
    text = page.post(url, values).content.decode()
    assert "SMS: message 2" in text
    both = values | {
        "op": "save",
        "channels": 2,
        "c1-kind": "sms",
        "c1-connection": first.connection_id,
        "c1-body": "Two",
    }
    assert page.post(url, both).status_code == 302
    assert [one.content["body"] for one in messages(made)] == ["One", "Two"]

"""Confirmations: what an action will do in numbers, recomputed at submit; nothing is lost, nothing happens twice."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from campaigns.models import Activity, Campaign, Membership, SegmentMember
from tests.console.conftest import Browse
from tests.factories import CampaignFactory, PersonFactory, in_state

HTMX = {"HX-Request": "true"}


def form_of(client: Client, url: str) -> dict[str, Any]:
    """The confirmation's fields as the page fills them in."""
    form = client.get(url).context["form"]
    return {name: form[name].value() or "" for name in form.fields}


def status(campaign: Campaign) -> str:
    return Campaign.objects.get(pk=campaign.pk).status


@pytest.fixture
def draft(creator: Membership) -> Campaign:
    return CampaignFactory(created_by=creator, kind="journey", people=3, name="Onboarding")


def url_of(campaign: Campaign, action: str) -> str:
    return f"/campaigns/{campaign.pk}/actions/{action}/"


def test_it_states_the_consequences_in_numbers(page: Client, draft: Campaign) -> None:
    response = page.get(url_of(draft, "start"))
    assert b"3 people match now and enter" in response.content
    assert response.context["verb"] == "Start now"


def test_it_acts_and_says_so(page: Client, draft: Campaign) -> None:
    response = page.post(url_of(draft, "start"), form_of(page, url_of(draft, "start")), follow=True)
    assert status(draft) == "running"
    assert "“Onboarding” is Running now." in response.content.decode()
    assert Activity.objects.filter(campaign=draft, action="start", via="browser").count() == 1


def test_in_a_dialog_it_is_a_fragment_and_sends_the_browser_on(page: Client, draft: Campaign) -> None:
    url = url_of(draft, "start")
    fragment = page.get(url, headers=HTMX).content.decode()
    assert "<html" not in fragment
    assert f'hx-post="{url}"' in fragment
    response = page.post(url, form_of(page, url), headers=HTMX)
    assert (response.status_code, response["HX-Redirect"]) == (204, f"/campaigns/{draft.pk}/")


def test_an_audience_that_changed_is_shown_before_anything_happens(page: Client, draft: Campaign) -> None:
    url = url_of(draft, "start")
    data = form_of(page, url)
    person = PersonFactory(workspace=draft.workspace)
    SegmentMember.objects.create(segment=draft.segment, person=person, since=timezone.now())
    response = page.post(url, data)
    assert response.status_code == 409
    text = response.content.decode()
    assert "it has 4 now" in text
    assert "4 people match now" in text
    assert status(draft) == "draft"
    again = {name: response.context["form"][name].value() for name in ("version", "seen")}
    page.post(url, again)
    assert status(draft) == "running"


def test_a_stale_version_is_shown_and_what_was_typed_stays(
    browse: Browse, creator: Membership, approver: Membership
) -> None:
    campaign = in_state("pending_approval", "message", workspace=creator.workspace, created_by=creator)
    client = browse(approver)
    url = url_of(campaign, "reject")
    data = form_of(client, url) | {"comment": "The price is wrong."}
    Campaign.objects.filter(pk=campaign.pk).update(version=campaign.version + 1)
    response = client.post(url, data)
    assert response.status_code == 409
    assert "has changed since you opened it" in response.content.decode()
    assert "The price is wrong." in response.content.decode()
    assert status(campaign) == "pending_approval"


def test_a_stop_with_people_inside_asks_how(page: Client, creator: Membership) -> None:
    campaign = in_state("running", "journey", workspace=creator.workspace, created_by=creator, people=2)
    url = url_of(campaign, "stop")
    text = page.get(url).content.decode()

    assert "2 people are in progress." in text
    assert "Exit immediately" in text
    assert "Finish their journey" in text
    data = form_of(page, url)
    response = page.post(url, data | {"mode": ""})
    assert response.status_code == 422
    assert status(campaign) == "running"
    page.post(url, data | {"mode": "finish"})
    assert status(campaign) == "stopping"


def test_delete_wants_the_name(page: Client, draft: Campaign) -> None:
    url = url_of(draft, "delete")
    data = form_of(page, url)
    assert page.post(url, data | {"name": "Something else"}).status_code == 422
    assert page.get(f"/campaigns/{draft.pk}/").status_code == 200
    response = page.post(url, data | {"name": "Onboarding"})
    assert response["Location"] == "/campaigns/"
    assert page.get(f"/campaigns/{draft.pk}/").status_code == 404


def test_a_copy_opens(page: Client, draft: Campaign) -> None:
    url = url_of(draft, "duplicate")
    response = page.post(url, form_of(page, url))
    copy = Campaign.objects.get(name="[COPY] Onboarding")
    assert response["Location"] == f"/campaigns/{copy.pk}/"
    shown = page.get(response["Location"]).content.decode()
    assert f'<dt>Copy of</dt><dd><a href="/campaigns/{draft.pk}/">Onboarding</a>' in shown
    assert Activity.objects.get(campaign_id=copy.pk, action="create").data["copy_of"] == draft.pk
    Campaign.objects.filter(pk=draft.pk).update(deleted_at=timezone.now())
    assert "Copy of</dt>" not in page.get(response["Location"]).content.decode()


def test_one_person_is_in_progress(page: Client, creator: Membership) -> None:
    campaign = in_state("running", "journey", created_by=creator, people=1)
    assert "1 person is in progress." in page.get(url_of(campaign, "stop")).content.decode()
    assert "The journeys of 1 person end." in page.get(url_of(campaign, "delete")).content.decode()


def test_a_schedule_is_typed_on_the_clocks_of_the_campaigns_zone(page: Client, creator: Membership) -> None:
    campaign = CampaignFactory(created_by=creator, kind="sms", timezone="America/New_York")
    url = url_of(campaign, "schedule")
    assert "America/New_York" in page.get(url).content.decode()
    page.post(url, form_of(page, url) | {"starts_at": "2031-07-01T09:00"})
    campaign.refresh_from_db(fields=["starts_at"])
    assert campaign.starts_at.isoformat() == "2031-07-01T13:00:00+00:00"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("2031-03-09T02:30", "the clocks go forward over it"),
        ("2001-01-01T09:00", "has passed already"),
        ("tomorrow", "Enter a date and a time"),
        ("", ""),
    ],
)
def test_times_that_cannot_be_are_refused_beside_the_field(
    page: Client, creator: Membership, typed: str, said: str
) -> None:
    campaign = CampaignFactory(created_by=creator, kind="sms", timezone="America/New_York")
    url = url_of(campaign, "schedule")
    response = page.post(url, form_of(page, url) | {"starts_at": typed})
    assert response.status_code in (409, 422)
    assert said in response.content.decode()
    assert status(campaign) == "draft"


def test_what_the_guards_forbid_says_why_and_offers_no_button(page: Client, creator: Membership) -> None:
    campaign = CampaignFactory(created_by=creator, kind="sms", channels=[])
    response = page.get(url_of(campaign, "schedule"))
    assert "It has no channel yet" in response.content.decode()
    assert b'<button class="btn btn-primary">' not in response.content
    assert page.post(url_of(campaign, "schedule"), {"starts_at": "2031-07-01T09:00"}).status_code == 409
    assert status(campaign) == "draft"


def test_an_action_that_is_gone_sends_back_with_the_reason(page: Client, draft: Campaign) -> None:
    response = page.get(url_of(draft, "stop"), follow=True)
    assert "has no action" in response.content.decode()
    assert page.get(url_of(draft, "explode")).status_code == 404


def test_a_role_that_may_not_is_told_and_refused(
    browse: Browse, creator: Membership, approver: Membership
) -> None:
    campaign = CampaignFactory(created_by=creator, kind="message")
    client = browse(creator)
    text = client.get(url_of(campaign, "publish")).content.decode()
    assert "Publish needs an approver or admin" in text
    assert client.post(url_of(campaign, "publish"), {"seen": "3"}).status_code == 403
    assert status(campaign) == "draft"


@pytest.mark.parametrize("field", ["version", "seen", "mode"])
def test_nonsense_in_hidden_fields_is_never_an_error(page: Client, draft: Campaign, field: str) -> None:
    url = url_of(draft, "start")
    response = page.post(url, form_of(page, url) | {field: "abc"})
    assert response.status_code in (302, 409, 422)


def test_a_channel_is_started_paused_and_resumed(page: Client, creator: Membership) -> None:
    campaign = CampaignFactory(created_by=creator, kind="outreach")
    channel = campaign.channels.get()
    for action, expected in (
        ("start", "running"),
        ("pause", "paused"),
        ("resume", "running"),
        ("stop", "stopped"),
    ):
        url = f"/campaigns/{campaign.pk}/channels/{channel.pk}/actions/{action}/"
        page.post(url, form_of(page, url))
        channel.refresh_from_db(fields=["pauses"])
        assert campaign.channels.get().status == expected


def test_a_stale_channel_page_changes_nothing(page: Client, creator: Membership) -> None:
    campaign = CampaignFactory(created_by=creator, kind="outreach")
    channel = campaign.channels.get()
    url = f"/campaigns/{campaign.pk}/channels/{channel.pk}/actions/start/"
    response = page.post(url, {"version": campaign.version - 1})
    assert response.status_code == 409
    assert "Nothing has been done yet." in response.content.decode()
    assert campaign.channels.get().status == "ready"

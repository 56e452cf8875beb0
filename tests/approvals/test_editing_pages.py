"""The pages of a section say what becomes of an edit, do it, and say it again; what is discarded can be copied."""

from __future__ import annotations

from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from approvals.models import Policy, Request
from campaigns.models import Campaign, Membership
from campaigns.services.actions import perform
from campaigns.services.actors import Actor
from tests.approvals.asking import edit, open_request
from tests.console.conftest import Browse
from tests.factories import CampaignFactory, in_state


@pytest.fixture
def now() -> datetime:
    """Pages go by the real clock, so these tests do too."""
    return timezone.now()


@pytest.fixture
def clients(browse: Browse, creator: Membership, approver: Membership) -> dict[str, Client]:
    return {"creator": browse(creator), "approver": browse(approver)}


def what_url(campaign: Campaign) -> str:
    return f"/campaigns/{campaign.pk}/edit/what/"


def what(campaign: Campaign, body: str, **more: Any) -> dict[str, Any]:
    """What the page of *What* posts for a campaign of one channel."""
    channel = campaign.channels.get()
    version = Campaign.objects.values_list("version", flat=True).get(pk=campaign.pk)
    return {
        "version": version, "channels": 1, "steps": 0, "c0-id": channel.pk, "c0-kind": channel.kind,
        "c0-connection": channel.connection_id, "c0-subject": "News", "c0-body": body, **more,
    }  # fmt: skip


def text(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, response
    return unescape(response.content.decode())


def status(campaign: Campaign) -> str:
    return Campaign.objects.values_list("status", flat=True).get(pk=campaign.pk)


#: status, role → what is said, the button, the status afterwards, the toast
BECOMES = [
    ("draft", "creator", "", "Save and go on", "draft", "Saved: what."),
    ("scheduled", "creator", "nothing goes out before it is approved", "Save and send for approval", "pending_approval",
     "Sent for approval: what."),
    ("scheduled", "approver", "the campaign goes out with it at its time", "Save and publish", "scheduled",
     "Published: what."),
    ("running", "creator", "what is approved goes on going out until then", "Save and send for approval", "running",
     "Sent for approval: what."),
    ("running", "approver", "messages that go out from then on have it", "Save and publish", "running", "Published: what."),
    ("pending_approval", "creator", "takes the place of what waits", "Save and send for approval", "pending_approval",
     "Sent for approval: what."),
    ("pending_approval", "approver", "the request that waits for approval is then void", "Save and publish", "running",
     "Published: what."),
    ("rejected", "creator", "sent for approval again", "Save and send for approval", "pending_approval",
     "Sent for approval: what."),
]  # fmt: skip


@pytest.mark.parametrize(("state", "role", "said", "button", "becomes", "toast"), BECOMES)
def test_what_becomes_of_an_edit_is_said_and_done(
    clients: dict[str, Client], creator: Membership, now: datetime, state: str, role: str, said: str, button: str,
    becomes: str, toast: str,
) -> None:  # fmt: skip
    campaign = in_state(state, "message", now, workspace=creator.workspace, created_by=creator)
    page = text(clients[role], what_url(campaign))
    assert said in page and button in page
    response = clients[role].post(what_url(campaign), what(campaign, "Quite another text"))
    assert response.status_code == 302, unescape(response.content.decode())
    assert status(campaign) == becomes
    assert toast in text(clients[role], response["Location"])


def test_approvers_who_may_not_publish_their_own_are_told_that_another_one_decides(
    clients: dict[str, Client], creator: Membership, now: datetime
) -> None:
    Policy.objects.filter(workspace=creator.workspace).update(approvers_may_publish=False)
    campaign = CampaignFactory(kind="message", created_by=creator, now=now)
    perform("submit", campaign.pk, Actor.member(creator), now=now)
    page = text(clients["approver"], what_url(campaign))
    assert "Save and send for approval" in page and "Save and publish" not in page


class TestDiscarded:
    """Scheduled, and its time has come while the page was open."""

    @pytest.fixture
    def campaign(self, creator: Membership, now: datetime) -> Campaign:
        before = now - timedelta(days=2)
        return in_state("scheduled", "message", before, workspace=creator.workspace, created_by=creator)

    @pytest.mark.parametrize("role", ["creator", "approver"])
    def test_what_was_typed_comes_back_to_be_copied(
        self, role: str, clients: dict[str, Client], campaign: Campaign
    ) -> None:
        typed = "Dear {{ person.first_name }},\nthis took me all <b>morning</b>."
        response = clients[role].post(what_url(campaign), what(campaign, typed))
        assert response.status_code == 409
        page = unescape(response.content.decode())
        assert "Your edits are discarded" in page
        assert "The scheduled time has passed" in page
        assert typed in page and "readonly" in page and 'data-copy="typed"' in page
        assert status(campaign) == "scheduled"
        assert campaign.channels.get().content["body"] != typed

    def test_the_list_that_was_chosen_is_named(
        self, clients: dict[str, Client], campaign: Campaign, creator: Membership
    ) -> None:
        everyone = creator.workspace.segments.get(kind="everyone")
        data = {"version": campaign.version, "segment": everyone.pk}
        response = clients["creator"].post(f"/campaigns/{campaign.pk}/edit/who/", data)
        assert response.status_code == 409
        assert f"Audience: {everyone.name}" in unescape(response.content.decode())

    def test_opening_the_page_says_so_at_once(self, clients: dict[str, Client], campaign: Campaign) -> None:
        response = clients["creator"].get(what_url(campaign), follow=True)
        assert "The scheduled time has passed" in unescape(response.content.decode())


class TestWaitingEdit:
    """An edit of a live campaign waits beside it."""

    @pytest.fixture
    def campaign(self, creator: Membership, now: datetime) -> Campaign:
        campaign = in_state("running", "message", now, workspace=creator.workspace, created_by=creator)
        edit(campaign, creator, "The new text", now)
        return campaign

    def test_the_command_centre_shows_it(self, clients: dict[str, Client], campaign: Campaign) -> None:
        page = text(clients["creator"], f"/campaigns/{campaign.pk}/")
        assert "An edit waits for approval; what is approved stays as it is until then." in page
        assert f'href="/approvals/{open_request(campaign).pk}/"' in page
        assert f'href="/campaigns/{campaign.pk}/actions/withdraw/"' in page
        assert "actions/withdraw" not in text(clients["approver"], f"/campaigns/{campaign.pk}/")

    def test_editing_again_starts_from_it_and_changes_nothing_by_looking(
        self, clients: dict[str, Client], campaign: Campaign
    ) -> None:
        before = campaign.channels.values().get()
        page = text(clients["creator"], what_url(campaign))
        assert "The new text" in page and "This is the edit that waits for approval" in page
        assert campaign.channels.values().get() == before

    def test_editing_again_asks_again(self, clients: dict[str, Client], campaign: Campaign) -> None:
        first = open_request(campaign)
        clients["creator"].post(what_url(campaign), what(campaign, "A newer text"))
        second = open_request(campaign)
        first.refresh_from_db()
        assert (first.status, second.pk != first.pk) == (Request.VOIDED, True)
        assert "A newer text" in str(second.snapshot)
        assert "A newer text" not in str(campaign.channels.get().content)

    def test_withdrawing_it_leaves_what_is_approved(
        self, clients: dict[str, Client], campaign: Campaign
    ) -> None:
        body = campaign.channels.get().content["body"]
        url = f"/campaigns/{campaign.pk}/actions/withdraw/"
        page = clients["creator"].get(url)
        assert page.status_code == 200
        version = Campaign.objects.values_list("version", flat=True).get(pk=campaign.pk)
        assert clients["creator"].post(url, {"version": version}).status_code == 302
        assert (status(campaign), campaign.channels.get().content["body"]) == ("running", body)
        assert "waits for approval" not in text(clients["creator"], f"/campaigns/{campaign.pk}/")


class TestPastTime:
    """It waits for its first approval, and its time has passed: an approver's edit asks when it goes out."""

    @pytest.fixture
    def campaign(self, creator: Membership, now: datetime) -> Campaign:
        before = now - timedelta(days=1)
        at = (before + timedelta(hours=1)).isoformat()
        campaign = CampaignFactory(
            kind="message", created_by=creator, now=before, delivery={"type": "one_time", "at": at}
        )
        perform("submit", campaign.pk, Actor.member(creator), now=before)
        return campaign

    def test_it_asks_and_goes_out_now(self, clients: dict[str, Client], campaign: Campaign) -> None:
        page = text(clients["approver"], what_url(campaign))
        assert "It was scheduled in the past" in page and "Send it now" in page
        refused = clients["approver"].post(what_url(campaign), what(campaign, "Better"))
        assert refused.status_code == 422
        assert "send it now, or choose a new time" in unescape(refused.content.decode())
        clients["approver"].post(what_url(campaign), what(campaign, "Better", publish="now"))
        assert status(campaign) == "running"

    def test_it_asks_and_goes_out_later(
        self, clients: dict[str, Client], campaign: Campaign, now: datetime
    ) -> None:
        later = (now + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
        given = what(campaign, "Better", publish="at", publish_at=later)
        clients["approver"].post(what_url(campaign), given)
        assert status(campaign) == "scheduled"

    def test_a_creator_just_sends_it_again(self, clients: dict[str, Client], campaign: Campaign) -> None:
        clients["creator"].post(what_url(campaign), what(campaign, "Better"))
        assert status(campaign) == "pending_approval"

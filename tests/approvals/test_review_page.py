"""/approvals/<id>/: what would change is shown, decided on as it was seen, and by nobody who made it."""

from __future__ import annotations

from datetime import datetime, timedelta
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from approvals.models import Policy, Request
from campaigns.models import Membership
from campaigns.services.actions import perform
from campaigns.services.actors import Actor
from campaigns.services.editing import save_edit
from tests.approvals.asking import ask, content, decision, edit, open_request, status
from tests.console.conftest import Browse
from tests.factories import in_state, member


@pytest.fixture
def now() -> datetime:
    """Pages go by the real clock, so these tests do too."""
    return timezone.now()


@pytest.fixture
def desk(browse: Browse, approver: Membership) -> Client:
    """The approver's browser."""
    return browse(approver)


def url(request: Request) -> str:
    return f"/approvals/{request.pk}/"


def text(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return unescape(response.content.decode())


def test_the_first_time_the_whole_of_it_is_shown(desk: Client, creator: Membership, now: datetime) -> None:
    request = ask(creator, now, name="Spring", people=3)
    page = text(desk, url(request))
    for shown in ("Spring", "Hello {{ person.first_name }}", "For whom", "3 people", "0 of 1 approval"):
        assert shown in page
    assert "As approved" not in page, "there is nothing to compare it with"
    assert "<del>" not in page


def test_what_differs_is_marked_word_by_word(desk: Client, creator: Membership, now: datetime) -> None:
    campaign = in_state("running", "message", now, workspace=creator.workspace, created_by=creator)
    edit(campaign, creator, "Goodbye {{ person.first_name }}", now)
    page = text(desk, url(open_request(campaign)))
    assert "<del>Hello</del><span> {{ person.first_name }}</span>" in page
    assert "<ins>Goodbye</ins><span> {{ person.first_name }}</span>" in page
    assert "The same people as approved." in page
    assert "An edit of a live campaign" in page


def test_each_variant_is_shown_as_people_get_it(desk: Client, creator: Membership, now: datetime) -> None:
    campaign = in_state("running", "message", now, workspace=creator.workspace, created_by=creator)
    payload = content(campaign, "Good day")
    payload["channels"][0]["content"]["variants"] = [
        {"name": "short", "weight": 1, "body": "Hi {{ person.external_id }}"},
        {"name": "long", "weight": 1, "subject": "A long one"},
    ]
    save_edit(campaign.pk, Actor.member(creator), payload, None, now)
    page = desk.get(url(open_request(campaign)))
    shown = {pair.title: pair for pair in page.context["pairs"]}
    assert set(shown) == {"Email", "Email, variant short", "Email, variant long"}
    assert shown["Email"].before and shown["Email"].after is None
    assert shown["Email, variant short"].after.body == f"Hi {page.context['person'].external_id}"
    assert shown["Email, variant long"].after.subject == "A long one"


def test_html_mail_is_shown_in_a_frame_that_runs_and_loads_nothing(
    desk: Client, creator: Membership, now: datetime
) -> None:
    campaign = in_state("running", "message", now, workspace=creator.workspace, created_by=creator)
    edit(campaign, creator, "<html><body><script>alert(1)</script>Hello</body></html>", now)
    response = desk.get(url(open_request(campaign)))
    page = response.content.decode()
    assert '<iframe class="preview-frame" sandbox=""' in page
    assert "<script>alert" not in page
    assert "img-src 'self' data:" in response["Content-Security-Policy"]


def test_an_approval_lets_it_go_out(desk: Client, creator: Membership, now: datetime) -> None:
    request = ask(creator, now)
    response = desk.post(url(request), decision(request, comment="Well done."))
    assert response["Location"] == "/approvals/"
    request.refresh_from_db()
    assert (request.status, status(request)) == ("approved", "running")
    assert request.decisions.get().comment == "Well done."


def test_a_rejection_needs_a_comment_and_the_creator_reads_it(
    desk: Client, browse: Browse, creator: Membership, now: datetime
) -> None:
    request = ask(creator, now)
    response = desk.post(url(request), decision(request, "reject", comment="  "))
    assert response.status_code == 422
    assert "a rejection needs a comment" in response.content.decode()
    assert status(request) == "pending_approval"
    desk.post(url(request), decision(request, "reject", comment="The link is dead."))
    assert status(request) == "rejected"
    assert "The link is dead." in text(browse(creator), url(request))


def test_whoever_asked_withdraws_it_there(browse: Browse, creator: Membership, now: datetime) -> None:
    request = ask(creator, now)
    client = browse(creator)
    page = text(client, url(request))
    assert 'value="withdraw"' in page
    response = client.post(url(request), decision(request, "withdraw"))
    assert response["Location"] == f"/campaigns/{request.campaign_id}/"
    assert status(request) == "draft"


def test_what_has_changed_since_is_refused_and_shown(
    desk: Client, creator: Membership, now: datetime
) -> None:
    request = ask(creator, now)
    seen = decision(request)
    edit(request.campaign, creator, "Something else", now)
    response = desk.post(url(request), seen)
    assert response.status_code == 409
    page = unescape(response.content.decode())
    assert "This version has been changed since it was asked about." in page
    assert "<ins>Something else</ins>" in page
    newest = open_request(request.campaign)
    assert f'href="/approvals/{newest.pk}/"' in page
    assert status(request) == "pending_approval"


def test_another_version_than_the_one_seen_is_never_approved(
    desk: Client, creator: Membership, now: datetime
) -> None:
    request = ask(creator, now)
    response = desk.post(url(request), decision(request) | {"content_hash": "0" * 64})
    assert response.status_code == 409
    assert status(request) == "pending_approval"
    response = desk.post(url(request), decision(request) | {"version": 1})
    assert response.status_code == 409
    assert status(request) == "pending_approval"


@pytest.mark.parametrize("role", ["approver", "admin"])
def test_ones_own_shows_the_buttons_disabled_with_the_reason(
    role: str, browse: Browse, creator: Membership, now: datetime
) -> None:
    own = member(role, creator.workspace)
    campaign = ask(creator, now).campaign
    perform("withdraw", campaign.pk, Actor.member(creator), now=now)
    edit(campaign, own, "Better", now)
    perform("submit", campaign.pk, Actor.member(creator), now=now)
    request = open_request(campaign)
    page = text(browse(own), url(request))
    assert "Nobody approves what they made or edited themselves" in page
    assert 'value="approve" disabled' in page and 'value="reject" disabled' in page
    response = browse(own).post(url(request), decision(request))
    assert response.status_code in (403, 409)
    assert status(request) == "pending_approval"


def test_several_approvers_have_to_agree(
    desk: Client, browse: Browse, creator: Membership, now: datetime
) -> None:
    Policy.objects.filter(workspace=creator.workspace).update(approvers_needed=2)
    request = ask(creator, now)
    desk.post(url(request), decision(request, comment="Fine by me."))
    assert status(request) == "pending_approval"
    page = text(desk, url(request))
    assert "1 of 2 approvals" in page and "Fine by me." in page
    again = desk.post(url(request), decision(request))
    assert again.status_code == 409, "one person is not two"
    browse(member("admin", creator.workspace)).post(url(request), decision(request))
    assert status(request) == "running"


def test_a_time_that_has_passed_asks_for_another_or_for_now(
    desk: Client, creator: Membership, now: datetime
) -> None:
    before = now - timedelta(days=1)
    starts = (before + timedelta(hours=1)).isoformat()
    request = ask(creator, before, delivery={"type": "one_time", "at": starts})
    assert "Approving it needs a new time" in text(desk, url(request))
    response = desk.post(url(request), decision(request))
    assert response.status_code == 422
    assert status(request) == "pending_approval"
    later = (now + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    desk.post(url(request), decision(request, starts_at=later))
    assert status(request) == "scheduled"
    second = ask(creator, before, delivery={"type": "one_time", "at": starts})
    desk.post(url(second), decision(second, start_now="on"))
    assert status(second) == "running"


def test_a_first_run_that_has_passed_is_run_now_or_left_out(
    desk: Client, creator: Membership, now: datetime
) -> None:
    before = now - timedelta(days=3)
    daily = {
        "type": "recurring",
        "rrule": "FREQ=DAILY",
        "starts_at": (before + timedelta(hours=1)).isoformat(),
    }
    request = ask(creator, before, delivery=daily)
    assert "Approving it needs a new time" in text(desk, url(request))
    assert desk.post(url(request), decision(request)).status_code == 422
    later = (now + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M")
    desk.post(url(request), decision(request, starts_at=later))
    assert status(request) == "scheduled"
    second = ask(creator, before, delivery=daily)
    desk.post(url(second), decision(second, start_now="on"))
    assert status(second) == "running"


def test_the_person_it_is_shown_as_can_be_chosen(desk: Client, creator: Membership, now: datetime) -> None:
    request = ask(creator, now, people=12)
    page = text(desk, url(request))
    assert page.count("<option") == 10 and "Ten of them" in page
    chosen = desk.get(url(request)).context["people"][4]
    assert desk.get(f"{url(request)}?person={chosen.pk}").context["person"] == chosen


def test_it_asks_the_same_number_of_questions_however_much_there_is_to_show(
    desk: Client, creator: Membership, now: datetime
) -> None:
    few, many = ask(creator, now, people=1), ask(creator, now, people=30)
    for number in range(5):
        edit(many.campaign, creator, f"Version {number}", now)
    counts = []
    for request in (few, open_request(many.campaign)):
        text(desk, url(request))
        with CaptureQueriesContext(connection) as captured:
            text(desk, url(request))
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 40


def test_another_workspaces_request_does_not_exist(
    browse: Browse, creator: Membership, stranger: Membership, now: datetime
) -> None:
    request = ask(creator, now)
    client = browse(stranger)
    assert client.get(url(request)).status_code == 404
    assert client.post(url(request), decision(request)).status_code == 404
    assert status(request) == "pending_approval"


def test_what_is_decided_says_so_and_offers_nothing(desk: Client, creator: Membership, now: datetime) -> None:
    request = ask(creator, now)
    desk.post(url(request), decision(request))
    page = text(desk, url(request))
    assert "Approved by" in page and 'name="decision"' not in page
    assert desk.post(url(request), decision(request)).status_code == 409

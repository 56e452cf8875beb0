"""Nobody decides on what they made, edited or submitted: every way in × everybody who had a hand in it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from approvals.models import Decision, Request
from campaigns.models import Activity, Campaign, Membership
from campaigns.services.actions import perform
from campaigns.services.actors import Actor
from campaigns.services.errors import ActionError
from tests.api.callers import Caller
from tests.approvals.asking import edit, open_request
from tests.factories import CampaignFactory, in_state, member

pytestmark = pytest.mark.django_db

COMMENT = "Looked at."
VERDICTS = ("approve", "reject")


@pytest.fixture
def now() -> datetime:
    """Pages go by the real clock, so these tests do too."""
    return timezone.now()


def browser(who: Membership) -> Client:
    """Who has logged in stays so for the test."""
    client: Client = vars(who).setdefault("browser", Client())
    if not client.cookies:
        client.force_login(who.user)
    return client


# --- the ways in


def review_page(who: Membership, request: Request, verdict: str) -> None:
    campaign = request.campaign
    shown = {"content_hash": request.content_hash, "version": campaign.version}
    browser(who).post(f"/approvals/{request.pk}/", {"decision": verdict, "comment": COMMENT, **shown})


def action_page(who: Membership, request: Request, verdict: str) -> None:
    client, url = browser(who), f"/campaigns/{request.campaign_id}/actions/{verdict}/"
    page = client.get(url)
    seen = page.context["form"]["seen"].initial if page.context and "form" in page.context else ""
    given = {"version": request.campaign.version, "comment": COMMENT, "seen": seen}
    client.post(url, given)


def bulk_bar(who: Membership, request: Request, verdict: str) -> None:
    given = {"id": [request.campaign_id], "confirmed": "yes", "comment": COMMENT}
    browser(who).post(f"/campaigns/bulk/{verdict}/", given)


def admin_button(who: Membership, request: Request, verdict: str) -> None:
    client = browser(who)
    url = reverse("admin:campaigns_campaign_action", args=[request.campaign_id, verdict])
    page = client.get(url)
    seen = page.context["seen"] if page.context and "seen" in page.context else ""
    client.post(url, {"version": request.campaign.version, "seen": seen, "comment": COMMENT})


def admin_bulk(who: Membership, request: Request, verdict: str) -> None:
    client, chosen = browser(who), request.campaign_id
    listed = {"action": verdict, "_selected_action": [chosen]}
    client.post(reverse("admin:campaigns_campaign_changelist"), listed)
    given = {
        "confirmed": "yes",
        "id": [chosen],
        f"version-{chosen}": request.campaign.version,
        "comment": COMMENT,
    }
    client.post(reverse("admin:campaigns_campaign_bulk", args=[verdict]), given)


def api(who: Membership, request: Request, verdict: str) -> None:
    body = {"comment": COMMENT, "request": request.pk, "content_hash": request.content_hash}
    Caller(who).post(f"/campaigns/{request.campaign_id}/actions/{verdict}", body)


def api_of_the_barest(who: Membership, request: Request, verdict: str) -> None:
    Caller(who).post(f"/campaigns/{request.campaign_id}/actions/{verdict}", {"comment": COMMENT})


def the_gateway(who: Membership, request: Request, verdict: str) -> None:
    with suppress(ActionError):
        perform(verdict, request.campaign_id, Actor.member(who), params={"comment": COMMENT})


def the_decision_itself(who: Membership, request: Request, verdict: str) -> None:
    with suppress(IntegrityError), transaction.atomic():
        Decision.objects.create(
            request=request, verdict=verdict, decided_by=who.user, comment=COMMENT, decided_at=timezone.now()
        )


def the_request_itself(who: Membership, request: Request, verdict: str) -> None:
    became = {"approve": Request.APPROVED, "reject": Request.REJECTED}[verdict]
    with suppress(IntegrityError), transaction.atomic():
        Request.objects.filter(pk=request.pk).update(status=became, decided_by=who.user)


Route = Callable[[Membership, Request, str], None]
ROUTES: tuple[Route, ...] = (
    review_page, action_page, bulk_bar, admin_button, admin_bulk, api, api_of_the_barest, the_gateway,
    the_decision_itself, the_request_itself,
)  # fmt: skip
#: Ways by which another approver does decide; bulk approval is offered to nobody.
OPEN_ROUTES = (review_page, action_page, admin_button, api, api_of_the_barest, the_gateway)


# --- those who had a hand in it


def _campaign(made_by: Membership, now: datetime) -> Campaign:
    return CampaignFactory(kind="message", created_by=made_by, now=now)


def _submit(campaign: Campaign, by: Membership, now: datetime) -> Request:
    perform("submit", campaign.pk, Actor.member(by), now=now)
    return open_request(campaign)


def maker(who: Membership, other: Membership, now: datetime) -> Request:
    return _submit(_campaign(who, now), other, now)


def editor(who: Membership, other: Membership, now: datetime) -> Request:
    campaign = _campaign(other, now)
    edit(campaign, who, "By another hand", now)
    return _submit(campaign, other, now)


def submitter(who: Membership, other: Membership, now: datetime) -> Request:
    """Submitted while still a creator."""
    campaign, role = _campaign(other, now), who.role
    who.role = "creator"
    who.save()
    request = _submit(campaign, who, now)
    who.role = role
    who.save()
    return request


def editor_of_what_waited(who: Membership, other: Membership, now: datetime) -> Request:
    """Edited it as a creator while it waited, which opened another request."""
    request, role = maker(other, other, now), who.role
    who.role = "creator"
    who.save()
    edit(request.campaign, who, "Changed while it waited", now)
    who.role = role
    who.save()
    return open_request(request.campaign)


def proposer(who: Membership, other: Membership, now: datetime) -> Request:
    """Edited a live campaign as a creator: the edit waits beside it."""
    campaign = in_state("running", "message", now, workspace=who.workspace, created_by=other)
    role = who.role
    who.role = "creator"
    who.save()
    edit(campaign, who, "A live edit", now)
    who.role = role
    who.save()
    return open_request(campaign)


HANDS = (maker, editor, submitter, editor_of_what_waited, proposer)
#: What they are by now; a superuser is an admin of the workspace, or could not even look.
PEOPLE: dict[str, dict[str, Any]] = {
    "creator": {"role": "creator", "is_staff": True},
    "approver": {"role": "approver", "is_staff": True},
    "admin": {"role": "admin", "is_staff": True},
    "superuser": {"role": "admin", "is_staff": True, "is_superuser": True},
}


def _prepared(
    hand: Callable[..., Request], person: str, creator: Membership, now: datetime
) -> tuple[Membership, Request]:
    values = dict(PEOPLE[person])
    who = member(values.pop("role"), creator.workspace, **values)
    request = hand(who, creator, now)
    request.campaign = Campaign.objects.get(pk=request.campaign_id)
    return who, request


def _untouched(request: Request, before: str) -> bool:
    """Nothing has been decided, and nothing moved."""
    status = Campaign.objects.values_list("status", flat=True).get(pk=request.campaign_id)
    still_open = Request.objects.filter(pk=request.pk, status=Request.OPEN, decided_by=None).exists()
    decided = Activity.objects.filter(campaign=request.campaign_id, action__in=VERDICTS).exists()
    return status == before and still_open and not decided and not request.decisions.exists()


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize("hand", HANDS, ids=lambda hand: hand.__name__)
def test_nobody_who_had_a_hand_in_it_decides_on_it(
    hand: Callable[..., Request], person: str, creator: Membership, now: datetime
) -> None:
    who, request = _prepared(hand, person, creator, now)
    before = request.campaign.status
    for route in ROUTES:
        for verdict in VERDICTS:
            route(who, request, verdict)
            assert _untouched(request, before), (
                f"{person} who is {hand.__name__}: {verdict} by {route.__name__}"
            )


@pytest.mark.parametrize("person", ["approver", "admin", "superuser"])
def test_somebody_else_decides_by_each_of_these_ways(person: str, creator: Membership, now: datetime) -> None:
    """The other half: the routes do work, for whoever had no hand in it."""
    for route in OPEN_ROUTES:
        for verdict in VERDICTS:
            values = dict(PEOPLE[person])
            other = member(values.pop("role"), creator.workspace, **values)
            request = maker(creator, creator, now)
            route(other, request, verdict)
            request.refresh_from_db()
            assert request.status == {"approve": "approved", "reject": "rejected"}[verdict], route.__name__


def test_bulk_approval_is_offered_to_nobody(creator: Membership, approver: Membership, now: datetime) -> None:
    request = maker(creator, creator, now)
    approver.user.is_staff = True
    approver.user.save()
    for route in (bulk_bar, admin_bulk):
        route(approver, request, "approve")
        assert _untouched(request, "pending_approval"), route.__name__


@pytest.mark.parametrize("route", OPEN_ROUTES, ids=lambda route: route.__name__)
def test_a_superuser_of_no_workspace_and_a_stranger_decide_on_nothing(
    route: Route, creator: Membership, stranger: Membership, now: datetime
) -> None:
    request = maker(creator, creator, now)
    outside = member("admin", is_staff=True, is_superuser=True)
    for who in (stranger, outside):
        for verdict in VERDICTS:
            route(who, request, verdict)
            assert _untouched(request, "pending_approval"), route.__name__

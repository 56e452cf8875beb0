"""/approvals/: three tabs, sorted by when something goes out; everybody finds what is theirs to decide and nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone

from approvals.models import Policy, Request
from campaigns.models import Membership
from campaigns.services.actions import perform
from campaigns.services.actors import Actor
from tests.approvals.asking import ask, edit
from tests.console.conftest import Browse
from tests.factories import CampaignFactory, in_state, member


@pytest.fixture
def now() -> datetime:
    """Pages go by the real clock, so these tests do too."""
    return timezone.now()


def listed(client: Client, tab: str = "") -> list[str]:
    """The campaigns of a tab, in their order."""
    response = client.get("/approvals/", {"tab": tab} if tab else {})
    assert response.status_code == 200
    return [row["request"].campaign.name for row in response.context["rows"]]


def badge(client: Client) -> int:
    """The number beside *Approvals* in the navigation."""
    badges = client.get("/labels/").context["badges"]
    return badges.get("approvals:inbox", 0)


def at(moment: datetime) -> dict[str, str]:
    return {"type": "one_time", "at": moment.isoformat()}


def test_what_goes_out_next_comes_first_and_what_has_passed_is_marked(
    browse: Browse, creator: Membership, approver: Membership, now: datetime
) -> None:
    before = now - timedelta(days=3)
    ask(creator, now, name="Whenever")
    ask(creator, now, name="In five days", delivery=at(now + timedelta(days=5, hours=1)))
    ask(creator, before, name="Yesterday", delivery=at(now - timedelta(days=1)))
    ask(creator, now, name="Tomorrow", delivery=at(now + timedelta(days=1, hours=1)))
    client = browse(approver)
    assert listed(client) == ["Yesterday", "Tomorrow", "In five days", "Whenever"]
    page = unescape(client.get("/approvals/").content.decode())
    for words in (
        "Its time has passed: 24 hours ago",
        "in 25 hours",
        "in 5 days",
        "As soon as it is approved",
    ):
        assert words in page
    assert badge(client) == 4


def test_pending_for_me_is_only_what_i_may_decide(
    browse: Browse, creator: Membership, approver: Membership, now: datetime
) -> None:
    admin = member("admin", creator.workspace)
    ask(creator, now, name="Nobody of them")
    made = CampaignFactory(kind="message", created_by=approver, name="Made by the approver", now=now)
    perform("submit", made.pk, Actor.member(creator), now=now)
    edited = CampaignFactory(kind="message", created_by=creator, name="Edited by the admin", now=now)
    edit(edited, admin, "Better", now)
    perform("submit", edited.pk, Actor.member(creator), now=now)
    assert listed(browse(approver)) == ["Nobody of them", "Edited by the admin"]
    assert listed(browse(admin)) == ["Nobody of them", "Made by the approver"]
    assert listed(browse(creator), "pending") == []
    assert [badge(browse(who)) for who in (approver, admin, creator)] == [2, 2, 0]


def test_what_i_have_agreed_to_waits_for_others_only(
    browse: Browse, creator: Membership, approver: Membership, now: datetime
) -> None:
    Policy.objects.filter(workspace=creator.workspace).update(approvers_needed=2)
    request = ask(creator, now, name="Twice")
    perform("approve", request.campaign_id, Actor.member(approver), now=now)
    other = browse(member("approver", creator.workspace))
    assert (listed(browse(approver)), listed(other)) == ([], ["Twice"])
    assert "1 of 2" in other.get("/approvals/").content.decode()


def test_decided_and_mine(browse: Browse, creator: Membership, approver: Membership, now: datetime) -> None:
    approved, rejected = ask(creator, now, name="Approved"), ask(creator, now, name="Rejected")
    ask(creator, now, name="Waits")
    other = member("creator", creator.workspace)
    ask(other, now, name="Somebody else's")
    perform("approve", approved.campaign_id, Actor.member(approver), now=now)
    perform("reject", rejected.campaign_id, Actor.member(approver), params={"comment": "No."}, now=now)
    assert listed(browse(approver), "decided") == ["Rejected", "Approved"]
    client = browse(creator)
    assert listed(client) == listed(client, "mine") == ["Waits", "Rejected", "Approved"]
    page = client.get("/approvals/?tab=mine").content.decode()
    assert str(approver.user) in page


def test_deleted_campaigns_and_those_of_other_workspaces_are_not_there(
    browse: Browse, creator: Membership, approver: Membership, stranger: Membership, now: datetime
) -> None:
    request = ask(creator, now, name="Gone")
    assert listed(browse(stranger)) == []
    perform("reject", request.campaign_id, Actor.member(approver), params={"comment": "No."}, now=now)
    perform("delete", request.campaign_id, Actor.member(creator), now=now)
    assert listed(browse(approver), "decided") == []


def test_it_is_paged_by_key_in_both_directions(
    browse: Browse, creator: Membership, approver: Membership, now: datetime
) -> None:
    request = ask(creator, now)
    fields = {
        "version": 1, "content_hash": "x", "requested_by": creator.user, "requested_at": now, "authors": [creator.user_id],
    }  # fmt: skip
    for number in range(60):
        campaign = CampaignFactory(
            kind="message", created_by=creator, now=now, name=f"Number {number}", people=1,
            delivery=at(now + timedelta(days=1 + number // 7)),
        )  # fmt: skip
        Request.objects.create(campaign=campaign, **fields)
    client = browse(approver)
    first = client.get("/approvals/").context["page"]
    second = client.get("/approvals/", {"cursor": first.next}).context["page"]
    assert (len(first.rows), len(second.rows)) == (50, 11)
    assert second.rows[-1] == request, "without a time it comes last"
    dues = [row.due for row in (*first.rows, *second.rows)]
    assert dues == sorted(dues)
    again = client.get("/approvals/", {"cursor": second.previous}).context["page"]
    assert again.rows == first.rows


def test_the_chip_of_the_campaign_list_has_the_same_campaigns(
    browse: Browse, creator: Membership, approver: Membership, now: datetime
) -> None:
    ask(creator, now, name="Spring")
    live = in_state("running", "message", now, workspace=creator.workspace, created_by=creator, name="Live")
    edit(live, creator, "A new text", now)
    made = CampaignFactory(kind="message", created_by=approver, name="My own", now=now)
    perform("submit", made.pk, Actor.member(creator), now=now)
    client = browse(approver)
    chosen = client.get("/campaigns/?quick=waiting").context["rows"]
    assert {row.campaign.name for row in chosen} == set(listed(client)) == {"Spring", "Live"}


def test_an_unknown_tab_shows_the_first(browse: Browse, approver: Membership) -> None:
    assert browse(approver).get("/approvals/?tab=nonsense").context["tab"] == "pending"

"""Who is told what: the bell, the list, and the way from there to what it is about."""

from __future__ import annotations

from datetime import datetime
from html import unescape

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from approvals.models import Notification
from approvals.services import mailing
from campaigns.models import Membership, Workspace
from campaigns.services.actions import perform
from campaigns.services.actors import Actor
from tests.approvals.asking import ask
from tests.console.conftest import Browse
from tests.factories import member


@pytest.fixture
def now() -> datetime:
    """Pages go by the real clock, so these tests do too."""
    return timezone.now()


def unread(client: Client) -> int:
    """The number on the bell."""
    return client.get("/labels/").context["badges"].get("notifications:list", 0)


def page(client: Client, url: str = "/notifications/") -> str:
    return unescape(client.get(url).content.decode())


def test_those_who_may_decide_are_told_and_then_those_who_made_it(
    browse: Browse, creator: Membership, approver: Membership, admin_member: Membership, now: datetime
) -> None:
    request = ask(creator, now, name="Spring")
    assert [unread(browse(who)) for who in (creator, approver, admin_member)] == [0, 1, 1]
    assert "“Spring” waits for your approval" in page(browse(approver))
    perform(
        "reject",
        request.campaign_id,
        Actor.member(approver),
        params={"comment": "The link is dead."},
        now=now,
    )
    shown = page(browse(creator))
    assert "“Spring” was rejected" in shown and "The link is dead." in shown
    mailing.mail_due(now)
    assert {message.to[0] for message in mail.outbox} == {
        creator.user.email,
        approver.user.email,
        admin_member.user.email,
    }


def test_opening_one_leads_to_the_request_and_it_counts_as_read(
    browse: Browse, creator: Membership, approver: Membership, now: datetime
) -> None:
    request = ask(creator, now)
    told = Notification.objects.get(recipient=approver.user)
    client = browse(approver)
    response = client.get(f"/notifications/{told.pk}/")
    assert response["Location"] == f"/approvals/{request.pk}/"
    assert unread(client) == 0
    read = Notification.objects.get(pk=told.pk).read_at
    client.get(f"/notifications/{told.pk}/")
    assert Notification.objects.get(pk=told.pk).read_at == read, "the first time counts"


def test_all_of_this_workspace_are_marked_as_read_at_once(
    browse: Browse, creator: Membership, approver: Membership, now: datetime
) -> None:
    for name in ("One", "Two", "Three"):
        ask(creator, now, name=name)
    client = browse(approver)
    assert unread(client) == 3
    assert "3 marked as read." in page_after(client)
    assert unread(client) == 0
    assert "You have not been told" in page(client, "/notifications/?show=unread")


def page_after(client: Client) -> str:
    return unescape(client.post("/notifications/read/", follow=True).content.decode())


def test_nobody_sees_or_reads_what_others_are_told(
    browse: Browse, creator: Membership, approver: Membership, stranger: Membership, now: datetime
) -> None:
    ask(creator, now, name="Spring")
    told = Notification.objects.get(recipient=approver.user)
    for who in (creator, stranger):
        assert browse(who).get(f"/notifications/{told.pk}/").status_code == 404
        browse(who).post("/notifications/read/")
        assert "Spring" not in page(browse(who))
    told.refresh_from_db()
    assert told.read_at is None


def test_a_link_into_another_workspace_says_to_switch(
    browse: Browse, creator: Membership, approver: Membership, now: datetime
) -> None:
    ask(creator, now, name="Spring")
    told = Notification.objects.get(recipient=approver.user)
    first = Workspace.objects.create(name="A first one", slug="a-first-one")
    Membership.objects.create(user=approver.user, workspace=first, role="creator")
    client = browse(approver)
    assert "switch to it, then open it again" in unescape(
        client.get(f"/notifications/{told.pk}/", follow=True).content.decode()
    )


def test_the_bell_counts_no_further_than_it_shows(
    browse: Browse, approver: Membership, now: datetime
) -> None:
    request = ask(member("creator", approver.workspace), now)
    Notification.objects.bulk_create(
        Notification(
            workspace=approver.workspace, recipient=approver.user, campaign=request.campaign, subject=f"{n}", created_at=now
        )
        for n in range(150)
    )  # fmt: skip
    assert "99+" in page(browse(approver), "/labels/")

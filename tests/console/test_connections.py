"""Connections, the sandbox's outbox, and the page that unsubscribes."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from campaigns.models import Membership
from channels.engine.tokens import sign_unsubscribe
from channels.models import Connection, Delivery, SandboxMessage, Suppression
from tests.console.conftest import Browse
from tests.factories import NOW, CampaignFactory, PersonFactory, sandbox_connection


@pytest.fixture
def admin(browse: Browse, admin_member: Membership) -> Client:
    return browse(admin_member)


def sandbox(**values: Any) -> dict[str, Any]:
    return {"name": "Try-out", "parallelism": 4, "setting-fail_rate": "0.1", **values}


def test_a_connection_is_made_of_its_providers_fields(admin: Client) -> None:
    assert "Sandbox" in admin.get("/channels/new/").content.decode()
    response = admin.post("/channels/new/sandbox/", sandbox())
    made = Connection.objects.get(name="Try-out")
    assert response["Location"] == f"/channels/{made.pk}/"
    assert made.settings["fail_rate"] == 0.1
    assert admin.get("/channels/new/pigeon/").status_code == 404


def test_problems_stand_beside_their_fields(admin: Client) -> None:
    response = admin.post("/channels/new/sandbox/", sandbox(**{"setting-fail_rate": "7"}))
    assert response.status_code == 422
    assert response.context["form"].errors["setting-fail_rate"]
    admin.post("/channels/new/sandbox/", sandbox())
    taken = admin.post("/channels/new/sandbox/", sandbox())
    assert "already" in taken.context["form"].errors["name"][0]


def test_a_secret_goes_in_and_never_comes_out(admin: Client) -> None:
    values = {"name": "Relay", "parallelism": 2, "setting-host": "mail.example.org", "setting-port": 587,
              "setting-security": "none", "setting-username": "me", "setting-password": "hunter2hunter2",
              "setting-from_address": "news@example.org", "setting-timeout": 10}  # fmt: skip
    admin.post("/channels/new/smtp/", values)
    made = Connection.objects.get(name="Relay")
    for path in ("", "edit/"):
        text = admin.get(f"/channels/{made.pk}/{path}").content.decode()
        assert "hunter2" not in text
    secrets = made.secrets
    admin.post(f"/channels/{made.pk}/edit/", values | {"setting-password": "", "name": "Renamed"})
    made.refresh_from_db()
    assert (made.name, made.secrets != "") == ("Renamed", True)
    assert secrets


def test_it_is_stopped_started_and_checked(admin: Client, admin_member: Membership) -> None:
    connection = sandbox_connection(admin_member.workspace)
    for action, expected in (("stop", "stopped"), ("start", "running"), ("check", "running")):
        response = admin.post(f"/channels/{connection.pk}/{action}/", follow=True)
        connection.refresh_from_db()
        assert connection.status == expected
        assert response.status_code == 200
    assert connection.checked_at is not None
    assert admin.post(f"/channels/{connection.pk}/explode/").status_code == 404


def test_the_outbox_shows_what_a_sandbox_was_given(page: Client, creator: Membership) -> None:
    campaign = CampaignFactory(created_by=creator, kind="sms")
    channel, person = campaign.channels.get(), PersonFactory(workspace=creator.workspace)
    for address in ("+441", "+442"):
        delivery = Delivery.objects.create(
            channel=channel, person=person, status="sent", due_at=NOW, step=address
        )
        SandboxMessage.objects.create(
            delivery=delivery, connection=channel.connection, channel=channel, kind="sms", address=address, subject="",
            body="<b>Hi</b>", created_at=NOW,
        )  # fmt: skip
    url = f"/channels/{channel.connection_id}/outbox/"
    text = page.get(url).content.decode()
    assert "&lt;b&gt;Hi&lt;/b&gt;" in text
    assert len(page.get(f"{url}?q=%2B441").context["entries"]) == 1


@pytest.fixture
def token(creator: Membership) -> str:
    campaign = CampaignFactory(created_by=creator, kind="message")
    person = PersonFactory(workspace=creator.workspace, email="ada@example.org")
    delivery = Delivery.objects.create(
        channel=campaign.channels.get(), person=person, status="sent", due_at=NOW
    )
    return sign_unsubscribe(creator.workspace_id, person.pk, delivery.pk)


def test_opening_the_link_shows_and_changes_nothing(token: str, client: Client) -> None:
    text = client.get(f"/unsubscribe/{token}/").content.decode()
    assert "a•••@example.org" in text
    assert "ada@example.org" not in text
    assert not Suppression.objects.exists()


def test_a_post_from_a_mail_program_unsubscribes_without_a_cookie(token: str) -> None:
    client = Client(enforce_csrf_checks=True)
    for _ in range(2):
        response = client.post(f"/unsubscribe/{token}/", {"List-Unsubscribe": "One-Click"})
        assert response.status_code == 200
        assert "You are unsubscribed" in response.content.decode()
    assert Suppression.objects.get().address == "ada@example.org"


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_forged_link_is_not_there(method: str, client: Client) -> None:
    assert getattr(client, method)("/unsubscribe/1.2.3:forged/").status_code == 404
    assert not Suppression.objects.exists()

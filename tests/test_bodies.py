"""Too much at once is 413 with the reason, whoever reads slowly; and pages of members are not kept by anybody."""

from __future__ import annotations

import io

import pytest
from django.conf import LazySettings
from django.test import Client, RequestFactory

from campaigns.models import Membership
from channels.models import Connection
from channels.services.connections import InvalidConnection, update_connection
from config.console import bodies
from config.console.numbers import whole
from tests import factories

pytestmark = pytest.mark.django_db


def test_a_form_that_is_too_large_is_413(client: Client, settings: LazySettings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    answer = client.post(
        "/login/", "username=" + "x" * 5000, content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code == 413
    assert "That is too much at once" in answer.content.decode()


@pytest.mark.parametrize(("status", "left"), [(413, 0), (401, 0), (200, 500_000)])
def test_a_refused_body_is_read_to_its_end(status: int, left: int) -> None:
    stream = io.BytesIO(b"x" * 500_000)
    request = RequestFactory().generic("POST", "/", b"", CONTENT_LENGTH="500000", **{"wsgi.input": stream})
    bodies.RefusedBodyMiddleware(lambda _: bodies.HttpResponse(status=status))(request)
    assert len(stream.read()) == left


def test_a_refused_body_is_not_read_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MOST_DISCARDED", 100_000)
    stream = io.BytesIO(b"x" * 500_000)
    request = RequestFactory().generic("POST", "/", b"", CONTENT_LENGTH="500000", **{"wsgi.input": stream})
    bodies.RefusedBodyMiddleware(lambda _: bodies.HttpResponse(status=413))(request)
    assert len(stream.read()) > 300_000


@pytest.mark.parametrize("path", ["/campaigns/", "/people/", "/admin/", "/nowhere/"])
def test_pages_of_members_are_not_kept(client: Client, admin_member: Membership, path: str) -> None:
    client.force_login(admin_member.user, backend="django.contrib.auth.backends.ModelBackend")
    assert "no-store" in client.get(path)["Cache-Control"]
    assert "private" in client.get(path)["Cache-Control"]


def test_answers_to_a_key_are_not_kept(client: Client) -> None:
    assert (
        client.get("/api/v1/people", headers={"authorization": "Bearer x"})["Cache-Control"]
        == "private, no-store"
    )


@pytest.mark.parametrize("text", ["²", "", "-1", "1.5", "٣", "9" * 5000, None, "x"])
def test_what_is_no_number_is_none(text: str | None) -> None:
    assert whole(text) is None


@pytest.mark.parametrize("value", ["²", "9" * 5000, "-1", "", None, 1.5, True])
def test_calls_at_once_are_a_number(value: object) -> None:
    account: Connection = factories.sandbox_connection(factories.WorkspaceFactory())
    with pytest.raises(InvalidConnection):
        update_connection(account, {"parallelism": value})

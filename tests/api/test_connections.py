"""Connections over the API: made by admins, checked, started and stopped; a secret never comes out."""

from __future__ import annotations

import pytest

from channels.models import Connection
from tests.api.callers import Caller, assert_problem
from tests.factories import sandbox_connection, smtp_connection

SMTP = {
    "host": "127.0.0.1", "port": 1, "security": "none", "from_address": "news@example.test", "username": "me",
    "password": "s3cret-Passw0rd",
}  # fmt: skip


def test_an_admin_makes_one_and_everybody_sees_it_without_its_secret(owner: Caller, admin: Caller) -> None:
    data = {"name": "Mail", "provider": "smtp", "settings": SMTP, "rate_per_second": 12.5, "parallelism": 3}
    response = admin.post("/connections", data)
    made = response.json()
    assert response.status_code == 201, made
    assert (made["name"], made["provider"], made["rate_per_second"], made["parallelism"]) == (
        "Mail",
        "smtp",
        12.5,
        3,
    )
    assert made["secrets_set"] == ["password"]
    listed = owner.get("/connections")
    assert listed.json()["items"] == [made]
    for answer in (response, listed, admin.post(f"/connections/{made['id']}/check")):
        assert SMTP["password"] not in answer.content.decode()
    assert SMTP["password"] not in Connection.objects.get().secrets


def test_check_says_what_is_wrong_and_start_and_stop_switch(admin: Caller) -> None:
    broken = smtp_connection(admin.workspace, port=1)
    shown = admin.post(f"/connections/{broken.pk}/check").json()
    assert (shown["ok"], shown["status"]) == (False, "error")
    assert shown["check_message"] and shown["message"] and shown["checked_at"]
    assert admin.post(f"/connections/{broken.pk}/stop").json()["status"] == "stopped"
    assert admin.post(f"/connections/{broken.pk}/start").json()["status"] == "running"
    good = sandbox_connection(admin.workspace)
    assert admin.post(f"/connections/{good.pk}/check").json()["ok"] is True


def test_only_admins_change_connections(owner: Caller, approver: Caller) -> None:
    existing = sandbox_connection(owner.workspace)
    for caller in (owner, approver):
        body = {"name": "A", "provider": "sandbox"}
        assert_problem(caller.post("/connections", body), 403, "forbidden")
        for action in ("check", "start", "stop"):
            assert_problem(caller.post(f"/connections/{existing.pk}/{action}"), 403, "forbidden")
    existing.refresh_from_db()
    assert (existing.status, existing.checked_at) == ("running", None)


def test_strangers_get_404(owner: Caller, stranger: Caller) -> None:
    existing = sandbox_connection(owner.workspace)
    for action in ("check", "start", "stop"):
        assert_problem(stranger.post(f"/connections/{existing.pk}/{action}"), 404, "not_found")
    assert stranger.get("/connections").json()["items"] == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"), ({"name": "x" * 121}, "name"), ({"name": "\0"}, "name"), ({"name": 1}, "name"),
        ({"provider": "pigeon"}, "provider"), ({"provider": None}, "provider"), ({"provider": ["smtp"]}, "provider"),
        ({"settings": []}, "settings"), ({"settings": {"fail_rate": 2}}, "settings.fail_rate"),
        ({"settings": {"fail_rate": "NaN"}}, "settings.fail_rate"), ({"settings": {"fail_rate": {}}}, "settings.fail_rate"),
        ({"settings": {"colour": 1}}, "settings.colour"), ({"settings": {"delay_ms": 10**400}}, "settings.delay_ms"),
        ({"rate_per_second": 0}, "rate_per_second"), ({"rate_per_second": "fast"}, "rate_per_second"),
        ({"rate_per_second": 10**400}, "rate_per_second"), ({"rate_per_second": -1}, "rate_per_second"),
        ({"parallelism": 0}, "parallelism"), ({"parallelism": 10**30}, "parallelism"), ({"parallelism": 1.5}, "parallelism"),
        ({"parallelism": True}, "parallelism"), ({"secrets": "x"}, "secrets"),
    ],
)  # fmt: skip
def test_bad_input_is_422(change: dict[str, object], field: str, admin: Caller) -> None:
    body = {"name": "A", "provider": "sandbox", "settings": {}} | change
    assert_problem(admin.post("/connections", body), 422, "invalid", field)
    assert not Connection.objects.exists()


def test_a_name_is_taken_once(admin: Caller) -> None:
    body = {"name": "A", "provider": "sandbox"}
    assert admin.post("/connections", body).status_code == 201
    assert_problem(admin.post("/connections", body), 422, "invalid", "name")

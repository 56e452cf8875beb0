"""API keys: made once, shown once, kept as a digest; expiry, revocation, last use, the rate."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils import timezone

from campaigns.domain import permissions
from campaigns.models import ApiKey
from campaigns.services.api_keys import create_api_key, find_api_key, revoke_api_key
from tests.api.callers import Caller, assert_problem
from tests.factories import MembershipFactory, WorkspaceFactory, member


def test_a_key_opens_the_api_and_acts_as_its_member(owner: Caller) -> None:
    assert owner.get("/campaigns").json() == {"items": [], "next": None}


def test_the_table_does_not_hold_what_opens(owner: Caller) -> None:
    kept = ApiKey.objects.get(membership=owner.membership)
    assert owner.key.startswith(kept.prefix)
    assert owner.key not in (kept.prefix, kept.digest, kept.name)
    assert len(kept.digest) == 64


@pytest.mark.parametrize(
    "key",
    [
        "x",
        "ck_",
        "ck_0000000000_" + "0" * 48,
        "ck_0000000000",
        "é" * 60,
        "ck_" + "9" * 5000,
        "Bearer",
        "ck_\x7f\x01",
    ],
)
def test_what_is_no_key_is_401(key: str) -> None:
    response = Caller(key=key.encode().decode("latin-1")).get("/campaigns")
    assert_problem(response, 401, "unauthorized")
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_a_key_with_one_other_character_is_401(owner: Caller) -> None:
    for position in (0, 5, 20, len(owner.key) - 1):
        wrong = (
            owner.key[:position] + ("1" if owner.key[position] != "1" else "2") + owner.key[position + 1 :]
        )
        assert_problem(Caller(key=wrong).get("/campaigns"), 401, "unauthorized")


def test_the_scheme_must_be_bearer(owner: Caller) -> None:
    for value in (owner.key, f"Basic {owner.key}", f"Token {owner.key}", "Bearer", ""):
        caller = Caller()
        response = caller._client.get("/api/v1/campaigns", headers={"Authorization": value})
        assert_problem(response, 401, "unauthorized")


def test_expired_and_revoked_keys_and_those_of_inactive_users_are_401(owner: Caller) -> None:
    now = timezone.now()
    _, expired = create_api_key(owner.membership, expires_at=now - timedelta(seconds=1))
    _, lasting = create_api_key(owner.membership, expires_at=now + timedelta(hours=1))
    key, revoked = create_api_key(owner.membership)
    revoke_api_key(key, now)
    assert_problem(Caller(key=expired).get("/labels"), 401, "unauthorized")
    assert_problem(Caller(key=revoked).get("/labels"), 401, "unauthorized")
    assert Caller(key=lasting).get("/labels").status_code == 200
    owner.membership.user.is_active = False
    owner.membership.user.save()
    assert_problem(Caller(key=lasting).get("/labels"), 401, "unauthorized")


def test_the_last_use_is_written_at_most_once_a_minute(owner: Caller) -> None:
    start = timezone.now()
    assert find_api_key(owner.key, start).last_used_at is None
    with time_machine.travel(start, tick=False) as clock:
        owner.get("/labels")
        first = ApiKey.objects.get(membership=owner.membership).last_used_at
        assert first == start
        clock.shift(30)
        owner.get("/labels")
        assert ApiKey.objects.get(membership=owner.membership).last_used_at == first
        clock.shift(31)
        owner.get("/labels")
        assert ApiKey.objects.get(membership=owner.membership).last_used_at == start + timedelta(seconds=61)


def test_more_calls_than_the_rate_are_429_until_the_minute_is_over(
    owner: Caller, admin: Caller, settings
) -> None:
    settings.API_RATE_PER_MINUTE = 3
    with time_machine.travel("2030-03-04T09:00:20+00:00", tick=False) as clock:
        assert [owner.get("/labels").status_code for _ in range(3)] == [200, 200, 200]
        response = owner.get("/labels")
        assert_problem(response, 429, "rate_limited")
        assert response["Retry-After"] == "40"
        assert admin.get("/labels").status_code == 200, "the rate is each key's own"
        clock.shift(40)
        assert owner.get("/labels").status_code == 200


def test_the_rate_can_be_switched_off(owner: Caller, settings) -> None:
    settings.API_RATE_PER_MINUTE = 0
    assert {owner.get("/labels").status_code for _ in range(5)} == {200}


def test_the_command_prints_the_key_alone_on_the_last_line(owner: Caller) -> None:
    out, err = StringIO(), StringIO()
    call_command("create_api_key", owner.membership.user.email.upper(), stdout=out, stderr=err)
    key = out.getvalue().rstrip("\n").splitlines()[-1]
    assert key.strip() == key and " " not in key
    assert Caller(key=key).get("/campaigns").status_code == 200
    assert owner.membership.user.email in err.getvalue() and key not in err.getvalue()


def test_the_command_asks_which_workspace_and_refuses_who_is_no_member(owner: Caller) -> None:
    other = WorkspaceFactory(slug="second")
    MembershipFactory(workspace=other, user=owner.membership.user)
    with pytest.raises(CommandError, match="second"):
        call_command("create_api_key", owner.membership.user.email)
    out = StringIO()
    call_command(
        "create_api_key", owner.membership.user.email, workspace="second", stdout=out, stderr=StringIO()
    )
    assert find_api_key(out.getvalue().strip(), timezone.now()).membership.workspace == other
    with pytest.raises(CommandError, match="not an active member"):
        call_command("create_api_key", "nobody@example.test")
    gone = member(permissions.CREATOR, other, email="gone@example.test", is_active=False)
    with pytest.raises(CommandError, match="not an active member"):
        call_command("create_api_key", gone.user.email)

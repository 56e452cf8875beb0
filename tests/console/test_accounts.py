"""Logging in and out, and the lock-out after too many wrong passwords."""

from __future__ import annotations

import pytest
from django.conf import LazySettings
from django.test import Client

from campaigns.models import Membership
from tests.factories import PASSWORD


def log_in(client: Client, email: str, password: str = PASSWORD, following: str = "") -> object:
    return client.post("/login/", {"username": email, "password": password, "next": following})


def test_the_address_is_read_without_regard_to_case(creator: Membership, client: Client) -> None:
    response = log_in(client, creator.user.email.upper(), following="/people/")
    assert (response.status_code, response["Location"]) == (302, "/people/")


def test_a_foreign_address_is_not_gone_to(creator: Membership, client: Client) -> None:
    response = log_in(client, creator.user.email, following="https://elsewhere.example/")
    assert response["Location"] == "/campaigns/"


def test_a_wrong_password_is_refused_in_words(creator: Membership, client: Client) -> None:
    response = log_in(client, creator.user.email, "wrong")
    assert response.status_code == 200
    assert b"do not belong together" in response.content
    assert "_auth_user_id" not in client.session


def test_logging_out_needs_a_post(creator: Membership, client: Client) -> None:
    client.force_login(creator.user)
    assert client.get("/logout/").status_code == 405
    client.post("/logout/")
    assert client.get("/campaigns/").status_code == 302


@pytest.mark.django_db
def test_ten_wrong_passwords_lock_the_pair_out(
    creator: Membership, client: Client, settings: LazySettings
) -> None:
    settings.AXES_ENABLED = True
    for _ in range(settings.AXES_FAILURE_LIMIT):
        response = log_in(client, creator.user.email, "wrong")
    assert response.status_code == 429
    assert b"quarter of an hour" in response.content
    assert log_in(client, creator.user.email).status_code == 429


def test_pages_carry_a_policy_that_forbids_inline_scripts(creator: Membership, client: Client) -> None:
    client.force_login(creator.user)
    response = client.get("/campaigns/")
    policy = response["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe-eval" not in policy
    assert b"<script>" not in response.content
    assert b" onclick=" not in response.content
    assert b"<style" not in response.content

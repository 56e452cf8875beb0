"""Devices over the API: registered, registered again, taken over, removed; and what cannot be one."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from channels.models import Device
from tests.api.callers import Caller, assert_problem
from tests.factories import PersonFactory

POINT = base64.urlsafe_b64encode(b"\4" + b"x" * 64).decode().rstrip("=")
SECRET = base64.urlsafe_b64encode(b"s" * 16).decode().rstrip("=")
BROWSER = {
    "kind": "web_push",
    "token": "https://push.example.test/send/abc",
    "keys": {"p256dh": POINT, "auth": SECRET},
}


@pytest.fixture
def grace(owner: Caller) -> Any:
    return PersonFactory(workspace=owner.workspace, external_id="grace/1")


def test_a_device_is_registered_once_and_seen_again(owner: Caller, grace: Any) -> None:
    made = owner.post("/people/grace/1/devices", {"kind": "push", "token": "abc"})
    assert made.status_code == 201
    again = owner.post("/people/grace/1/devices", {"kind": "push", "token": "abc"})
    assert again.status_code == 200
    assert again.json()["id"] == made.json()["id"]
    assert again.json()["seen_at"] > made.json()["seen_at"]
    assert owner.post("/people/grace/1/devices", BROWSER).status_code == 201
    assert [row["kind"] for row in owner.get("/people/grace/1/devices").json()["items"]] == [
        "web_push",
        "push",
    ]


def test_a_token_belongs_to_whoever_registered_it_last_and_is_valid_again(
    owner: Caller, stranger: Caller, grace: Any
) -> None:
    ada = PersonFactory(workspace=owner.workspace, external_id="ada")
    device = owner.post("/people/grace/1/devices", {"kind": "push", "token": "abc"}).json()["id"]
    Device.objects.update(invalid_at="2026-01-01T00:00Z")
    assert owner.post("/people/ada/devices", {"kind": "push", "token": "abc"}).json()["invalid_at"] is None
    assert Device.objects.get().person_id == ada.pk
    assert_problem(stranger.delete(f"/devices/{device}"), 404, "not_found")
    assert owner.delete(f"/devices/{device}").status_code == 204
    assert not Device.objects.exists()


def test_another_workspace_may_have_the_same_token(owner: Caller, stranger: Caller, grace: Any) -> None:
    PersonFactory(workspace=stranger.workspace, external_id="theirs")
    body = {"kind": "push", "token": "abc"}
    assert owner.post("/people/grace/1/devices", body).status_code == 201
    assert stranger.post("/people/theirs/devices", body).status_code == 201


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"kind": "pigeon", "token": "a"}, ["kind"]),
        ({"kind": "push", "token": " "}, ["token"]),
        ({"kind": "push", "token": "a b"}, ["token"]),
        ({"kind": "push", "token": "a", "keys": {"auth": SECRET}}, ["keys.auth"]),
        ({**BROWSER, "token": "not-an-address"}, ["token"]),
        ({**BROWSER, "keys": {}}, ["keys.p256dh", "keys.auth"]),
        ({**BROWSER, "keys": {"p256dh": POINT, "auth": "%%%"}}, ["keys.auth"]),
        ({"token": "a"}, ["kind"]),
        ({"kind": "push", "token": 7}, ["token"]),
        ({"kind": "push", "token": "a", "more": 1}, ["more"]),
    ],
)
def test_what_is_no_device_is_refused_by_field(
    body: dict[str, Any], fields: list[str], owner: Caller, grace: Any
) -> None:
    assert_problem(owner.post("/people/grace/1/devices", body), 422, "invalid", *fields)


def test_a_person_has_at_most_a_hundred_devices(owner: Caller, grace: Any) -> None:
    rows = [Device(workspace=owner.workspace, person=grace, kind="push", token=str(number),
                   created_at="2026-01-01T00:00Z", seen_at=f"2026-01-01T00:00:{number % 60:02}Z")
            for number in range(100)]  # fmt: skip
    Device.objects.bulk_create(rows)
    owner.post("/people/grace/1/devices", {"kind": "push", "token": "new"})
    assert Device.objects.count() == 100
    assert not Device.objects.filter(token="0").exists()

"""A browser registers itself for push by the public API: only for the person whom the customer's server vouches for."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.models import Person, Workspace
from channels.models import Device
from tests.api.test_devices import BROWSER
from tests.channels.test_displayed import call
from tests.factories import PersonFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def grace(workspace: Workspace) -> Person:
    return PersonFactory(workspace=workspace, external_id="grace")


def test_a_browser_registers_itself_once(workspace: Workspace, grace: Person) -> None:
    first = call(workspace, grace, "devices", device=BROWSER)
    assert first.status_code == 200 and first["Access-Control-Allow-Origin"] == "*"
    assert call(workspace, grace, "devices", device=BROWSER).json() == first.json()
    device = Device.objects.get()
    assert (device.person, device.kind, device.token) == (grace, "web_push", BROWSER["token"])


def test_nobody_registers_for_somebody_else(workspace: Workspace, grace: Person) -> None:
    assert call(workspace, grace, "devices", device=BROWSER, signature="0" * 64).status_code == 403
    stranger = Person(workspace=workspace, external_id="nobody")
    assert call(workspace, stranger, "devices", device=BROWSER).status_code == 404
    assert not Device.objects.exists()


@pytest.mark.parametrize(
    "device",
    [None, [], "x", {}, {**BROWSER, "kind": ["push"]}, {**BROWSER, "token": "\ud800"}, {**BROWSER, "token": "a\0b"},
     {**BROWSER, "keys": [1]}, {**BROWSER, "keys": {"p256dh": 7, "auth": None}}, {**BROWSER, "token": "x" * 3000}],
)  # fmt: skip
def test_what_is_no_device_is_refused_in_words(device: Any, workspace: Workspace, grace: Person) -> None:
    answer = call(workspace, grace, "devices", device=device)
    assert answer.status_code == 422 and answer.json()["error"]["fields"]
    assert not Device.objects.exists()

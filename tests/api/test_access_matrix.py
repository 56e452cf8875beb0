"""Every route of the API × who calls: without a key, with a bad one, from another workspace. Made from the routes."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpResponse

from approvals.models import Request
from campaigns.api.application import api
from campaigns.models import (
    Activity,
    Campaign,
    ImportJob,
    ObjectType,
    Person,
    RelatedObject,
    Relationship,
    Workspace,
)
from channels.models import Agent, Connection, Delivery, Device, InAppMessage
from tests.api.callers import Caller, assert_problem
from tests.factories import (
    NOW,
    CampaignFactory,
    PersonFactory,
    SegmentFactory,
    WorkspaceFactory,
    member,
    sandbox_connection,
)
from tests.kept import once_for_the_file

pytestmark = pytest.mark.django_db

Route = tuple[str, str, dict[str, Any]]


def routes() -> list[Route]:
    """``(method, path, operation)`` of everything that the API's own description names."""
    described = api.get_openapi_schema(path_prefix="")["paths"]
    return [
        (method.upper(), f"/{path.lstrip('/')}", operation)
        for path, methods in described.items()
        for method, operation in methods.items()
    ]


ROUTES = routes()
NAMES = [f"{method} {path}" for method, path, _ in ROUTES]
#: Bodies that pass the shapes, so that what refuses is the permission.
BODIES: dict[str, Any] = {
    "POST /campaigns": {"kind": "sms", "name": "A"},
    "POST /people": [],
    "POST /objects": [],
    "POST /objects/{object_type}/{external_id}/people": [],
    "POST /events": [],
    "POST /campaigns/{campaign_id}/trigger": [],
    "POST /people/{external_id}/devices": {"kind": "push", "token": "a"},
    "POST /lists": {"name": "A"},
    "POST /segments": {"name": "A"},
    "PATCH /segments/{segment_id}": {"name": "Taken over"},
    "POST /labels": {"name": "A"},
    "POST /topics": {"name": "A"},
    "POST /agents": {"name": "A", "connection": 1},
    "POST /lists/{list_id}/people": {"external_ids": []},
    "PATCH /campaigns/{campaign_id}": {"version": 1, "name": "Taken over"},
    "POST /campaigns/{campaign_id}/channels": {"kind": "sms"},
    "PATCH /channels/{channel_id}": {"content": {}},
    "POST /connections": {"name": "A", "provider": "sandbox"},
    "POST /channels/{channel_id}/winner": {"variant": "A"},
    "POST /campaigns/{campaign_id}/flows/{flow}/splits/{step}/winner": {"variant": "a"},
    "POST /campaigns/{campaign_id}/test": {"channel": 1},
    "POST /campaigns/{campaign_id}/workflow/copy": {"from": 1, "steps": ["hello"]},
    "POST /campaigns/{campaign_id}/drafts/release": {"all": True},
    "POST /campaigns/{campaign_id}/drafts/discard": {"all": True},
    "POST /channels/{channel_id}/schedule": {"sends_at": "2030-03-05T09:00:00Z"},
}


@once_for_the_file
def places() -> dict[str, Any]:
    """What the parameters of paths stand for: things of one workspace."""
    owner = member("creator", workspace := WorkspaceFactory())
    campaign = CampaignFactory(created_by=owner, kind="outreach", name="Ours")
    channel, person = campaign.channels.get(), PersonFactory(workspace=workspace, external_id="ours")
    delivery = Delivery.objects.create(channel=channel, person=person, status="sent", due_at=NOW)
    InAppMessage.objects.create(
        delivery=delivery, channel=channel, person=person, subject="", body="", created_at=NOW
    )
    device = Device.objects.create(
        workspace=workspace, person=person, kind="push", token="t", created_at=NOW, seen_at=NOW
    )
    kind = ObjectType.objects.create(workspace=workspace, name="company")
    company = RelatedObject.objects.create(type=kind, external_id="ours")
    Relationship.objects.create(object=company, person=person, since=NOW)
    job = ImportJob.objects.create(workspace=workspace, file_name="a.csv", path="")
    asked = Request.objects.create(campaign=campaign, version=1, requested_by=owner.user, requested_at=NOW)
    return {
        "campaign_id": campaign.pk, "channel_id": channel.pk, "external_id": "ours", "message_id": delivery.pk,
        "device_id": device.pk, "import_id": job.pk,
        "list_id": SegmentFactory(workspace=workspace).pk, "segment_id": campaign.segment_id,
        "connection_id": (account := sandbox_connection(workspace)).pk, "action": "stop",
        "agent_id": Agent.objects.create(workspace=workspace, name="Ours", connection=account).pk,
        "request_id": asked.pk, "number": 1, "object_type": "company", "person": "ours", "flow": "one", "step": "test",
    }  # fmt: skip


@pytest.fixture
def workspace(places: dict[str, Any]) -> Workspace:
    """The workspace that they are of."""
    return Campaign.objects.get(pk=places["campaign_id"]).workspace


def call(caller: Caller, route: Route, places: dict[str, Any]) -> HttpResponse:
    method, path, _ = route
    if path == "/imports":
        return caller.call(method, path, b"id,email\n1,a@b.example\n", content_type="text/csv")
    return caller.call(method, path.format(**places), BODIES.get(f"{method} {path}"))


def test_the_matrix_covers_every_parameter_and_route(places: dict[str, Any]) -> None:
    assert len(ROUTES) >= 30
    for _, path, _ in ROUTES:
        path.format(**places)


@pytest.mark.parametrize("route", ROUTES, ids=NAMES)
def test_without_a_key_and_with_a_bad_one_every_route_is_401(route: Route, places: dict[str, Any]) -> None:
    for caller in (Caller(), Caller(key="ck_0123456789_" + "a" * 48)):
        response = call(caller, route, places)
        assert_problem(response, 401, "unauthorized")
        assert response["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("route", ROUTES, ids=NAMES)
def test_the_description_says_that_a_key_is_needed(route: Route) -> None:
    assert route[2]["security"] == [{"KeyAccess": []}]


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if "{" in route[1]], ids=[name for name in NAMES if "{" in name]
)
def test_a_stranger_gets_404_for_everything_of_ours(
    route: Route, places: dict[str, Any], stranger: Caller
) -> None:
    before = (
        Activity.objects.count(),
        Campaign.objects.get().version,
        Connection.objects.get(pk=places["connection_id"]).status,
    )
    assert_problem(call(stranger, route, places), 404, "not_found")
    after = (
        Activity.objects.count(),
        Campaign.objects.get().version,
        Connection.objects.get(pk=places["connection_id"]).status,
    )
    assert before == after


@pytest.mark.parametrize(
    "route",
    [route for route in ROUTES if route[0] == "GET" and "{" not in route[1]],
    ids=[name for name in NAMES if name.startswith("GET") and "{" not in name],
)
def test_a_strangers_lists_show_nothing_of_ours(
    route: Route, places: dict[str, Any], stranger: Caller
) -> None:
    items = call(stranger, route, places).json()["items"]
    ours = set(Campaign.objects.values_list("pk", flat=True)) | set(
        Person.objects.values_list("pk", flat=True)
    )
    assert [item for item in items if item.get("kind") != "everyone" and item.get("id") in ours] == []


@pytest.mark.parametrize("route", ROUTES, ids=NAMES)
def test_an_unknown_query_parameter_is_refused_everywhere(
    route: Route, places: dict[str, Any], admin: Caller
) -> None:
    method, path, _ = route
    body = BODIES.get(f"{method} {path}")
    kind = "text/csv" if path == "/imports" else "application/json"
    response = admin.call(method, path.format(**places) + "?surprise=1", body, content_type=kind)
    assert_problem(response, 422, "invalid", "surprise")


@pytest.mark.parametrize("route", ROUTES, ids=NAMES)
def test_ids_that_no_row_can_have_are_404(route: Route, places: dict[str, Any], admin: Caller) -> None:
    numbers = [
        name
        for name in places
        if name.endswith("_id") and name != "external_id" and f"{{{name}}}" in route[1]
    ]
    for wrong in ("0", "-1", "9" * 19, "9" * 300, "1.5", "x", "%00", "1%00", "²", "NaN") if numbers else ():
        response = call(admin, route, places | {numbers[0]: wrong})
        assert_problem(response, 404, "not_found")

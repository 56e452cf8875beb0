"""The API's own description: it holds, and nothing that can be generated from it is answered with a 5xx."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from django.db import transaction
from hypothesis import HealthCheck, given, settings

from campaigns.api.application import api
from campaigns.models import Campaign, Workspace
from tests.api.callers import ROOT, Caller
from tests.factories import (
    NOW,
    CampaignFactory,
    PersonFactory,
    SegmentFactory,
    WorkspaceFactory,
    in_state,
    member,
    sandbox_connection,
)
from tests.kept import once_for_the_file

pytestmark = pytest.mark.django_db


def test_the_description_is_there_without_a_key(nobody: Caller) -> None:
    described = nobody.get("/openapi.json").json()
    assert described["openapi"].startswith("3.")
    assert described["components"]["securitySchemes"]["KeyAccess"] == {"type": "http", "scheme": "bearer"}


def test_the_description_is_made_once(nobody: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    described = nobody.get("/openapi.json").content
    monkeypatch.setattr("ninja.main.get_schema", lambda **asked: pytest.fail("It was made again."))
    assert nobody.get("/openapi.json").content == described


def test_every_call_that_is_promised_is_described(nobody: Caller) -> None:
    described = nobody.get("/openapi.json").json()["paths"]
    calls = {
        f"{method.upper()} {path.removeprefix(ROOT)}" for path in described for method in described[path]
    }
    assert calls >= {
        "POST /people", "GET /people", "GET /people/{external_id}", "POST /lists", "POST /lists/{list_id}/people",
        "POST /imports", "GET /imports/{import_id}", "GET /imports/{import_id}/refused.csv", "POST /campaigns",
        "GET /campaigns", "GET /campaigns/{campaign_id}", "PATCH /campaigns/{campaign_id}",
        "DELETE /campaigns/{campaign_id}", "POST /campaigns/{campaign_id}/actions/{action}",
        "GET /campaigns/{campaign_id}/actions/{action}", "POST /campaigns/{campaign_id}/channels",
        "PATCH /channels/{channel_id}", "POST /channels/{channel_id}/actions/{action}",
        "GET /campaigns/{campaign_id}/deliveries", "GET /people/{external_id}/inbox", "POST /inbox/{message_id}/opened",
        "GET /connections", "POST /connections", "POST /connections/{connection_id}/check",
        "POST /connections/{connection_id}/start", "POST /connections/{connection_id}/stop", "GET /labels",
        "POST /labels", "GET /segments", "POST /segments", "GET /segments/{segment_id}", "GET /approvals",
    }  # fmt: skip


def test_every_call_is_explained(nobody: Caller) -> None:
    for path, methods in nobody.get("/openapi.json").json()["paths"].items():
        for method, operation in methods.items():
            assert operation.get("description"), f"{method} {path}"


def test_the_page_that_shows_it_needs_nothing_that_the_security_policy_forbids(nobody: Caller) -> None:
    response = nobody.get("/docs")
    page = response.content.decode()
    assert response.status_code == 200
    assert "script-src 'self'" in response["Content-Security-Policy"]
    scripts = re.findall(r"<script[^>]*>", page)
    assert scripts and all('src="/static/' in tag or 'type="application/json"' in tag for tag in scripts)
    assert not re.search(r"<style| on\w+=|https?://", page)


@once_for_the_file
def kept() -> dict[str, Any]:
    """Something of everything, by the names of the parameters of paths."""
    owner = member("creator", workspace := WorkspaceFactory())
    outreach = CampaignFactory(created_by=owner, kind="outreach")
    running = in_state("running", "sms", now=NOW, created_by=owner)
    return {
        "campaign_id": running.pk, "channel_id": outreach.channels.get().pk, "list_id": outreach.segment_id,
        "segment_id": SegmentFactory(workspace=workspace, people=2).pk, "action": "start",
        "connection_id": sandbox_connection(workspace).pk,
        "external_id": PersonFactory(workspace=workspace).external_id,
    }  # fmt: skip


@pytest.fixture
def places(kept: dict[str, Any], tmp_path: Path, settings: Any) -> dict[str, Any]:
    """The same, with a folder for what is uploaded and any number of calls a minute."""
    settings.MEDIA_ROOT, settings.API_RATE_PER_MINUTE = tmp_path, 0
    return kept


@pytest.fixture
def workspace(kept: dict[str, Any]) -> Workspace:
    """The workspace that they are of."""
    return Campaign.objects.get(pk=kept["campaign_id"]).workspace


DESCRIBED = schemathesis.openapi.from_dict(json.loads(json.dumps(api.get_openapi_schema(path_prefix=ROOT))))
OPERATIONS = [found.ok() for found in DESCRIBED.get_all_operations()]
SHORT = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.slow
@pytest.mark.parametrize("operation", OPERATIONS, ids=[operation.label for operation in OPERATIONS])
def test_nothing_that_can_be_described_is_a_5xx(
    operation: Any, admin: Caller, places: dict[str, Any]
) -> None:
    @SHORT
    @given(case=operation.as_strategy())
    def try_it(case: Any) -> None:
        _call(case, admin, places)

    try_it()


@pytest.mark.long
@pytest.mark.parametrize("operation", OPERATIONS, ids=[operation.label for operation in OPERATIONS])
def test_nothing_that_can_be_described_is_a_5xx_in_the_long_run(
    operation: Any, admin: Caller, places: dict[str, Any]
) -> None:
    @settings(SHORT, max_examples=400, derandomize=False)
    @given(case=operation.as_strategy())
    def try_it(case: Any) -> None:
        _call(case, admin, places)

    try_it()


def _call(case: Any, caller: Caller, places: dict[str, Any]) -> None:
    """Make the generated call, and take back what it did."""
    # Every other call is about something that exists; else nearly all would end at 404.
    if len(repr(case.body)) % 2:
        known = {name: places[name] for name in case.path_parameters if name in places}
        case.path_parameters = {**case.path_parameters, **known}
    sent = requests.Request(**case.as_transport_kwargs(base_url="http://testserver")).prepare()
    path, kind = (sent.path_url or "").removeprefix(ROOT), sent.headers.pop("Content-Type", "")
    body = sent.body.encode() if isinstance(sent.body, str) else sent.body or b""
    with transaction.atomic():
        response = caller.call(sent.method or "GET", path, body, content_type=kind)
        transaction.set_rollback(True)
    said = f"{sent.method} {path} {body!r:.2000}"
    assert response.status_code < 500, said
    if response.status_code >= 400:
        assert set(response.json()["error"]) == {"code", "message", "fields"}, said

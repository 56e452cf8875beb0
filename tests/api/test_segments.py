"""Segments by condition over the API, and what campaigns on them are told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from campaigns.engine.segments import keep_members
from campaigns.models import Segment
from campaigns.services import duties
from campaigns.services.segments import archive_segment
from tests.api.callers import Caller, assert_problem
from tests.factories import in_state
from tests.segments.ground import GOLD, NOW, identify


def _keep(owner: Caller) -> None:
    keep_members(owner.workspace.pk, timezone.now())


def _made(owner: Caller, condition: dict[str, Any] | None = None, name: str = "Gold") -> dict[str, Any]:
    response = owner.post("/segments", {"name": name, "condition": condition or GOLD})
    assert response.status_code == 201
    return response.json()


def test_a_segment_is_made_filled_and_counted(owner: Caller) -> None:
    identify(owner.workspace, ann={"plan": "gold"}, bob={"plan": "free"})
    made = _made(owner)
    assert (made["kind"], made["condition"], made["words"]) == ("condition", GOLD, "plan is “gold”")
    assert (made["count"], made["filled"]) == (0, 0)
    _keep(owner)
    found = owner.get(f"/segments/{made['id']}").json()
    assert (found["count"], found["filled"]) == (1, None)
    listed = next(item for item in owner.get("/segments").json()["items"] if item["id"] == made["id"])
    assert listed == {key: value for key, value in found.items() if key != "count"}


def test_people_sent_by_the_api_come_in_by_the_next_beat(owner: Caller) -> None:
    made = _made(owner)
    _keep(owner)
    owner.post("/people", [{"external_id": "ann", "attributes": {"plan": "gold"}}])
    assert duties.keep_segments(timezone.now())["came"] == 1
    owner.post("/people", [{"external_id": "ann", "attributes": {"plan": "free"}}])
    assert duties.keep_segments(timezone.now())["went"] == 1
    assert owner.get(f"/segments/{made['id']}").json()["count"] == 0


def test_a_segment_is_renamed_changed_archived_and_made_active(owner: Caller) -> None:
    identify(owner.workspace, ann={"plan": "gold"}, bob={"plan": "free"})
    at = f"/segments/{_made(owner)['id']}"
    free = {**GOLD, "value": "free"}
    changed = owner.patch(at, {"name": "Free", "condition": free}).json()
    assert (changed["name"], changed["condition"], changed["filled"]) == ("Free", free, 0)
    _keep(owner)
    assert owner.get(at).json()["count"] == 1
    assert owner.patch(at, {"archived": True}).json()["archived"] is True
    active = owner.patch(at, {"archived": False}).json()
    assert (active["archived"], active["filled"]) == (False, 0)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"condition": {"attribute": "plan", "op": "is", "value": 1}}, "condition.op"),
        ({"condition": {"any": [{"segment": 1, "op": "in", "x": 1}]}}, "condition.any.0.x"),
        ({"condition": {"not": {"label": "Ghost", "op": "sent"}}}, "condition.not.label"),
        ({"condition": "plan"}, "condition"),
        ({"condition": {}}, "condition"),
        ({"name": ""}, "name"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_422_with_its_path(owner: Caller, body: dict[str, Any], path: str) -> None:
    at = f"/segments/{_made(owner)['id']}"
    assert_problem(owner.post("/segments", {"name": "New", "condition": GOLD, **body}), 422, "invalid", path)
    assert_problem(owner.patch(at, body), 422, "invalid", path)


def test_a_cycle_is_422(owner: Caller) -> None:
    one = _made(owner, name="One")
    two = _made(owner, {"segment": one["id"], "op": "in"}, "Two")
    refused = owner.patch(f"/segments/{one['id']}", {"condition": {"segment": two["id"], "op": "in"}})
    assert_problem(refused, 422, "invalid", "condition")


def test_a_list_has_no_condition_and_strangers_no_segment(owner: Caller, stranger: Caller) -> None:
    plain = owner.post("/lists", {"name": "Plain"}).json()
    assert_problem(owner.patch(f"/segments/{plain['id']}", {"condition": GOLD}), 422, "invalid", "condition")
    made = _made(owner)
    assert_problem(stranger.patch(f"/segments/{made['id']}", {"name": "Mine"}), 404, "not_found")
    theirs = {"segment": made["id"], "op": "in"}
    refused = stranger.post("/segments", {"name": "Spy", "condition": theirs})
    assert_problem(refused, 422, "invalid", "condition.segment")


def test_a_campaign_on_a_segment_that_is_being_filled_says_so(owner: Caller) -> None:
    identify(owner.workspace, ann={"plan": "gold"})
    made = _made(owner)
    campaign = in_state("draft", "journey", workspace=owner.workspace, audience={"segment": made["id"]})
    start = f"/campaigns/{campaign.pk}/actions/start"
    refused = owner.post(start, {})
    assert_problem(refused, 409, "transition_not_allowed")
    assert refused.json()["error"]["message"].startswith("“Gold” (0 %) is still being filled")
    _keep(owner)
    assert owner.post(start, {}).status_code == 200


def test_unarchiving_a_campaign_makes_its_segments_active_and_goes_over_them(owner: Caller) -> None:
    made = Segment.objects.get(pk=_made(owner)["id"])
    _keep(owner)
    campaign = in_state("archived", "journey", workspace=owner.workspace, audience={"segment": made.pk})
    archive_segment(made, NOW + timedelta(days=1))
    assert owner.post(f"/campaigns/{campaign.pk}/actions/unarchive", {}).status_code == 200
    made.refresh_from_db()
    assert made.archived_at is None and made.is_filling

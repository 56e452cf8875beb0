"""POST /campaigns/{id}/workflow/copy: steps of one campaign go into another, saved at once."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.models import Campaign, Workspace
from tests.api.callers import Caller, assert_problem
from tests.factories import CampaignFactory, in_state


@pytest.fixture
def source(workspace: Workspace) -> Campaign:
    return in_state("archived", "journey", workspace=workspace)


@pytest.fixture
def target(workspace: Workspace) -> Campaign:
    return CampaignFactory(workspace=workspace, kind="journey")


def test_steps_are_copied_to_the_place_and_saved(owner: Caller, source: Campaign, target: Campaign) -> None:
    body = {"from": source.pk, "steps": ["wait", "again"], "at": "workflow.1", "version": target.version}
    answer = owner.post(f"/campaigns/{target.pk}/workflow/copy", body)
    assert answer.status_code == 200, answer.content
    keys = [step["key"] for step in answer.json()["workflow"]]
    assert keys == ["hello", "delay-1", "message-1", "wait", "again"]
    assert answer.json()["notes"] == []
    assert answer.json()["version"] == target.version + 1


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"steps": []}, 422, "steps"),
        ({"steps": ["gone"]}, 422, "steps"),
        ({"at": "workflow.9"}, 422, "at"),
        ({"from": 0}, 404, None),
        ({"version": 0}, 409, None),
    ],
)
def test_what_cannot_be_copied_changes_nothing(
    owner: Caller, source: Campaign, target: Campaign, change: dict[str, Any], status: int, field: str | None
) -> None:
    body = {"from": source.pk, "steps": ["wait"]} | change
    answer = owner.post(f"/campaigns/{target.pk}/workflow/copy", body)
    assert answer.status_code == status
    if field:
        assert field in answer.json()["error"]["fields"]
    assert Campaign.objects.get(pk=target.pk).workflow == target.workflow


def test_nothing_comes_from_another_workspace(owner: Caller, target: Campaign) -> None:
    stranger = CampaignFactory(kind="journey")
    body = {"from": stranger.pk, "steps": ["wait"]}
    assert_problem(owner.post(f"/campaigns/{target.pk}/workflow/copy", body), 404, "not_found")

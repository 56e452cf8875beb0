"""Lists and segments over the API."""

from __future__ import annotations

import pytest

from campaigns.models import Segment, SegmentMember
from tests.api.callers import Caller, assert_problem
from tests.factories import SegmentFactory, people


def test_a_list_is_made_filled_and_counted(owner: Caller) -> None:
    people(owner.workspace, 3)
    response = owner.post("/lists", {"name": "  Summer   2030 "})
    made = response.json()
    assert response.status_code == 201
    assert set(made) == {
        "id", "name", "kind", "archived", "created_at", "condition", "words", "filled", "count",
    }  # fmt: skip
    assert (made["name"], made["kind"], made["count"]) == ("Summer 2030", "manual", 0)
    fill = f"/lists/{made['id']}/people"
    ids = {"external_ids": ["person-1", "person-2", "person-1", "ghost"]}
    assert owner.post(fill, ids).json() == {"added": 2, "already_there": 0, "unknown": ["ghost"]}
    assert owner.post(fill, ids).json() == {"added": 0, "already_there": 2, "unknown": ["ghost"]}
    assert owner.get(f"/segments/{made['id']}").json()["count"] == 2


def test_everyone_counts_the_workspace(owner: Caller, stranger: Caller) -> None:
    people(owner.workspace, 4)
    people(stranger.workspace, 2)
    everyone = next(item for item in owner.get("/segments").json()["items"] if item["kind"] == "everyone")
    assert owner.get(f"/segments/{everyone['id']}").json()["count"] == 4
    refused = owner.post(f"/lists/{everyone['id']}/people", {"external_ids": ["person-1"]})
    assert_problem(refused, 422, "invalid", "segment")


def test_a_segment_without_a_condition_is_a_manual_list(owner: Caller) -> None:
    assert owner.post("/segments", {"name": "A"}).json()["kind"] == "manual"
    refused = owner.post("/segments", {"name": "B", "condition": {"all": []}})
    assert_problem(refused, 422, "invalid", "condition.all")
    assert not Segment.objects.filter(name="B").exists()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "   "},
        {"name": "x" * 121},
        {"name": 1},
        {"name": None},
        {"name": "a\0"},
        {"name": "\ud800"},
    ],
)
@pytest.mark.parametrize("address", ["/lists", "/segments"])
def test_bad_names_are_422(address: str, body: dict[str, object], owner: Caller) -> None:
    assert_problem(owner.post(address, body), 422, "invalid", "name")


def test_a_name_is_taken_once_whatever_its_case(owner: Caller, stranger: Caller) -> None:
    owner.post("/lists", {"name": "News"})
    assert_problem(owner.post("/lists", {"name": "NEWS"}), 422, "invalid", "name")
    assert stranger.post("/lists", {"name": "News"}).status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        {}, {"external_ids": "person-1"}, {"external_ids": [1]}, {"external_ids": [None]}, {"external_ids": ["\0"]},
        {"external_ids": ["\udfff"]}, {"external_ids": ["a"] * 10_001}, {"external_ids": [], "more": 1},
    ],
)  # fmt: skip
def test_bad_external_ids_are_422(body: dict[str, object], owner: Caller) -> None:
    segment = SegmentFactory(workspace=owner.workspace)
    assert_problem(owner.post(f"/lists/{segment.pk}/people", body), 422, "invalid")


def test_strangers_get_404(owner: Caller, stranger: Caller) -> None:
    segment = SegmentFactory(workspace=owner.workspace)
    people(stranger.workspace, 1)
    assert_problem(stranger.get(f"/segments/{segment.pk}"), 404, "not_found")
    refused = stranger.post(f"/lists/{segment.pk}/people", {"external_ids": ["person-1"]})
    assert_problem(refused, 404, "not_found")
    assert segment.pk not in [item["id"] for item in stranger.everything("/segments")]
    assert not SegmentMember.objects.exists()


def test_people_of_another_workspace_do_not_come_onto_a_list(owner: Caller, stranger: Caller) -> None:
    people(stranger.workspace, 1)
    segment = SegmentFactory(workspace=owner.workspace)
    report = owner.post(f"/lists/{segment.pk}/people", {"external_ids": ["person-1"]}).json()
    assert report["unknown"] == ["person-1"]

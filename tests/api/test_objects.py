"""Objects and relationships over the API: upserts of many, refusals row by row, who is related, segments that follow."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.engine.segments import keep_members
from campaigns.models import ObjectType, RelatedObject, Relationship
from campaigns.services import objects as service
from tests.api.callers import Caller, assert_problem
from tests.factories import NOW, PersonFactory
from tests.segments.ground import members, segment

ACME = {"type": "Company", "external_id": "acme/1", "attributes": {"plan": "gold"}}


def post(owner: Caller, *rows: Any) -> dict[str, Any]:
    answer = owner.post("/objects", list(rows))
    assert answer.status_code == 200, answer.content
    return answer.json()


@pytest.fixture
def ann(owner: Caller) -> Any:
    return PersonFactory(workspace=owner.workspace, external_id="ann")


def test_objects_are_made_changed_and_related(owner: Caller, ann: Any) -> None:
    bob = {"external_id": "bob", "attributes": {"role": "admin"}}
    PersonFactory(workspace=owner.workspace, external_id="bob")
    made = post(owner, {**ACME, "people": ["ann", bob]}, {"type": "company", "external_id": "b"})
    assert made == {"created": 2, "updated": 0, "unchanged": 0, "related": 2, "rejected": []}
    assert ObjectType.objects.get().name == "Company"
    again = post(
        owner,
        {**ACME, "attributes": {"size": 7}, "people": ["ann", bob]},
        {"type": "COMPANY", "external_id": "b"},
    )
    assert again == {"created": 0, "updated": 1, "unchanged": 1, "related": 0, "rejected": []}
    found = owner.get("/objects/company/acme/1").json()
    assert (found["type"], found["external_id"], found["attributes"]) == (
        "Company",
        "acme/1",
        {"plan": "gold", "size": 7},
    )
    related = owner.get("/objects/company/acme/1/people").json()["items"]
    assert [(row["external_id"], row["attributes"]) for row in related] == [
        ("ann", {}),
        ("bob", {"role": "admin"}),
    ]


def test_relating_unrelating_and_deleting(owner: Caller, ann: Any) -> None:
    post(owner, ACME)
    path = "/objects/company/acme/1"
    assert owner.post(f"{path}/people", [{"external_id": "ann", "attributes": {"role": "owner"}}]).json() == {
        "related": 1
    }
    assert owner.post(f"{path}/people", ["ann"]).json() == {"related": 0}
    assert Relationship.objects.get().attributes == {"role": "owner"}
    assert_problem(owner.post(f"{path}/people", ["ann", "eve"]), 422, "invalid", "people.1.external_id")
    assert owner.delete(f"{path}/people/ann").status_code == 204
    assert_problem(owner.delete(f"{path}/people/ann"), 404, "not_found")
    owner.post(f"{path}/people", ["ann"])
    assert owner.delete(path).status_code == 204
    assert not RelatedObject.objects.exists() and not Relationship.objects.exists()
    assert_problem(owner.get(path), 404, "not_found")
    assert owner.get("/people/ann").status_code == 200


@pytest.mark.parametrize(
    ("row", "paths"),
    [
        (7, [""]),
        ({"type": "company"}, ["external_id"]),
        ({"external_id": "a"}, ["type"]),
        ({**ACME, "type": "a/b"}, ["type"]),
        ({**ACME, "type": "x" * 61}, ["type"]),
        ({**ACME, "type": 5.5}, ["type"]),
        ({**ACME, "external_id": "x" * 151}, ["external_id"]),
        ({**ACME, "attributes": ["plan"]}, ["attributes"]),
        ({**ACME, "attributes": {"a": "\0"}}, ["attributes"]),
        ({**ACME, "colour": "red"}, ["colour"]),
        ({**ACME, "people": "ann"}, ["people"]),
        ({**ACME, "people": ["ann", "eve"]}, ["people.1.external_id"]),
        ({**ACME, "people": ["ann", "ann"]}, ["people.1.external_id"]),
        ({**ACME, "people": [{"attributes": {}}]}, ["people.0.external_id"]),
        ({**ACME, "people": [{"external_id": "ann", "role": 1}]}, ["people.0.role"]),
    ],
)  # fmt: skip
def test_a_wrong_row_is_rejected_as_a_whole_and_stops_no_other(
    owner: Caller, ann: Any, row: Any, paths: list[str]
) -> None:
    report = post(
        owner, {"type": "company", "external_id": "fine"}, row, {"type": "company", "external_id": "too"}
    )
    assert (report["created"], report["related"]) == (2, 0)
    (rejected,) = report["rejected"]
    assert (rejected["index"], sorted(rejected["errors"])) == (1, sorted(paths))
    assert set(RelatedObject.objects.values_list("external_id", flat=True)) == {"fine", "too"}


def test_limits(owner: Caller, monkeypatch: pytest.MonkeyPatch, ann: Any) -> None:
    twice = post(owner, ACME, {**ACME, "type": "company"})
    assert twice["rejected"] == [
        {"index": 1, "errors": {"external_id": "This object is already at index 0 of this call."}}
    ]
    monkeypatch.setattr(service, "MOST_RELATED", 1)
    rows = [{"type": "company", "external_id": str(n), "people": ["ann"]} for n in range(2)]
    assert_problem(owner.post("/objects", rows), 422, "invalid")
    monkeypatch.setattr(service, "MOST_TYPES", 2)
    report = post(owner, *({"type": f"t{n}", "external_id": "a"} for n in range(3)))
    assert (report["created"], [row["index"] for row in report["rejected"]]) == (1, [1, 2])


def test_lists_are_filtered_and_paged(owner: Caller) -> None:
    post(
        owner,
        *({"type": kind, "external_id": f"{kind}-{n}"} for kind in ("shop", "account") for n in range(3)),
    )
    first = owner.get("/objects?type=SHOP&limit=2").json()
    assert [row["external_id"] for row in first["items"]] == ["shop-0", "shop-1"]
    rest = owner.get(f"/objects?type=shop&limit=2&cursor={first['next']}").json()
    assert ([row["external_id"] for row in rest["items"]], rest["next"]) == (["shop-2"], None)
    assert [row["type"] for row in owner.get("/objects?q=account-1").json()["items"]] == ["account"]


def test_people_of_another_workspace_are_nobody(owner: Caller, stranger: Caller) -> None:
    PersonFactory(workspace=stranger.workspace, external_id="eve")
    report = post(owner, {**ACME, "people": ["eve"]})
    assert (report["created"], len(report["rejected"])) == (0, 1)
    post(owner, ACME)
    assert_problem(stranger.get("/objects/company/acme/1"), 404, "not_found")
    assert stranger.get("/objects").json()["items"] == []


def test_segments_follow_objects_and_relationships(owner: Caller, ann: Any) -> None:
    post(owner, ACME)
    gold = {"object": "company", "where": {"attribute": "plan", "op": "eq", "value": "gold"}}
    made = segment(owner.workspace, gold)
    keep_members(owner.workspace.pk, NOW)
    assert members(made) == set()
    path = "/objects/company/acme/1"
    for change, there in (
        (lambda: owner.post(f"{path}/people", ["ann"]), {"ann"}),
        (lambda: post(owner, {**ACME, "attributes": {"plan": "free"}}), set()),
        (lambda: post(owner, ACME), {"ann"}),
        (lambda: owner.delete(path), set()),
    ):
        change()
        keep_members(owner.workspace.pk, NOW)
        assert members(made) == there


def test_a_type_that_is_not_there_is_refused_by_its_path(owner: Caller) -> None:
    condition = {"all": [{"object": "spaceship"}]}
    refused = owner.post("/segments", {"name": "A", "condition": condition})
    assert_problem(refused, 422, "invalid", "condition.all.0.object")

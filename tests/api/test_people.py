"""People over the API: upserts that tell each row's fate, search, paging."""

from __future__ import annotations

from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import Person
from tests.api.callers import Caller, assert_problem
from tests.factories import PersonFactory, people


def test_people_are_created_then_updated(owner: Caller) -> None:
    rows = [
        {
            "external_id": "1",
            "email": "Grace@Example.org",
            "phone": "07700 900123",
            "attributes": {"plan": "gold"},
        },
        {"external_id": "2", "timezone": "Europe/Istanbul"},
    ]
    assert owner.post("/people", rows).json() == {"created": 2, "updated": 0, "unchanged": 0, "rejected": []}
    again = owner.post(
        "/people", [{"external_id": "1", "attributes": {"city": "Rom"}}, {"external_id": "2"}]
    ).json()
    assert (again["created"], again["updated"], again["unchanged"]) == (0, 1, 1)
    shown = owner.get("/people/1").json()
    assert shown["email"] == "grace@example.org"
    assert shown["phone"] == "+447700900123"
    assert shown["attributes"] == {"plan": "gold", "city": "Rom"}
    assert owner.get("/people/2").json()["timezone"] == "Europe/Istanbul"


def test_a_bad_person_is_rejected_with_index_and_reason_and_stops_nobody(owner: Caller) -> None:
    rows = [
        {"external_id": "good"},
        {"external_id": "bad", "email": "not an address"},
        {"email": "nobody@example.org"},
        "a text",
        {"external_id": "nul\0"},
        {"external_id": "attr", "attributes": {"note": "a\0b"}},
        {"external_id": "half", "attributes": {"note": "\ud800"}},
        {"external_id": "good"},
        {"external_id": "more", "nickname": "x"},
        None,
    ]
    report = owner.post("/people", rows).json()
    assert report["created"] == 1
    assert [row["index"] for row in report["rejected"]] == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert set(report["rejected"][0]["errors"]) == {"email"}
    assert set(report["rejected"][1]["errors"]) == {"external_id"}
    assert Person.objects.filter(workspace=owner.workspace).count() == 1


def test_a_body_that_is_no_list_is_422(owner: Caller) -> None:
    for body in ({}, {"external_id": "1"}, "text", 5, None):
        assert_problem(owner.post("/people", body), 422, "invalid")
    assert owner.post("/people", []).json()["created"] == 0


def test_too_many_at_once_are_422_and_nobody_comes_in(owner: Caller) -> None:
    rows = [{"external_id": str(number)} for number in range(10_001)]
    assert_problem(owner.post("/people", rows), 422, "invalid")
    assert not Person.objects.exists()


def test_people_are_found_by_id_address_number_and_name(owner: Caller) -> None:
    PersonFactory(
        workspace=owner.workspace, external_id="G-1", email="grace@navy.example", phone="+442079460000"
    )
    PersonFactory(workspace=owner.workspace, external_id="K-1", attributes={"first_name": "Katherine"})

    def found(q: str) -> list[str]:
        return [row["external_id"] for row in owner.get(f"/people?q={q}").json()["items"]]

    assert found("G-") == found("Grace@") == found("%2B442079") == ["G-1"]
    assert found("kather") == ["K-1"]
    assert found("nobody") == []
    assert found("%25") == found("_") == found("%5C") == found("'") == [], "no wildcards, no quoting"


def test_people_are_paged_in_the_order_in_which_they_came(owner: Caller, django_assert_num_queries) -> None:
    people(owner.workspace, 120)
    ids = [row["external_id"] for row in owner.everything("/people?limit=50")]
    assert ids == [f"person-{number}" for number in range(1, 121)]
    with CaptureQueriesContext(connection) as few:
        owner.get("/people?limit=2")
    with django_assert_num_queries(len(few)):
        owner.get("/people?limit=100")


def test_external_ids_may_hold_anything_that_a_path_can_carry(owner: Caller) -> None:
    names = ["a/b", "ü@x.org", "日本", "a b", "1.5", "🙂", "x" * 150]
    owner.post("/people", [{"external_id": name} for name in names])
    from urllib.parse import quote

    for name in names:
        assert owner.get(f"/people/{quote(name)}").json()["external_id"] == name
        assert owner.get(f"/people/{quote(name)}/inbox").json() == {"items": [], "next": None}


def test_a_stranger_sees_nobody(owner: Caller, stranger: Caller) -> None:
    PersonFactory(workspace=owner.workspace, external_id="ours")
    assert_problem(stranger.get("/people/ours"), 404, "not_found")
    assert_problem(stranger.get("/people/ours/inbox"), 404, "not_found")
    assert stranger.get("/people").json()["items"] == []
    assert stranger.post("/people", [{"external_id": "ours"}]).json()["created"] == 1, (
        "their own of that name"
    )

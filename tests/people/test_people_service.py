"""Upserts and lists as programs call them."""

import pytest

from campaigns.models import Person, Segment
from campaigns.services.errors import Invalid
from campaigns.services.people import add_to_list, create_list, upsert_people
from tests import factories


def test_upsert_creates_updates_and_leaves_alone(workspace, now):
    ann = {
        "external_id": "1",
        "email": "ANN@example.org",
        "phone": "020 7946 0958",
        "attributes": {"plan": "gold"},
    }
    report = upsert_people(workspace, [ann, {"external_id": 2}], now)
    assert (report.created, report.updated, report.unchanged, report.rejected) == (2, 0, 0, [])
    report = upsert_people(
        workspace, [{**ann, "attributes": {"city": "Bonn"}, "email": None}, {"external_id": "2"}], now
    )
    assert (report.created, report.updated, report.unchanged) == (0, 1, 1)
    person = Person.objects.get(external_id="1")
    assert (person.email, person.phone) == ("ann@example.org", "+442079460958")
    assert person.attributes == {"plan": "gold", "city": "Bonn"}


@pytest.mark.parametrize(
    ("row", "field", "said"),
    [
        ({}, "external_id", "Required"),
        ({"external_id": "x" * 151}, "external_id", "At most 150"),
        ({"external_id": True}, "external_id", "Must be text"),
        ({"external_id": "a\0b"}, "external_id", "no text may hold"),
        ({"external_id": "1", "email": "ann@"}, "email", "after the @-sign"),
        ({"external_id": "1", "email": ["a@example.org"]}, "email", "Must be text"),
        ({"external_id": "1", "phone": "12"}, "phone", "too few digits"),
        ({"external_id": "1", "timezone": "Mars"}, "timezone", "not a time zone"),
        ({"external_id": "1", "attributes": []}, "attributes", "Must be an object"),
        ({"external_id": "1", "attributes": {"a": "\0"}}, "attributes", "NUL"),
        ({"external_id": "1", "attributes": {"a": float("nan")}}, "attributes", "JSON"),
        ({"external_id": "1", "attributes": {"a": "\ud800"}}, "attributes", "JSON"),
        ({"external_id": "1", "attributes": {"a": "x" * 100_001}}, "attributes", "At most"),
        ({"external_id": "1", "attributes": {"k" * 101: 1}}, "attributes", "key has 1 to 100"),
        ({"external_id": "1", "mail": "a@example.org"}, "mail", "no such field"),
        ("nobody", "", "is an object"),
    ],
)
def test_one_bad_person_is_rejected_by_position_and_the_others_come_in(workspace, now, row, field, said):
    report = upsert_people(workspace, [{"external_id": "good", "email": "g@example.org"}, row], now)
    assert report.created == 1
    assert [(rejected["index"], list(rejected["errors"])) for rejected in report.rejected] == [(1, [field])]
    assert said in report.rejected[0]["errors"][field]


def test_all_errors_of_a_person_are_told_at_once(workspace, now):
    report = upsert_people(workspace, [{"external_id": "", "email": "x", "phone": "1"}], now)
    assert set(report.rejected[0]["errors"]) == {"external_id", "email", "phone"}


def test_the_same_person_twice_in_one_call(workspace, now):
    report = upsert_people(workspace, [{"external_id": "1"}, {"external_id": " 1 "}], now)
    assert report.created == 1
    assert report.rejected == [
        {"index": 1, "errors": {"external_id": "“1” is already at index 0 of this call."}}
    ]


def test_ten_thousand_at_once_at_most(workspace, now):
    with pytest.raises(Invalid, match="At most 10,000"):
        upsert_people(workspace, [{"external_id": str(n)} for n in range(10_001)], now)


def test_statements_do_not_grow_with_the_people(workspace, now, django_assert_max_num_queries):
    for number in (1, 2_000):
        with django_assert_max_num_queries(10):
            upsert_people(
                workspace,
                [{"external_id": f"{number}-{n}", "email": f"a{n}@example.org"} for n in range(number)],
                now,
            )


def test_people_go_on_a_list_and_unknown_ones_are_named(workspace, now):
    upsert_people(workspace, [{"external_id": "1"}, {"external_id": "2"}], now)
    stranger = factories.PersonFactory(external_id="3")
    segment = create_list(workspace, "  Spring   customers ")
    assert segment.name == "Spring customers"
    report = add_to_list(segment, ["2", "9", "1", "2", "3"], now)
    assert (report.added, report.already_there, report.unknown) == (2, 0, ["9", "3"])
    report = add_to_list(segment, ["1"], now)
    assert (report.added, report.already_there, report.unknown) == (0, 1, [])
    assert not stranger.list_memberships.exists()


@pytest.mark.parametrize(
    ("name", "said"), [("", "needs a name"), (" \n", "needs a name"), ("x" * 121, "At most 120")]
)
def test_a_lists_name(workspace, name, said):
    with pytest.raises(Invalid, match=said) as refused:
        create_list(workspace, name)
    assert list(refused.value.fields) == ["name"]


def test_a_lists_name_is_taken_whatever_its_capitals(workspace):
    create_list(workspace, "Spring")
    with pytest.raises(Invalid, match="already"):
        create_list(workspace, "SPRING")
    assert create_list(factories.WorkspaceFactory(), "Spring").pk


def test_only_manual_lists_are_filled_by_hand(workspace, now):
    everyone = Segment.objects.get(workspace=workspace, kind=Segment.EVERYONE)
    with pytest.raises(Invalid, match="not a manual list"):
        add_to_list(everyone, ["1"], now)

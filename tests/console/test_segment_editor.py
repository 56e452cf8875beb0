"""The pages on which a segment's condition is put together: rows added and removed, tried out, saved, changed."""

from __future__ import annotations

from django.test import Client

from campaigns.models import Membership, Segment
from campaigns.services.segments import create_segment
from tests.factories import LabelFactory
from tests.segments.ground import GOLD, NOW, identify, keep, members

AGE = {"attribute": "age", "op": "gte", "value": 18}


def _row(prefix: str, **values: str) -> dict[str, str]:
    return {f"{prefix}{name}": value for name, value in values.items()}


def _form(**values: str) -> dict[str, str]:
    first = _row("b0-r0-", kind="attribute", name="plan", op="eq", value="gold")
    return {"name": "Gold", "join": "all", "b0-join": "all", **first, **values}


def test_a_segment_is_made_and_changed_on_the_page(page: Client, creator: Membership) -> None:
    people = {"ann": {"plan": "gold", "age": 20}, "bob": {"plan": "gold", "age": 10}, "cat": {"age": 40}}
    identify(creator.workspace, **people)
    form = _form(**_row("b0-r1-", kind="attribute", name="age", op="gte", value="18"))
    made = page.post("/segments/new/condition/", form)
    segment = Segment.objects.get(name="Gold")
    assert made.headers["Location"] == f"/segments/{segment.pk}/"
    assert segment.condition == {"all": [GOLD, AGE]}
    shown = page.get(f"/segments/{segment.pk}/").content.decode()
    assert "plan is “gold” and age is at least 18" in shown and "0 % of the people" in shown
    assert "0 %" in page.get(f"/segments/{segment.pk}/", headers={"HX-Request": "true"}).content.decode()
    keep(creator.workspace)
    assert members(segment) == {"ann"}
    again = page.get(f"/segments/{segment.pk}/", headers={"HX-Request": "true"}).content.decode()
    assert "Everybody has been looked at" in again and "every 2s" not in again
    edit = f"/segments/{segment.pk}/edit/"
    assert 'value="18"' in page.get(edit).content.decode()
    tried = page.post("/segments/try/", {**_form(), "segment": str(segment.pk)}).content.decode()
    assert "<strong>1</strong> enter, <strong>0</strong> leave" in tried and "2</span> people" in tried
    page.post(edit, _form(name="All of gold"))
    keep(creator.workspace)
    assert members(segment) == {"ann", "bob"}


def test_rows_are_added_removed_and_change_their_kind(page: Client, creator: Membership) -> None:
    LabelFactory(workspace=creator.workspace, name="Onboarding")
    script = {"HX-Request": "true"}

    def after(operation: str, **values: str) -> str:
        return page.post(
            "/segments/new/condition/", _form(op=operation, **values), headers=script
        ).content.decode()

    assert 'name="b0-r1-kind"' in after("add-row-0") and 'name="b1-r0-kind"' in after("add-block")
    second = _row("b1-r0-", kind="event", name="purchase", op="done", times="2")
    assert "Group 2" in after("refresh", **second)
    assert 'name="b1-' not in after("remove-1-0", **second) and 'value="gold"' in after(
        "remove-1-0", **second
    )
    changed = after("refresh", **{"b0-r0-kind": "label", "b0-r0-was": "attribute"})
    assert "Onboarding" in changed and "gold" not in changed
    for odd in ("remove-9-9", "add-row-99", "nonsense", "remove"):
        assert 'value="gold"' in after(odd)
    assert not Segment.objects.filter(kind=Segment.CONDITION).exists()


def test_what_is_wrong_stands_beside_its_row(page: Client) -> None:
    rows = _row("b1-r0-", kind="event", name="", op="done", amount="soon")
    answer = page.post("/segments/new/condition/", _form(**rows))
    text = answer.content.decode()
    assert answer.status_code == 422 and "This text has 1 to 100 characters." in text
    assert text.rindex("This text has") > text.index("Group 2")
    assert page.post("/segments/new/condition/", _form(name="")).status_code == 422
    unfinished = page.post("/segments/try/", _form(**rows)).content.decode()
    assert "Finish the conditions" in unfinished


def test_operators_fit_what_the_attribute_holds(page: Client, creator: Membership) -> None:
    identify(creator.workspace, ann={"age": 20, "vip": True, "born": "2001-01-01"})

    def offered(attribute: str) -> str:
        form = _form(op="refresh") | {"b0-r0-name": attribute}
        return page.post("/segments/new/condition/", form, headers={"HX-Request": "true"}).content.decode()

    assert "is more than" in offered("age") and "begins with" not in offered("age")
    assert 'type="date"' in offered("born") and "is before" in offered("born")
    assert '<option value="true"' in offered("vip") and "is more than" not in offered("vip")


def test_a_nested_condition_keeps_itself_when_it_is_renamed(page: Client, creator: Membership) -> None:
    nested = {"not": {"not": GOLD}}
    segment = create_segment(creator.workspace, "Nested", nested, None, NOW)
    assert "nested deeper" in page.get(f"/segments/{segment.pk}/edit/").content.decode()
    page.post(f"/segments/{segment.pk}/edit/", {"name": "Renamed", "nested": "1"})
    segment.refresh_from_db()
    assert (segment.name, segment.condition) == ("Renamed", nested)


def test_lists_and_others_segments_have_no_editor(page: Client, stranger: Membership) -> None:
    theirs = create_segment(stranger.workspace, "Theirs", GOLD, None, NOW)
    for segment in (theirs, Segment.objects.get(workspace=stranger.workspace, kind="everyone")):
        assert page.get(f"/segments/{segment.pk}/edit/").status_code == 404

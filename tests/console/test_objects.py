"""Objects on the pages: the list type by type, one with its people, a person's own, and conditions that ask for them."""

from __future__ import annotations

from django.test import Client

from campaigns.models import Membership, RelatedObject, Segment
from campaigns.services.objects import upsert_objects
from campaigns.services.segments import create_segment
from tests.console.conftest import Browse
from tests.factories import NOW, PersonFactory


def _acme(member: Membership) -> RelatedObject:
    person = PersonFactory(workspace=member.workspace, external_id="ann", attributes={"first_name": "Ann"})
    rows = [
        {"type": "company", "external_id": "acme", "attributes": {"plan": "gold", "seats": 12},
         "people": [{"external_id": person.external_id, "attributes": {"role": "admin"}}]},
        {"type": "company", "external_id": "<b>globex</b>"}, {"type": "account", "external_id": "a-1"},
    ]  # fmt: skip
    assert upsert_objects(member.workspace, rows, NOW).rejected == []
    return RelatedObject.objects.get(external_id="acme")


def test_objects_are_listed_by_type_and_found_by_how_they_begin(page: Client, creator: Membership) -> None:
    assert "no objects yet" in page.get("/objects/").content.decode()
    _acme(creator)
    assert "a-1" in page.get("/objects/").content.decode()  # the first type
    companies = page.get("/objects/?type=Company").content.decode()
    assert "plan: gold, seats: 12" in companies and "a-1" not in companies
    assert "&lt;b&gt;globex" in companies
    assert "acme" not in page.get("/objects/?type=company&q=glo").content.decode().split("<tbody>")[-1]
    assert "begins like that" in page.get("/objects/?type=company&q=nobody").content.decode()


def test_an_object_has_its_people_and_a_person_the_objects(page: Client, creator: Membership) -> None:
    acme = _acme(creator)
    shown = page.get(f"/objects/{acme.pk}/").content.decode()
    assert "role: admin" in shown and "Ann" in shown and "gold" in shown
    person = acme.relationships.get().person
    assert f'href="/objects/{acme.pk}/"' in page.get(f"/people/{person.pk}/").content.decode()


def test_strangers_find_nothing(browse: Browse, creator: Membership, stranger: Membership) -> None:
    acme = _acme(creator)
    theirs = browse(stranger)
    assert theirs.get(f"/objects/{acme.pk}/").status_code == 404
    assert "acme" not in theirs.get("/objects/?type=company").content.decode()


def _form(*asked: tuple[str, str, str], name: str = "Large", **values: str) -> dict[str, str]:
    """The form with one row about companies that asks for these attributes."""
    form = {
        "name": name,
        "join": "all",
        "b0-join": "all",
        "b0-r0-kind": "object",
        "b0-r0-name": "company",
        "b0-r0-op": "related",
    }
    for n, texts in enumerate(asked):
        form |= {
            f"b0-r0-a{n}-{field}": text for field, text in zip(("key", "test", "value"), texts, strict=True)
        }
    return form | values


def test_a_segment_of_people_with_such_an_object_is_made_on_the_page(
    page: Client, creator: Membership
) -> None:
    _acme(creator)
    page.post("/segments/new/condition/", _form(("seats", "gte", "10")))
    made = Segment.objects.get(name="Large")
    where = {"attribute": "seats", "op": "gte", "value": 10}
    assert made.condition == {"object": "company", "op": "related", "where": where}
    edited = page.get(f"/segments/{made.pk}/edit/").content.decode()
    assert 'value="seats"' in edited and 'value="10"' in edited
    assert (
        "is related to a “company” where seats is at least 10"
        in page.get(f"/segments/{made.pk}/").content.decode()
    )
    refused = page.post("/segments/new/condition/", _form(("", "gte", "10"), name="Other")).content.decode()
    assert "This text has 1 to" in refused and not Segment.objects.filter(name="Other").exists()
    page.post("/segments/new/condition/", _form(("", "eq", ""), name="Any"))
    assert Segment.objects.get(name="Any").condition == {"object": "company", "op": "related"}


def test_several_attributes_of_one_object_are_edited(page: Client, creator: Membership) -> None:
    """Those that a program wrote are shown, changed and kept."""
    _acme(creator)
    where = {"any": [{"attribute": "seats", "op": "gte", "value": 10}, {"attribute": "plan", "op": "exists"}]}
    wrote = {"object": "company", "op": "related", "where": where}
    made = create_segment(creator.workspace, "Large", wrote, None, NOW)
    url = f"/segments/{made.pk}/edit/"
    edited = page.get(url).content.decode()
    assert 'value="seats"' in edited and 'value="plan"' in edited
    assert '<option value="any" selected>any of these' in edited
    two = (("seats", "gte", "10"), ("plan", "exists", ""))
    page.post(url, _form(*two, **{"b0-r0-asked": "any"}))
    made.refresh_from_db()
    assert made.condition == wrote
    page.post(url, _form(*two, ("city", "in", "Köln, Bonn")))
    made.refresh_from_db()
    added = {"attribute": "city", "op": "in", "value": ["Köln", "Bonn"]}
    assert made.condition == wrote | {"where": {"all": [*where["any"], added]}}


def test_lines_for_attributes_come_and_go(page: Client, creator: Membership) -> None:
    _acme(creator)

    def after(operation: str, *asked: tuple[str, str, str]) -> str:
        form = _form(*asked, op=operation, **{"b0-r0-asked": "any"})
        answer = page.post("/segments/new/condition/", form, headers={"HX-Request": "true"})
        assert answer.status_code == 200
        return answer.content.decode()

    two = (("seats", "gte", "10"), ("plan", "eq", "gold"))
    assert 'name="b0-r0-a1-key"' in after("add-ask-0-0", two[0])
    removed = after("remove-ask-0-0-0", *two)
    assert 'value="plan"' in removed and "seats" not in removed and 'name="b0-r0-a1-' not in removed
    for odd in (
        "remove-ask-0-0-9",
        "remove-ask-0-9-0",
        "add-ask-9-0",
        "add-ask-0",
        "remove-ask",
        "add-ask-0-0-0",
    ):
        assert 'value="seats"' in after(odd, *two) and 'name="b0-r0-a2-' not in after(odd, *two)
    many = tuple((f"key{n}", "eq", "1") for n in range(100))
    assert 'name="b0-r0-a100-' not in after("add-ask-0-0", *many)


def test_what_is_wrong_stands_beside_its_attribute(page: Client, creator: Membership) -> None:
    _acme(creator)
    answer = page.post(
        "/segments/new/condition/", _form(("seats", "gte", "many"), ("", "eq", ""), ("plan", "exists", ""))
    )
    text = answer.content.decode()
    assert answer.status_code == 422 and not Segment.objects.filter(name="Large").exists()
    assert 'id="b0-r0-a0-problem"' in text and "gte needs a number" in text
    assert 'id="b0-r0-a1-problem"' in text and 'id="b0-r0-a2-problem"' not in text

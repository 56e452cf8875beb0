"""A segment is put together in the browser by keyboard and mouse, without JSON; axe, a phone and the dark are content."""

from __future__ import annotations

from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn
from tests.product import Product

PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def _people(product: Product) -> None:
    """Forty people, half of them gold, with an age."""
    people = [
        {
            "external_id": f"member-{n}",
            "email": f"member-{n}@example.test",
            "attributes": {"tier": "gold" if n % 2 else "free", "years": n, "vip": n > 30},
        }
        for n in range(40)
    ]
    product.api().post("/people", people)


def _row(page: Page, number: int, group: int = 1):
    return page.get_by_role("group", name=f"Condition {number} of group {group}")


@pytest.mark.usefixtures("_people")
def test_a_segment_is_made_tried_saved_and_edited(sign_in: SignIn) -> None:
    page = sign_in("marketer")
    page.goto("/segments/")
    page.get_by_role("link", name="New segment").click()
    page.get_by_label("Name").fill("Gold for years")
    trial = page.locator("#trial")
    expect(trial).to_contain_text("Finish the conditions")
    first = _row(page, 1)
    first.get_by_label("Attribute").fill("tier")
    first.get_by_label("Attribute").press("Tab")
    first.get_by_label("Value").fill("gold")
    expect(trial).to_contain_text("tier is “gold”")
    expect(trial).to_contain_text("20 people")
    page.get_by_role("button", name="Add a condition").press("Enter")
    second = _row(page, 2)
    second.get_by_label("Attribute").fill("years")
    second.get_by_label("Attribute").press("Tab")
    expect(second).to_contain_text("seen as a number")
    second.get_by_label("Operator").select_option("is at least")
    expect(second.get_by_label("Value")).to_have_attribute("type", "number")
    second.get_by_label("Value").fill("20")
    expect(trial).to_contain_text("10 people")
    expect(trial.get_by_role("listitem")).to_have_count(10)
    page.get_by_role("button", name="Save the segment").click()
    expect(page.get_by_role("heading", name="Gold for years")).to_be_visible()
    expect(page.get_by_text("tier is “gold” and years is at least 20")).to_be_visible()
    expect(
        page.get_by_text("Everybody has been looked at").or_(page.get_by_text("member-21@example.test")).first
    ).to_be_visible()
    _edit(page)


def _edit(page: Page) -> None:
    """Any of the two instead of all: more people, told before it is saved. Enter in a field saves."""
    page.goto(page.url)
    page.get_by_role("link", name="Edit", exact=True).click()
    page.get_by_label("People who meet").select_option("any of these")
    trial = page.locator("#trial")
    expect(trial).to_contain_text("30 people")
    expect(trial).to_contain_text("20 enter, 0 leave")
    page.get_by_role("button", name="Remove condition 2 of group 1").click()
    expect(trial).to_contain_text("20 people")
    page.get_by_role("checkbox", name="Not: everybody else").check()
    expect(trial).to_contain_text("not (tier is “gold”)")
    page.get_by_label("Name").press("Enter")
    expect(page.get_by_text("not (tier is “gold”)")).to_be_visible()


#: Presses buttons one right after the other, before any answer can have come.
PRESS = """words => words.map(word => [...document.querySelectorAll("#builder button")].find(
    button => button.textContent.startsWith(word))).forEach(button => button.click())"""


def test_whoever_is_faster_than_the_server_loses_nothing(sign_in: SignIn) -> None:
    page = sign_in("marketer")
    page.goto("/segments/new/condition/")
    page.evaluate(PRESS, ["Add a condition", "Add a group"])
    expect(_row(page, 2)).to_be_visible()
    expect(_row(page, 1, 2)).to_be_visible()


@pytest.mark.usefixtures("_people")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_with_every_kind_of_row(sign_in: SignIn, scheme: Literal["light", "dark"]) -> None:
    page = sign_in("marketer", color_scheme=scheme, reduced_motion="reduce", viewport=PHONE)
    page.goto("/segments/new/condition/")
    for number, kind in enumerate(("Attribute", "Event", "Label", "Segment", "Object"), 1):
        if number > 1:
            page.get_by_role("button", name="Add a condition").click()
        row = _row(page, number)
        row.get_by_label("Kind of condition").select_option(kind)
        expect(row.get_by_label("Kind of condition")).to_be_visible()
    page.get_by_role("button", name="Add an attribute").press("Enter")
    second = page.get_by_role("group", name="Attribute 2 of the object in condition 5 of group 1")
    expect(second.get_by_label("Attribute of the object")).to_be_focused()
    page.get_by_role("button", name="Remove attribute 1 of the object").press("Enter")
    expect(second).to_have_count(0)
    expect(page.get_by_role("button", name="Add an attribute")).to_be_focused()
    page.get_by_role("button", name="Add an attribute").press("Enter")
    page.get_by_role("button", name="Add a group").click()
    expect(_row(page, 1, 2)).to_be_visible()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]

"""The calendar in a browser: dragging to another day asks for the time, and the keyboard's way does the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import SignIn
from tests.product import Product

#: A month far from everything that other tests schedule.
MONTH = "/calendar/?view=month&on=2031-05-01"


@pytest.fixture(scope="module")
def planned(product: Product) -> dict[str, int]:
    """Two voice drafts with a start in May 2031, and a running text whose schedule is locked."""
    api, admin = product.api(), product.api("admin")
    segment = api.list_of("Calendar", [{"external_id": "calendar-1", "phone": "+447700900123"}])
    sandbox = admin.post("/connections", {"name": "Calendar", "provider": "sandbox", "settings": {}})["id"]
    made = {}
    for name, kind, at in (
        ("Dragged calls", "voice", "2031-05-06T10:00:00+00:00"),
        ("Typed calls", "voice", "2031-05-07T10:00:00+00:00"),
    ):
        channel = {"kind": kind, "connection": sandbox, "content": {"body": "Hello"}}
        body = {"kind": kind, "name": name, "audience": {"segment": segment}, "channels": [channel]}
        made[name] = api.post("/campaigns", {**body, "starts_at": at})["id"]
    letter = {"kind": "email", "connection": sandbox, "content": {"subject": "x", "body": "y"}}
    rule = {"type": "recurring", "rrule": "FREQ=DAILY;COUNT=3", "starts_at": "2031-05-20T10:00:00+00:00"}
    body = {"kind": "message", "name": "By rule", "audience": {"segment": segment}, "channels": [letter]}
    made["By rule"] = api.post("/campaigns", {**body, "delivery": rule})["id"]
    product.api("approver").post(f"/campaigns/{made['By rule']}/actions/publish")
    return made


def day(page: Page, date: str) -> Locator:
    return page.locator(f"[data-day='{date}']")


def entry(page: Page, name: str) -> Locator:
    return page.locator(".plan-entry").filter(has_text=name)


def test_an_entry_is_dragged_to_another_day(
    product: Product, sign_in: SignIn, planned: dict[str, int]
) -> None:
    page = sign_in("marketer")
    page.goto(MONTH)
    expect(day(page, "2031-05-06")).to_contain_text("Dragged calls")
    before = product.api().get(f"/campaigns/{planned['Dragged calls']}")["starts_at"]
    entry(page, "Dragged calls").drag_to(day(page, "2031-05-15"))
    dialog = page.get_by_role("dialog")
    field = dialog.get_by_label("New time")
    expect(field).to_have_value(f"2031-05-15T{local_clock(field)}")
    field.fill("2031-05-15T14:30")
    with page.expect_navigation():
        dialog.get_by_role("button", name="Move it").click()
    expect(day(page, "2031-05-15")).to_contain_text("14:30")
    expect(day(page, "2031-05-15")).to_contain_text("Dragged calls")
    after = product.api().get(f"/campaigns/{planned['Dragged calls']}")["starts_at"]
    moved = datetime.fromisoformat(after) - datetime.fromisoformat(before)
    assert timedelta(days=8) < moved < timedelta(days=10)
    assert datetime.fromisoformat(after).astimezone(UTC).month == 5


def local_clock(field: Locator) -> str:
    """The time of day that the dialog has kept, whatever the workspace's zone."""
    expect(field).to_be_visible()
    return field.input_value().partition("T")[2]


def test_the_keyboard_moves_it_too(sign_in: SignIn, planned: dict[str, int]) -> None:
    page = sign_in("marketer")
    page.goto(MONTH)
    button = entry(page, "Typed calls").get_by_role("link", name="Move")
    button.focus()
    page.keyboard.press("Enter")
    field = page.get_by_role("dialog").get_by_label("New time")
    expect(field).to_be_focused()
    field.fill("2031-05-22T09:15")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(day(page, "2031-05-22")).to_contain_text("Typed calls")


def test_what_follows_a_rule_says_so_and_goes_back(sign_in: SignIn, planned: dict[str, int]) -> None:
    page = sign_in("marketer")
    page.goto(MONTH)
    expect(day(page, "2031-05-22")).to_contain_text("By rule")
    day(page, "2031-05-22").locator(".plan-entry").filter(has_text="By rule").drag_to(day(page, "2031-05-12"))
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("alert")).to_be_visible()
    expect(dialog.get_by_role("button", name="Move it")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(entry(page, "By rule").get_by_role("link", name="Move").first).to_be_visible()


def test_on_a_phone_days_stand_below_each_other(sign_in: SignIn, planned: dict[str, int]) -> None:
    page = sign_in("marketer", viewport={"width": 360, "height": 740})
    # What other tests repeat each month stays out of sight: a day must be empty.
    page.goto(f"{MONTH}&q=By+rule")
    expect(day(page, "2031-05-21")).to_contain_text("21 May")
    expect(day(page, "2031-05-02")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

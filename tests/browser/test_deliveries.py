"""The schedule of a message in the browser: chosen by mouse and keys, its next runs shown while it is typed."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.conftest import SignIn
from tests.product import Product

AXE = Axe()
PHONE = {"width": 360, "height": 740}


@pytest.fixture
def draft(product: Product) -> int:
    """A message that says nothing yet about when."""
    return int(product.api().post("/campaigns", {"kind": "message", "name": "Every month"})["id"])


def test_a_recurring_message_is_set_and_shown(sign_in: SignIn, draft: int) -> None:
    page = sign_in("marketer")
    page.goto(f"/campaigns/{draft}/edit/when/")
    page.get_by_label("Again and again").check()
    page.get_by_label("Time zone").select_option("Europe/Berlin")
    page.get_by_label("Start at").fill("2031-01-31T02:30")
    page.get_by_label("Unit").select_option("MONTHLY")
    words = page.locator("#next-runs")
    expect(words).to_contain_text("Every month on day 31 at 02:30 (Europe/Berlin)")
    expect(words).to_contain_text("months without a day 31 are left out")
    page.get_by_label("Day of the month").select_option("last")
    expect(words).to_contain_text("Every month on the last day at 02:30")
    expect(words.locator("li")).to_have_count(5)
    page.get_by_label("Unit").select_option("WEEKLY")
    page.get_by_label("Sunday").check()
    page.get_by_label("Start at").fill("2031-03-23T02:30")
    expect(words).to_contain_text("there is no 02:30 that day, so it runs at 03:30")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved: when.")).to_be_visible()
    expect(page.get_by_label("Sunday")).to_be_checked()
    expect(page.get_by_label("Again and again")).to_be_checked()
    page.goto(f"/campaigns/{draft}/")
    expect(page.get_by_role("region", name="Runs")).to_contain_text("Every week on Sunday at 02:30")


def test_dates_are_added_by_keyboard(sign_in: SignIn, draft: int) -> None:
    page = sign_in("marketer", viewport=PHONE)
    page.goto(f"/campaigns/{draft}/edit/when/")
    page.get_by_label("On several dates").check()
    for number, day in enumerate(("01", "02", "03"), 1):
        if number == 3:
            page.get_by_role("button", name="Add a date").press("Enter")
        page.get_by_label(f"Date {number}", exact=True).fill(f"2031-03-{day}T09:00")
    expect(page.locator("#next-runs li")).to_have_count(3)
    page.get_by_role("button", name="Save", exact=True).press("Enter")
    expect(page.get_by_text("Saved: when.")).to_be_visible()
    expect(page.get_by_label("Date 3", exact=True)).to_have_value("2031-03-03T09:00")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_delivery_has_a_barrier(sign_in: SignIn, draft: int, scheme: str) -> None:
    page = sign_in("marketer", viewport=PHONE, color_scheme=scheme, reduced_motion="reduce")
    page.goto(f"/campaigns/{draft}/edit/when/")
    for mode in ("recurring", "multiple_dates", "action", "inaction", "date_time", "api"):
        page.locator(f"input[name=mode][value={mode}]").check()
        found = AXE.run(page)
        assert found.violations_count == 0, f"{mode}: {found.generate_report()}"
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, mode

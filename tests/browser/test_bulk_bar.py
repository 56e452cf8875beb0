"""The campaign list: several at once through the bulk bar, and why an action is not to be had."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import SignIn
from tests.product import Product

RUNNING = ("Bulk text one", "Bulk text two")
DRAFT = "Bulk journey draft"


@pytest.fixture(scope="module")
def three_campaigns(product: Product) -> None:
    """Two texts that run and wait for a connection, and the draft of a journey."""
    api, admin = product.api(), product.api("admin")
    segment = api.list_of(
        "Bulk", [{"external_id": f"bulk-{n}", "phone": f"+44770093{n:04}"} for n in range(4)]
    )
    texts = admin.post("/connections", {"name": "Resting texts", "provider": "sandbox", "settings": {}})["id"]
    content = {"body": "Hello"}
    for name in RUNNING:
        made = api.post(
            "/campaigns",
            {
                "kind": "sms",
                "name": name,
                "audience": {"segment": segment},
                "channels": [{"kind": "sms", "connection": texts, "content": content}],
            },
        )
        api.post(f"/campaigns/{made['id']}/actions/schedule", {"starts_at": soon()})
    admin.post(f"/connections/{texts}/stop")
    api.post("/campaigns", {"kind": "journey", "name": DRAFT})


def soon() -> str:
    """A moment from now."""
    return (datetime.now(UTC) + timedelta(seconds=3)).isoformat()


def test_several_are_stopped_and_archived_with_a_report_for_each(
    product: Product, sign_in: SignIn, three_campaigns: None
) -> None:
    page = sign_in("marketer")
    page.goto("/campaigns/?q=Bulk")
    for name in RUNNING:
        expect(row(page, name)).to_contain_text("Running")
    choose(page, *RUNNING, DRAFT)
    press(page, "Stop")
    expect(page.get_by_role("heading", level=1)).to_have_text("Stop 2 of 3 selected campaigns")
    expect(page.get_by_role("listitem").filter(has_text=DRAFT)).to_contain_text(
        re.compile("Draft|no action|not")
    )
    page.get_by_role("button", name="Stop 2 campaigns").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("2 of 2 stopped")
    for name in RUNNING:
        expect(page.get_by_role("row").filter(has_text=name)).to_contain_text("Done")

    page.get_by_role("link", name="Back to the list").click()
    for name in RUNNING:
        expect(row(page, name)).to_contain_text("Stopped")
    choose(page, *RUNNING)
    press(page, "Archive")
    page.get_by_role("button", name="Archive 2 campaigns").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("2 of 2 archived")
    page.goto("/campaigns/?tab=archived&q=Bulk")
    for name in RUNNING:
        expect(row(page, name)).to_contain_text("Archived")
    product.assert_ledger_agrees()


def test_an_action_that_is_not_to_be_had_says_why(
    product: Product, sign_in: SignIn, three_campaigns: None
) -> None:
    page = sign_in("marketer")
    page.goto("/campaigns/?q=Bulk")
    page.get_by_role("button", name=f"Actions for {DRAFT}").click()
    start = page.get_by_role("menuitem", name=re.compile("^Start now"))
    expect(start).to_have_attribute("aria-disabled", "true")
    expect(start).to_contain_text(re.compile("needs", re.I))
    start.click(force=True)
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert "actions/start" not in page.url


def row(page: Page, name: str) -> Locator:
    """The row of a campaign."""
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))


def choose(page: Page, *names: str) -> None:
    """Tick these, and see the bar count them."""
    expect(page.get_by_role("region", name="Selected campaigns")).to_be_hidden()
    for number, name in enumerate(names, start=1):
        page.get_by_role("checkbox", name=f"Select {name}").check()
        expect(page.get_by_role("region", name="Selected campaigns")).to_contain_text(f"{number} selected")


def press(page: Page, action: str) -> None:
    """A button of the bar."""
    bar = page.get_by_role("region", name="Selected campaigns")
    bar.get_by_role("button", name=re.compile(f"^{action}")).click()

"""What a person does on several pages of the console, step by step."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect


def new_campaign(page: Page, kind: str, name: str, first: str = "who") -> int:
    """Make a draft of this kind (its title on the card); answers its id. The page is then at its first section."""
    page.goto("/campaigns/new/")
    page.get_by_label("Name").fill(name)
    page.get_by_role("radio", name=re.compile(f"^{kind}")).check()
    page.get_by_role("button", name="Make the draft").click()
    page.wait_for_url(f"**/edit/{first}/")
    return int(page.url.split("/")[-4])


def save_and_go_on(page: Page, to: str) -> None:
    """Save a section of a draft and see the next one come."""
    page.get_by_role("button", name="Save and go on").click()
    page.wait_for_url(f"**/{to}/")


def open_dialog(page: Page, action: str) -> Locator:
    """Choose an action from the menu of the campaign's page; answers its confirmation."""
    page.get_by_role("button", name="Actions", exact=True).click()
    page.get_by_role("menuitem", name=action, exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    return dialog


def confirm(dialog: Locator, verb: str) -> None:
    """Press the button that does it, and see the page come that shows what it did."""
    with dialog.page.expect_navigation():
        dialog.get_by_role("button", name=verb, exact=True).click()
    expect(dialog).to_be_hidden()


def stay(page: Page) -> None:
    """Remember that this document is the one; `assert_stayed` finds out whether it was loaded again."""
    page.evaluate("window.loadedOnce = true")


def assert_stayed(page: Page) -> None:
    """Nothing has loaded the page again since `stay`."""
    assert page.evaluate("window.loadedOnce === true"), "The page was loaded again."


def number_in(text: str, pattern: str) -> int:
    """The number that stands where the pattern has its group, thousands separated or not."""
    found = re.search(pattern, text)
    assert found, f"{pattern!r} is not in {text!r}"
    return int(found[1].replace(",", ""))


def tile(page: Page, label: str) -> Locator:
    """The tile with this label on the page of a campaign."""
    return page.locator("#tiles").get_by_role("link").filter(has_text=re.compile(f"^\\s*{label}"))

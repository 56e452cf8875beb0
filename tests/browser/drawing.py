"""What a person does to the drawing of a workflow: pluses, cards and the forms of its steps."""

from __future__ import annotations

import re

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect


def plus(place: Page | Locator, where: str) -> Locator:
    return place.get_by_role("link", name=f"Add a step {where}", exact=True)


def add(page: Page, where: Locator, kind: str) -> None:
    """Press a plus and choose what kind of step it is; its form comes."""
    where.click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile(f"^{kind}")).click()
    expect(page.get_by_role("button", name="Keep this step")).to_be_visible()


def write(page: Page, subject: str, body: str) -> None:
    """Fill in a message, see what somebody would get, and keep it."""
    page.get_by_label("Subject").fill(subject)
    page.get_by_label("Message", exact=True).fill(body)
    keep(page, subject)


def keep(page: Page, name: str) -> None:
    """Give the step a name and go back to the drawing."""
    page.get_by_label(re.compile(r"^Name\s")).fill(name)
    page.get_by_role("button", name="Keep this step").click()
    expect(card(page, name)).to_be_visible()


def card(page: Page, name: str) -> Locator:
    return page.get_by_role("article", name=re.compile(rf"^Step \d+: {re.escape(name)}$"))


def drawn(page: Page) -> list[str]:
    """The names of the cards from top to bottom."""
    return page.locator(".flow-card-title").all_inner_texts()


def no_barriers(page: Page) -> list[str]:
    return [found["id"] for found in Axe().run(page).response["violations"]]

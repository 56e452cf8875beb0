"""Stopping a journey with people inside: two ways, each with live numbers, and all of it by keyboard."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import SignIn
from tests.product import Product

PEOPLE = 12


def message(key: str, channel: str) -> dict[str, str]:
    """A step that sends something over a channel."""
    return {"key": key, "type": "message", "channel": channel, "subject": "Hello", "body": "Welcome."}


@pytest.fixture(scope="module")
def waiting_journey(product: Product) -> int:
    """A running journey: everybody has an in-app message, an e-mail that waits for its connection, and is inside."""
    api, admin = product.api(), product.api("admin")
    segment = api.list_of("Inside", [])
    inbox = next(c["id"] for c in admin.get("/connections")["items"] if c["provider"] == "in_app")
    mail = admin.post("/connections", {"name": "Resting mail", "provider": "sandbox", "settings": {}})["id"]
    wait = {"key": "wait", "type": "delay", "for": "2 days"}
    made = api.post(
        "/campaigns",
        {
            "kind": "journey",
            "name": "Welcome, step by step",
            "trigger": {"type": "segment", "in": [[segment]]},
            "channels": [{"kind": "in_app", "connection": inbox}, {"kind": "email", "connection": mail}],
            "workflow": [
                message("note", "in_app"),
                message("letter", "email"),
                wait,
                message("again", "in_app"),
            ],
        },
    )
    api.post(f"/campaigns/{made['id']}/actions/start")
    # First the connection rests, then they come: no e-mail is quicker than that.
    admin.post(f"/connections/{mail}/stop")
    people = [{"external_id": f"inside-{n}", "email": f"inside-{n}@example.test"} for n in range(PEOPLE)]
    api.add_people(segment, people)
    return made["id"]


def test_the_dialog_states_both_ways_and_is_used_by_keyboard(
    product: Product, sign_in: SignIn, waiting_journey: int
) -> None:
    page = sign_in("marketer")
    page.goto(f"/campaigns/{waiting_journey}/")
    everybody_is_inside(page)
    dialog = open_by_keyboard(page, "Stop now")
    assert_states_the_numbers(dialog)
    assert_keeps_the_focus(page, dialog)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Actions", exact=True)).to_be_focused()
    expect(page.locator("#head-status")).to_contain_text("Running")
    finish_by_keyboard(page)
    exit_everyone(page)
    product.assert_ledger_agrees()


def everybody_is_inside(page: Page) -> None:
    """Wait until they have entered and have what they get at once; the page says so by itself."""
    channels = page.get_by_role("region", name="Channels")
    expect(channels).to_contain_text(f"{PEOPLE} in progress")
    expect(channels).to_contain_text(re.compile(rf"{PEOPLE}\s+sent"))
    expect(channels).to_contain_text(f"0 of {PEOPLE}")


def open_by_keyboard(page: Page, action: str) -> Locator:
    """Enter opens the menu, arrows choose, Enter opens the dialog."""
    button = page.get_by_role("button", name="Actions", exact=True)
    button.focus()
    page.keyboard.press("Enter")
    entries = page.get_by_role("menuitem")
    expect(entries.first).to_be_focused()
    wanted = page.get_by_role("menuitem", name=re.compile(f"^{action}"))
    for _ in range(entries.count()):
        if wanted.evaluate("item => item === document.activeElement"):
            break
        page.keyboard.press("ArrowDown")
    expect(wanted).to_be_focused()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    return dialog


def assert_states_the_numbers(dialog: Locator) -> None:
    expect(dialog).to_contain_text(f"{PEOPLE} people are in progress")
    ways = dialog.locator("label.choice")
    expect(ways.filter(has_text="Exit immediately")).to_contain_text(
        f"{PEOPLE} unsent messages are cancelled"
    )
    expect(ways.filter(has_text="Exit immediately")).to_contain_text(
        f"{PEOPLE} in-app messages not opened yet are recalled"
    )
    expect(ways.filter(has_text="Finish their journey")).to_contain_text(
        "stays Stopping until the last one leaves"
    )


def assert_keeps_the_focus(page: Page, dialog: Locator) -> None:
    """The first way is focused, and Tab never leads to the page behind."""
    expect(dialog.get_by_role("radio").first).to_be_focused()
    for _ in range(8):
        page.keyboard.press("Tab")
        where = page.evaluate(
            "() => document.activeElement === document.body || !!document.activeElement.closest('dialog')"
        )
        assert where, "Tab led out of the open dialog."


def finish_by_keyboard(page: Page) -> None:
    """Arrow down to the second way, Enter: nobody new enters, those inside go on."""
    dialog = open_by_keyboard(page, "Stop now")
    expect(dialog.get_by_role("radio").first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(dialog.get_by_role("radio", name=re.compile("Finish"))).to_be_checked()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator("#head-status")).to_contain_text("Stopping")
    expect(page.get_by_role("region", name="Channels")).to_contain_text(f"{PEOPLE} in progress")


def exit_everyone(page: Page) -> None:
    """What is left of the menu while it is stopping; unsent is cancelled, unopened is recalled."""
    dialog = open_by_keyboard(page, "Stop now")
    assert "Finish their journey" not in dialog.inner_text()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator("#head-status")).to_contain_text("Stopped")
    channels = page.get_by_role("region", name="Channels")
    expect(channels).to_contain_text(re.compile(rf"{PEOPLE}\s+recalled"))
    expect(channels).to_contain_text(re.compile(rf"{PEOPLE}\s+cancelled"))
    expect(channels).to_contain_text("0 in progress")

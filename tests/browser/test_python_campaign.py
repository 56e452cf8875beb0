"""A python campaign in the browser: Created, Configured by itself, Running, messages in the outbox, the log, Stop."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn
from tests.browser.steps import confirm, new_campaign, open_dialog, save_and_go_on, tile
from tests.product import Product

#: Somewhere it is day, and past nine in the morning.
ZONES = ("UTC", "Asia/Tokyo", "America/Los_Angeles", "Asia/Kolkata", "America/Sao_Paulo")


def test_birthdays_are_greeted_by_a_strategy(product: Product, sign_in: SignIn) -> None:
    product.api().list_of("Birthday friends", somebody())
    admin, page = sign_in("admin"), sign_in("marketer")
    outbox = connect_sandbox(admin)
    campaign = prepare(page)
    confirm(open_dialog(page, "Start"), "Start")
    expect(tile(page, "Sent")).to_contain_text("2")
    look_at_contacts(page)
    look_at_logs(page, campaign)
    admin.goto(outbox)
    for name in ("Ann", "Bob"):
        expect(admin.locator("#content")).to_contain_text(f"Happy birthday, {name}!")
    page.goto(f"/campaigns/{campaign}/")
    confirm(open_dialog(page, "Stop"), "Yes, stop now")
    expect(page.locator(".title-line")).to_contain_text("Configured")
    product.assert_ledger_agrees()


def somebody() -> list[dict[str, object]]:
    """Two whose birthday it is, and one who has told none."""
    now = datetime.now(UTC)
    zone = next(name for name in ZONES if 10 <= now.astimezone(ZoneInfo(name)).hour <= 21)
    today = now.astimezone(ZoneInfo(zone)).date()
    birthday = f"1988-{today:%m-%d}"
    told: dict[str, object] = {"timezone": zone, "email": "", "attributes": {}}
    people = [("ann", birthday), ("bob", birthday), ("cyd", "")]
    return [
        told | {"external_id": f"birthday-{name}", "email": f"{name}@birthdays.test",
                "attributes": {"first_name": name.capitalize(), "birthday": day}}
        for name, day in people
    ]  # fmt: skip


def connect_sandbox(page: Page) -> str:
    """A sandbox of its own; answers the address of its outbox."""
    page.goto("/channels/new/sandbox/")
    page.get_by_label("Name", exact=True).fill("Greetings")
    page.get_by_role("button", name="Save the connection").click()
    page.wait_for_url(re.compile(r"/channels/\d+/$"))
    return f"{page.url}outbox/"


def prepare(page: Page) -> int:
    """Contacts, strategy, channel and time windows; what has both of the first is Configured by itself."""
    campaign = new_campaign(page, "Python", "Birthdays")
    expect(page.locator(".title-line")).to_contain_text("Created")
    page.get_by_label("List").select_option(label="Birthday friends")
    save_and_go_on(page, "edit/what")
    page.get_by_role("radio", name=re.compile("^Birthday greeting")).check()
    page.get_by_role("button", name="Take those of the strategy").click()
    expect(page.get_by_label("Key")).to_have_value("greeting")
    page.get_by_label("Another channel").select_option(label="Email")
    page.get_by_role("button", name="Add channel", exact=True).click()
    page.get_by_role("region", name="Email").get_by_label("Connection").select_option(label="Greetings")
    save_and_go_on(page, "edit/when")
    page.get_by_role("button", name="Add a time window").click()
    for day in ("Saturday", "Sunday"):
        page.get_by_role("checkbox", name=day).check()
    page.get_by_label("From", exact=True).fill("00:00")
    page.get_by_label("To", exact=True).fill("24:00")
    save_and_go_on(page, "review")
    page.goto(f"/campaigns/{campaign}/")
    expect(page.locator(".title-line")).to_contain_text("Configured")
    return campaign


def look_at_contacts(page: Page) -> None:
    """What each contact was sent; who has told no birthday gets nothing."""
    page.get_by_role("link", name="Contacts", exact=True).click()
    expect(page.locator("#content")).to_contain_text("3 of 3 contacts have been asked about")
    expect(page.get_by_role("row", name=re.compile("Ann"))).to_contain_text("Greeting, Email: Sent")
    expect(page.get_by_role("row", name=re.compile("Cyd"))).to_contain_text("Nothing to send")


def look_at_logs(page: Page, campaign: int) -> None:
    """The engine's own lines; a level that has none says so."""
    page.get_by_role("link", name="Logs", exact=True).click()
    expect(page.locator("#log-lines")).to_contain_text("Everybody has been asked about: 3 contacts")
    page.get_by_role("link", name="Error", exact=True).click()
    page.wait_for_url(f"**/campaigns/{campaign}/logs/?level=error")
    expect(page.locator("#log-lines")).to_contain_text("Nothing matches.")

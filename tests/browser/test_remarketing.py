"""Outreach over two channels: one completes, and whoever has not opened gets a text; as many as the page promised."""

from __future__ import annotations

import json
import re
import urllib.request
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, expect

from channels.providers.sandbox.receipts import sign
from tests.browser.conftest import SignIn
from tests.browser.steps import confirm, number_in
from tests.browser.test_pages import violations
from tests.product import Product

PEOPLE, OPENED, SECRET = 30, 12, "spring receipts"


def test_whoever_has_not_opened_gets_a_text(product: Product, sign_in: SignIn) -> None:
    campaign = outreach(product)
    page = sign_in("marketer", color_scheme="light", reduced_motion="reduce")
    page.goto(f"/campaigns/{campaign['id']}/")
    start(page, "Email")
    expect(card(page, "Email")).to_contain_text("Completed")
    expect(page.locator("#head-status")).to_contain_text("Active")
    report(product, sign_in("admin"), campaign["channels"][0]["id"])
    expect_funnel(page, campaign["id"])
    promised = remarket(page, campaign["id"])
    assert promised == PEOPLE - OPENED
    start(page, "SMS")
    expect(card(page, "SMS")).to_contain_text("Completed")
    made = product.api().get(f"/campaigns/{campaign['id']}")["channels"][-1]
    rows = product.api().everything(f"/campaigns/{campaign['id']}/deliveries?channel={made['id']}")
    assert sorted(row["person"] for row in rows) == sorted(f"renew-{n}" for n in range(OPENED, PEOPLE))
    assert {row["status"] for row in rows} == {"sent"}
    product.assert_ledger_agrees()


def outreach(product: Product) -> dict[str, Any]:
    """A campaign with an email channel and one that nobody has started, over connections of its own."""
    api, admin = product.api(), product.api("admin")
    people = [
        {
            "external_id": f"renew-{n}",
            "email": f"renew-{n}@example.test",
            "phone": f"+44770091{n:04}",
            "attributes": {"first_name": "Sam"},
        }
        for n in range(PEOPLE)
    ]
    values = {"provider": "sandbox", "settings": {"receipts_secret": SECRET}}
    mail = admin.post("/connections", {"name": "Renewal mail", **values})["id"]
    admin.post("/connections", {"name": "Renewal texts", "provider": "sandbox"})
    email = {"kind": "email", "connection": mail, "content": {"subject": "Renew", "body": "Hello"}}
    later = {"kind": "whatsapp", "connection": mail, "content": {"body": "Hello"}}
    listed = {"segment": api.list_of("Whoever renews", people)}
    given = {
        "kind": "outreach",
        "name": "Renewals",
        "timezone": "UTC",
        "audience": listed,
        "channels": [email, later],
    }
    return dict(api.post("/campaigns", given))


def card(page: Page, kind: str) -> Locator:
    """The channel's card of the command centre."""
    name = page.locator(".channel-card-name").filter(has_text=re.compile(f"^\\s*{kind}"))
    return page.locator(".channel-card").filter(has=name)


def start(page: Page, kind: str) -> None:
    """Start one channel, and see the page come that says so."""
    card(page, kind).get_by_role("link", name="Start", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    confirm(dialog, "Start")


def report(product: Product, admin: Page, channel: int) -> None:
    """What the provider would say: all of them arrived, and the first were opened."""
    admin.goto("/channels/")
    admin.get_by_role("link", name="Renewal mail").first.click()
    address = product.address + urlsplit(admin.locator("#hook-url").inner_text()).path
    rows = product.api().everything(
        f"/campaigns/{campaign_of(product, channel)}/deliveries?channel={channel}"
    )
    now = datetime.now(UTC)
    events = [
        {"id": f"{kind}-{row['id']}", "message": row["provider_id"], "kind": kind, "at": now.isoformat()}
        for row in rows
        for kind in ("delivered", "opened")
        if kind == "delivered" or int(row["person"].split("-")[1]) < OPENED
    ]
    body = json.dumps({"events": events}).encode()
    headers = sign(SECRET, f"call-{channel}", now, body) | {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(address, body, headers), timeout=60) as answer:
        assert answer.status < 300
    campaign = campaign_of(product, channel)
    product.api().until(f"/campaigns/{campaign}", lambda found: found["counts"]["opened"] == OPENED)


def campaign_of(product: Product, channel: int) -> int:
    found = product.api().everything("/campaigns?kind=outreach")
    return next(row["id"] for row in found if any(c["id"] == channel for c in row["channels"]))


def expect_funnel(page: Page, campaign: int) -> None:
    """The outcomes tab: the numbers in the table and in the picture's words, without a barrier."""
    page.goto(f"/campaigns/{campaign}/")
    page.get_by_role("link", name="Analytics", exact=True).click()
    words = f"Email: audience {PEOPLE}, sent {PEOPLE}, delivered {PEOPLE}, opened {OPENED}, clicked 0"
    expect(page.get_by_role("img", name=words)).to_be_visible()
    assert violations(page) == []


def remarket(page: Page, campaign: int) -> int:
    """By SMS to whoever has not opened; answers the number beside that choice."""
    page.goto(f"/campaigns/{campaign}/")
    card(page, "Email").get_by_role("link", name="Remarket").click()
    choice = page.locator("label.choice").filter(has_text="Delivered, not opened")
    promised = number_in(choice.inner_text(), r"(\d+) people")
    choice.get_by_role("radio").check()
    assert violations(page) == []
    page.get_by_label("Reach them by").select_option(label="Email")
    expect(page.get_by_role("textbox", name="Subject")).to_be_visible()
    expect(choice.get_by_role("radio")).to_be_checked()
    page.get_by_label("Reach them by").select_option(label="SMS")
    sms = page.get_by_role("region", name="SMS")
    sms.get_by_label("Connection").select_option(label="Renewal texts")
    sms.get_by_role("textbox", name="Text").fill("{{ person.first_name }}, have you seen our letter?")
    expect(sms).to_contain_text("Sam, have you seen our letter?")
    page.get_by_role("button", name="Make the channel").click()
    page.wait_for_url(f"**/campaigns/{campaign}/")
    expect(page.get_by_text(f"The SMS channel for {promised} people is ready")).to_be_visible()
    expect(card(page, "SMS")).to_contain_text(f"To {promised} people: delivered, not opened (Email)")
    return promised

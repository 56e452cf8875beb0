"""The snippet in a real browser: it shows every displayed kind, reports what was opened, and drops what was stopped."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn
from tests.product import ApiCaller, Product

TEXTS = {
    "web_popup": "Spring is here, {{ person.first_name }}",
    "web_exit_intent": "Before you go",
    "app_inbox": "Your order is on its way",
    "web_native_display": "Tulips of the day",
}
KINDS = list(TEXTS)


def make(api: ApiCaller, admin: ApiCaller, person: str) -> dict[str, Any]:
    """An outreach campaign with every kind of displayed channel; of two people the first has it all waiting.

    The second is far behind in each queue, so that the channels go on running and can be stopped.
    """
    people = [
        {"external_id": who, "attributes": {"first_name": "Noor"}} for who in (person, f"{person}-later")
    ]
    segment = api.list_of(f"Only {person}", people)
    body = "Have a look <b>now</b>.\n\n[To the shop](https://shop.example/spring)"
    channels = []
    for kind, title in TEXTS.items():
        account = {"name": f"{person} {kind}", "provider": "in_app", "rate_per_second": 0.001}
        own = admin.post("/connections", account)["id"]
        channels.append({"kind": kind, "connection": own, "content": {"subject": title, "body": body}})
    made = api.post(
        "/campaigns",
        {
            "kind": "outreach",
            "name": f"Shown to {person}",
            "audience": {"segment": segment},
            "channels": channels,
        },
    )
    for channel in made["channels"]:
        api.post(f"/channels/{channel['id']}/actions/start")
    return api.until(
        f"/campaigns/{made['id']}", lambda c: all(part["counts"]["sent"] == 1 for part in c["channels"])
    )


@pytest.fixture
def shop(sign_in: SignIn) -> Page:
    """The demo page's browser; it may ask for the texts of links, but goes nowhere."""
    page = sign_in("marketer", color_scheme="light", reduced_motion="reduce")
    page.route("https://shop.example/**", lambda route: route.fulfill(status=200, body="The shop"))
    return page


def opened(api: ApiCaller, campaign: int, kinds: list[str]) -> None:
    """Wait until exactly these channels say that their message was opened."""
    api.until(
        f"/campaigns/{campaign}",
        lambda c: [part["kind"] for part in c["channels"] if part["counts"]["opened"]] == kinds,
    )


def leave_through_the_top(page: Page) -> None:
    page.mouse.move(200, 200)
    page.evaluate(
        "document.documentElement.dispatchEvent(new MouseEvent('mouseleave', {clientX: 200, clientY: -1}))"
    )


def test_a_person_sees_it_all_and_reports_it(shop: Page, product: Product) -> None:
    api, admin = product.api(), product.api("admin")
    campaign = make(api, admin, "noor-sees")["id"]
    shop.goto("/demo/displayed/?person=noor-sees")
    popup = shop.get_by_role("dialog", name="Spring is here, Noor")
    expect(popup).to_be_visible()
    expect(popup).to_contain_text("Have a look <b>now</b>.")
    assert [v["id"] for v in Axe().run(shop).response["violations"]] == []
    shop.keyboard.press("Escape")
    expect(popup).to_be_hidden()
    expect(shop.get_by_role("region", name="Tulips of the day")).to_be_visible()
    opened(api, campaign, ["web_popup", "web_native_display"])

    leave_through_the_top(shop)
    exit_intent = shop.get_by_role("dialog", name="Before you go")
    exit_intent.get_by_role("button", name="Close").press("Enter")
    expect(exit_intent).to_be_hidden()
    opened(api, campaign, ["web_popup", "web_exit_intent", "web_native_display"])

    shop.get_by_role("button", name="Messages (1 new)").press("Enter")
    shop.get_by_text("Your order is on its way").press("Enter")
    expect(shop.get_by_role("button", name="Messages", exact=True)).to_be_visible()
    opened(api, campaign, KINDS)
    assert [v["id"] for v in Axe().run(shop).response["violations"]] == []
    shop.get_by_role("listitem").get_by_role("link", name="To the shop").click()
    shop.wait_for_url("https://shop.example/**")
    inbox = KINDS.index("app_inbox")
    api.until(f"/campaigns/{campaign}", lambda c: c["channels"][inbox]["counts"]["clicked"] == 1)

    shop.goto("/demo/displayed/?person=noor-sees")
    expect(shop.get_by_role("button", name="Messages", exact=True)).to_be_visible()
    expect(shop.get_by_role("dialog", name="Spring is here, Noor")).to_be_hidden()


def test_a_stop_takes_back_what_is_not_opened_yet(shop: Page, product: Product) -> None:
    api, admin = product.api(), product.api("admin")
    campaign = make(api, admin, "noor-late")
    shop.goto("/demo/displayed/?person=noor-late")
    shop.get_by_role("dialog").get_by_role("button", name="Close").click()
    expect(shop.get_by_role("button", name="Messages (1 new)")).to_be_visible()
    for channel in campaign["channels"]:
        if channel["kind"] in ("app_inbox", "web_exit_intent"):
            api.post(f"/channels/{channel['id']}/actions/stop")
    expect(shop.get_by_role("button", name="Messages", exact=True)).to_be_visible()
    leave_through_the_top(shop)
    shop.get_by_role("button", name="Messages", exact=True).click()
    expect(shop.get_by_text("Nothing here.")).to_be_visible()
    expect(shop.get_by_role("dialog")).to_have_count(0)
    opened(api, campaign["id"], ["web_popup", "web_native_display"])

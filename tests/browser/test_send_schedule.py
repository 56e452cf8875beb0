"""Of a scheduled SMS campaign only the times of its messages are moved; a voice campaign says whom it calls again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SignIn
from tests.product import Product

SOON = (datetime.now(UTC) + timedelta(days=3)).replace(hour=9, minute=0, second=0, microsecond=0)


@pytest.fixture(scope="module")
def made(product: Product) -> dict[str, Any]:
    """Two friends, a sandbox, an SMS campaign of two messages that is scheduled, and a voice campaign's draft."""
    api = product.api("admin")
    settings: dict[str, Any] = {}
    sandbox = api.post("/connections", {"name": "Phones", "provider": "sandbox", "settings": settings})["id"]
    people = [{"external_id": f"ring-{n}", "phone": f"+44770094{n:04}"} for n in range(2)]
    listed = api.list_of("Ring friends", people)
    audience = {"segment": listed}

    def item(kind: str, body: str) -> dict[str, Any]:
        return {"kind": kind, "connection": sandbox, "content": {"body": body}}

    texts = api.post(
        "/campaigns",
        {"kind": "sms", "name": "Garden party", "audience": audience, "timezone": "UTC",
         "channels": [item("sms", "The garden opens on Sunday."), item("sms", "It opens tomorrow!")]},
    )  # fmt: skip
    api.post(f"/campaigns/{texts['id']}/actions/schedule", {"starts_at": SOON.isoformat()})
    calls = api.post(
        "/campaigns",
        {"kind": "voice", "name": "Ring them", "audience": audience, "channels": [item("voice", "Hello!")]},
    )
    return {"texts": texts["id"], "calls": calls["id"], "api": api}


def test_only_the_times_of_the_messages_are_moved(made: dict[str, Any], sign_in: SignIn) -> None:
    page = sign_in("marketer")
    page.goto(f"/campaigns/{made['texts']}/")
    page.get_by_role("button", name="Actions", exact=True).click()
    page.get_by_role("menuitem", name="Adjust send schedule").click()
    expect(page.get_by_role("heading", name="Send schedule")).to_be_visible()
    page.get_by_label("Message 2 goes out at").fill((SOON + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M"))
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(f"**/campaigns/{made['texts']}/")
    expect(page.get_by_text("SMS: message 2 goes out.")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"/campaigns/{made['texts']}/edit/schedule/")
    page.goto(f"/campaigns/{made['texts']}/edit/what/")
    page.wait_for_url(f"**/campaigns/{made['texts']}/")
    found = made["api"].get(f"/campaigns/{made['texts']}")["channels"]
    assert [one["sends_at"] for one in found] == [None, f"{SOON + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"]


def test_whom_a_voice_campaign_calls_again_is_chosen_with_its_text(
    made: dict[str, Any], sign_in: SignIn
) -> None:
    page = sign_in("marketer")
    page.goto(f"/campaigns/{made['calls']}/edit/what/")
    page.get_by_label("Busy").select_option("2")
    page.locator("input[name=c0-after-busy]").fill("10 minutes")
    page.get_by_role("button", name="Save and go on").click()
    page.wait_for_url("**/edit/when/")
    page.goto(f"/campaigns/{made['calls']}/")
    expect(page.get_by_text("Busy: called again up to 2 times, 10 minutes later.")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark")
    page.goto(f"/campaigns/{made['calls']}/edit/what/")

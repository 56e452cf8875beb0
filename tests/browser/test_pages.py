"""Every page for everybody: no barrier that axe finds, light or dark, nothing that scrolls sideways on a phone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn
from tests.product import Product

AXE = Axe()
#: What can differ between light and dark.
COLOUR_RULES = ["color-contrast", "link-in-text-block"]
PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def campaign(product: Product) -> int:
    """A finished campaign with every kind of outcome that a page shows."""
    api, admin = product.api(), product.api("admin")
    people = [
        {
            "external_id": f"reader-{n}",
            "email": f"reader-{n}@example.test",
            "attributes": {"first_name": "Noor"},
        }
        for n in range(6)
    ]
    segment = api.list_of("Readers of a very long name that a narrow screen has to break somewhere", people)
    mail = admin.post(
        "/connections", {"name": "Half of it fails", "provider": "sandbox", "settings": {"fail_rate": 0.5}}
    )["id"]
    api.post("/labels", {"name": "Onboarding"})
    content = {"subject": "News for {{ person.first_name }}", "body": "Hello"}
    made = api.post(
        "/campaigns",
        {
            "kind": "outreach",
            "name": "Newsletter for the readers of the garden letters, autumn edition",
            "labels": ["Onboarding"],
            "audience": {"segment": segment},
            "channels": [{"kind": "email", "connection": mail, "content": content}],
        },
    )
    api.post(f"/channels/{made['channels'][0]['id']}/actions/start")
    return made["id"]


@pytest.fixture(scope="module")
def asked(product: Product, campaign: int) -> int:
    """A request for approval: an edit of a letter that is scheduled, so that there is something to compare."""
    api, approver = product.api(), product.api("approver")
    done = api.get(f"/campaigns/{campaign}")
    channel = {"kind": "email", "connection": done["channels"][0]["connection"]}
    content = {"subject": "Spring", "body": "<html><body><p>It opens on Monday.</p></body></html>"}
    at = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    letter = {
        "kind": "message", "name": "Letter", "audience": done["audience"], "delivery": {"type": "one_time", "at": at},
        "channels": [channel | {"content": content}],
    }  # fmt: skip
    made = api.post("/campaigns", letter)["id"]
    version = approver.post(f"/campaigns/{made}/actions/publish")["version"]
    changed = content | {"body": content["body"].replace("Monday", "Tuesday")}
    edit = {"version": version, "channels": [channel | {"content": changed}]}
    status, answer = api.answer("PATCH", f"/campaigns/{made}", edit)
    assert status == 200 and answer["status"] == "pending_approval", answer
    return next(row["id"] for row in api.everything("/approvals") if row["campaign"] == made)


def pages(campaign: int, asked: int) -> dict[str, str]:
    """The pages by their names."""
    return {
        "list": "/campaigns/",
        "filters": "/campaigns/?panel=1",
        "archived": "/campaigns/?tab=archived",
        "detail": f"/campaigns/{campaign}/",
        "content": f"/campaigns/{campaign}/content/",
        "participants": f"/campaigns/{campaign}/participants/",
        "messages": f"/campaigns/{campaign}/messages/",
        "activity": f"/campaigns/{campaign}/activity/",
        "new campaign": "/campaigns/new/",
        "calendar": "/calendar/",
        "calendar of a week": "/calendar/?view=week",
        "agenda": "/calendar/?view=agenda",
        "move": f"/calendar/{campaign}/move/",
        "test send": f"/campaigns/{campaign}/test/",
        "who": f"/campaigns/{campaign}/edit/who/",
        "what": f"/campaigns/{campaign}/edit/what/",
        "when": f"/campaigns/{campaign}/edit/when/",
        "review": f"/campaigns/{campaign}/review/",
        "people": "/people/",
        "import": "/people/import/",
        "segments": "/segments/",
        "labels": "/labels/",
        "approvals": "/approvals/",
        "decided": "/approvals/?tab=decided",
        "request": f"/approvals/{asked}/",
        "notifications": "/notifications/",
        "policy": "/settings/approvals/",
        "log of settings": "/settings/activity/",
        "connections": "/channels/",
        "new connection": "/channels/new/smtp/",
        "lifecycles": "/help/lifecycles/",
        "topics": "/topics/",
        "agents": "/channels/agents/",
        "site": "/channels/site/",
    }


def test_axe_finds_nothing_on_any_page_light_or_dark(sign_in: SignIn, campaign: int, asked: int) -> None:
    page = sign_in("admin", color_scheme="light", reduced_motion="reduce")
    page.goto(f"/campaigns/{campaign}/")
    expect(page.locator("#head-status")).to_contain_text("Completed")
    found: dict[str, list[str]] = {}
    for name, address in pages(campaign, asked).items():
        page.goto(address)
        found[name] = violations(page)
    stranger = sign_in("", color_scheme="light", reduced_motion="reduce")
    stranger.goto("/login/")
    found["log-in"] = violations(stranger)
    page.goto(f"/campaigns/{campaign}/")
    page.get_by_role("button", name="Actions", exact=True).click()
    expect(page.get_by_role("menu", name="Actions for")).to_be_visible()
    found["open menu"] = violations(page)
    page.get_by_role("menuitem", name="Delete").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    found["open dialog"] = violations(page)
    assert {name: lines for name, lines in found.items() if lines} == {}


def violations(page: Page) -> list[str]:
    """What axe finds on the page as it is, in a line each; in the dark again what has to do with colours."""
    page.wait_for_function("() => !document.querySelector('.htmx-request')")
    found = [f"light: {line}" for line in run_axe(page, {})]
    turn(page, "dark")
    found += [f"dark: {line}" for line in run_axe(page, {"runOnly": COLOUR_RULES})]
    turn(page, "light")
    return found


def turn(page: Page, scheme: Literal["light", "dark"]) -> None:
    """The system turns dark or light, and the page with it."""
    page.emulate_media(color_scheme=scheme)
    expect(page.locator("html")).to_have_attribute("data-bs-theme", scheme)


def run_axe(page: Page, options: dict[str, Any]) -> list[str]:
    """A line for everything that axe objects to."""
    result = AXE.run(page, options={"resultTypes": ["violations"], **options})
    return [
        f"{rule['id']}: {node['html'][:160]} ({node.get('failureSummary', '')[:300]})"
        for rule in result.response["violations"]
        for node in rule["nodes"]
    ]


def test_nothing_scrolls_sideways_on_a_phone(sign_in: SignIn, campaign: int, asked: int) -> None:
    page = sign_in("admin", viewport=PHONE)
    too_wide = {}
    for name, address in pages(campaign, asked).items():
        page.goto(address)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > PHONE["width"]:
            too_wide[name] = width
    assert too_wide == {}

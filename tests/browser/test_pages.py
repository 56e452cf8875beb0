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


@pytest.fixture(scope="module")
def journey(product: Product) -> int:
    """A journey with people inside; and an agent, whose name is long."""
    api, admin = product.api(), product.api("admin")
    mail = admin.post("/connections", {"name": "Mail of journeys", "provider": "sandbox", "settings": {}})[
        "id"
    ]
    admin.post(
        "/agents", {"name": "Sender of the evenings in the southern half of the country", "connection": mail}
    )
    walkers = [{"external_id": f"walker-{n}", "email": f"walker-{n}@example.test"} for n in range(3)]
    segment = api.list_of("Walkers", walkers)
    letter = {"type": "message", "channel": "email", "subject": "What you can do now", "body": "Hello"}
    ways = [
        {"name": "A short letter about the one thing", "weight": 1, "steps": [letter | {"key": "short"}]},
        {"name": "Nothing", "weight": 1, "steps": []},
    ]
    steps = [letter | {"key": "hello"}, {"key": "test", "type": "split", "variants": ways}]
    body = {
        "kind": "journey", "name": "Walk through the garden, with letters on the way",
        "trigger": {"type": "segment", "in": [[segment]]}, "channels": [{"kind": "email", "connection": mail}],
        "workflow": [*steps, {"key": "rest", "type": "delay", "for": "2 days"}],
    }  # fmt: skip
    made: int = api.post("/campaigns", body)["id"]
    api.post(f"/campaigns/{made}/actions/start")
    api.until(f"/campaigns/{made}", lambda row: row["counts"]["sent"] >= len(walkers))
    return made


def pages_with_people(journey: int) -> dict[str, str]:
    """Those of a journey, which has more of them than a campaign that sends once."""
    return {
        "workflow": f"/campaigns/{journey}/content/",
        "people inside": f"/campaigns/{journey}/participants/",
        "funnel": f"/campaigns/{journey}/analytics/?split=test",
        "dry run": f"/campaigns/{journey}/dry-run/",
        "builder": f"/campaigns/{journey}/edit/what/",
        "trigger": f"/campaigns/{journey}/edit/who/",
        "stop": f"/campaigns/{journey}/actions/stop/",
        "objects": "/objects/",
    }


#: What is wider than its place: the page itself, a list, or the tabs, which a thumb would have to move sideways.
TOO_WIDE = """() => [document.documentElement, ...document.querySelectorAll(".table-wrap, .tabs")]
    .filter(part => part.scrollWidth > part.clientWidth + 1)
    .map(part => `${part.className || "page"} ${part.scrollWidth}`)"""


def test_nothing_scrolls_sideways_on_a_phone(
    sign_in: SignIn, campaign: int, asked: int, journey: int
) -> None:
    page = sign_in("admin", viewport=PHONE)
    too_wide = {}
    for name, address in (pages(campaign, asked) | pages_with_people(journey)).items():
        page.goto(address)
        if wide := page.evaluate(TOO_WIDE):
            too_wide[name] = wide
    assert too_wide == {}


def test_on_a_phone_the_picture_shows_where_the_campaign_is(sign_in: SignIn, campaign: int) -> None:
    page = sign_in("admin", viewport=PHONE)
    page.goto(f"/campaigns/{campaign}/")
    node = page.locator(".diagram-scroll .node.is-here").bounding_box()
    frame = page.locator(".diagram-scroll").bounding_box()
    assert node is not None and frame is not None
    assert frame["x"] <= node["x"] and node["x"] + node["width"] <= frame["x"] + frame["width"]

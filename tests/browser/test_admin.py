"""Django admin in a real browser: every page under the content policy, and an action from its button to its report.

`sign_in` fails a test whose pages write an error to the browser's console: a script or style that the policy refused.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn
from tests.product import Product

LISTS = (
    "campaigns/campaign", "campaigns/activity", "campaigns/apikey", "campaigns/importjob", "campaigns/label",
    "campaigns/membership", "campaigns/person", "campaigns/segment", "campaigns/user", "campaigns/workspace",
    "channels/connection", "channels/suppression", "approvals/policy", "approvals/request",
    "django_celery_beat/periodictask",
)  # fmt: skip
ADDABLE = (
    "campaigns/campaign", "campaigns/apikey", "campaigns/label", "campaigns/membership", "campaigns/person",
    "campaigns/segment", "campaigns/user", "campaigns/workspace", "channels/connection",
    "django_celery_beat/periodictask",
)  # fmt: skip


@pytest.fixture(scope="module")
def texts(product: Product) -> list[str]:
    """Two drafts that can be scheduled."""
    api, admin = product.api(), product.api("admin")
    people = [{"external_id": f"admin-{n}", "phone": f"+44207946{n:04d}"} for n in range(5)]
    segment = api.list_of("For the admins", people)
    sandbox = admin.post("/connections", {"name": "Admins' sandbox", "provider": "sandbox", "settings": {}})[
        "id"
    ]
    names = ["Opening hours", "Closing hours"]
    for name in names:
        channel = {"kind": "sms", "connection": sandbox, "content": {"body": "Hello"}}
        data = {"kind": "sms", "name": name, "audience": {"segment": segment}, "channels": [channel]}
        api.post("/campaigns", data)
    return names


def test_every_page_of_the_admin_obeys_the_content_policy(sign_in: SignIn, texts: list[str]) -> None:
    page = sign_in("admin")
    page.goto("/admin/")
    expect(page.get_by_role("heading", name="Campaign console administration")).to_be_visible()
    for name in LISTS:
        page.goto(f"/admin/{name}/")
        expect(page.locator("#changelist")).to_be_visible()
        first = page.locator("#result_list tbody th a").first
        if first.count():
            first.click()
            expect(page.locator("#content-main")).to_be_visible()
    for name in ADDABLE:
        page.goto(f"/admin/{name}/add/")
        expect(page.locator("#content-main")).to_be_visible()
    page.goto("/admin/channels/connection/add/?provider=smtp")
    expect(page.get_by_label("Host")).to_be_visible()


def test_one_is_scheduled_and_cancelled_by_its_buttons(sign_in: SignIn, texts: list[str]) -> None:
    page = sign_in("admin")
    _open(page, texts[0])
    page.get_by_role("link", name="Schedule", exact=True).click()
    expect(page.get_by_text("The audience has 5 people now")).to_be_visible()
    page.get_by_label("Start at").fill("2099-01-01T09:00")
    page.get_by_role("button", name="Schedule").click()
    expect(page.locator(".messagelist")).to_contain_text("has been changed")
    expect(page.locator(".state .tag").first).to_have_text("Scheduled")
    page.get_by_role("link", name="Cancel schedule").click()
    page.get_by_role("button", name="Cancel schedule").click()
    expect(page.locator(".state .tag").first).to_have_text("Defined")


def test_several_are_archived_from_the_list_with_a_report(sign_in: SignIn, texts: list[str]) -> None:
    page = sign_in("admin")
    page.goto("/admin/campaigns/campaign/?q=hours")
    for name in texts:
        page.get_by_role("row", name=name).get_by_role("checkbox").check()
    expect(page.get_by_text("2 of 2 selected")).to_be_visible()
    page.get_by_role("combobox", name="Action:").select_option("archive")
    page.get_by_role("button", name="Go").click()
    expect(page.get_by_text("It applies to 2 of 2 selected campaigns.")).to_be_visible()
    page.get_by_role("button", name="Archive 2 campaigns").click()
    expect(page.get_by_role("status")).to_have_text("Done for 2 of 2 campaigns.")
    expect(page.get_by_text("It is Archived now.")).to_have_count(2)


def _open(page: Page, name: str) -> None:
    page.goto("/admin/campaigns/campaign/")
    page.get_by_role("link", name=name, exact=True).click()

"""One Chromium for these tests, and pages of members who have logged in; a page with an error on its console fails."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Response,
    expect,
    sync_playwright,
)

from tests.product import Product

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
#: A page says so on its own when something is not there; only a hang waits for this long.
PATIENCE_MS = 120_000

SignIn = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder drives a browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


# Per package, not per session: while Playwright runs, Django's own tests would think that they are in an event loop.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The browser; without one the tests are skipped, or fail where REQUIRE_BROWSER=1 says that there must be one."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        reason = "Chromium is not installed; `apt-get install chromium` brings it"
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def sessions() -> dict[str, Any]:
    """Cookies of the members who have logged in already."""
    return {}


@pytest.fixture
def sign_in(chromium: Browser, product: Product, sessions: dict[str, Any]) -> Iterator[SignIn]:
    """``sign_in("marketer")`` or approver, admin; "" for a stranger. Further values are those of a browser context.

    Whatever an opened page writes to its console as an error, a refusal of the content policy among it, fails the test.
    """
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def open_page(role: str, **options: Any) -> Page:
        context = chromium.new_context(
            base_url=product.address, storage_state=sessions.get(role), **{"locale": "en-GB"} | options
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        _listen(page, problems)
        if role and role not in sessions:
            _log_in(page, f"{role}@demo.test", product.password)
            sessions[role] = context.storage_state()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []


#: What htmx writes when a request is given up for a newer one; every real failure has a line of its own.
GIVEN_UP = ("htmx:afterRequest", "htmx:sendAbort")


def _listen(page: Page, problems: list[str]) -> None:
    def heard(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(GIVEN_UP):
            problems.append(f"{page.url}: {message.text}")

    def answered(response: Response) -> None:
        if response.status >= 500:
            problems.append(f"{response.url} answered {response.status}")

    page.on("console", heard)
    page.on("pageerror", lambda error: problems.append(f"{page.url}: {error}"))
    page.on("response", answered)


def _log_in(page: Page, email: str, password: str) -> None:
    page.goto("/login/")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/campaigns/")

"""The pages behind the links of a message, as strangers open them: no barrier, nothing that scrolls sideways."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn
from tests.browser.test_pages import PHONE, violations
from tests.product import Product

_LINK = """
from campaigns.models import Person
from channels.engine.tokens import sign_unsubscribe
person = Person.objects.filter(external_id="chooser").get()
print(sign_unsubscribe(person.workspace_id, person.pk, 1))
"""


@pytest.fixture(scope="module")
def token(product: Product) -> str:
    """What stands in the links of this person's messages."""
    product.api().post("/people", [{"external_id": "chooser", "email": "chooser@example.test"}])
    product.api("admin").post("/topics", {"name": "Offers of the week"})
    made = product.command("shell", "-v", "0", "-c", _LINK)
    assert made.returncode == 0, made.stderr
    return made.stdout.split()[-1]


@pytest.fixture
def stranger(sign_in: SignIn) -> Page:
    return sign_in("", viewport=PHONE, color_scheme="light", reduced_motion="reduce")


@pytest.mark.parametrize("name", ["unsubscribe", "preferences"])
def test_it_has_no_barrier_and_fits_a_phone(stranger: Page, token: str, name: str) -> None:
    stranger.goto(f"/{name}/{token}/")
    expect(stranger.get_by_role("heading").first).to_be_visible()
    assert violations(stranger) == []
    assert stranger.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_a_choice_is_kept(stranger: Page, token: str) -> None:
    stranger.goto(f"/preferences/{token}/")
    stranger.get_by_label("Offers of the week").uncheck()
    stranger.get_by_role("button").first.click()
    expect(stranger.get_by_text("Saved. It holds from now on")).to_be_visible()
    assert violations(stranger) == []
    stranger.goto(f"/preferences/{token}/")
    expect(stranger.get_by_label("Offers of the week")).not_to_be_checked()

"""A letter from its first draft to its second run: sent back, mended, edited and published, and changed between two runs."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import SignIn
from tests.browser.steps import confirm, new_campaign, save_and_go_on
from tests.product import Product
from tests.sinks.sink import Sink

pytestmark = pytest.mark.slow

NAME = "Garden letter"
#: A run needs the beat, the workers and the mail server, on a machine that may be busy.
RUN_MS = 120_000
READERS = 3

#: Time passes: what is planned for tomorrow is due now. The beat that is running finds it, as it would tomorrow.
DUE_NOW = (
    "from django.utils import timezone; from campaigns.models import Run; "
    "print(Run.objects.filter(campaign={campaign}, status='planned').update(occurs_at=timezone.now()))"
)


@pytest.fixture
def connection(product: Product, smtp_sink: Sink) -> int:
    """The mail server that the letters go through."""
    settings = {
        "host": smtp_sink.host, "port": smtp_sink.port, "security": "none", "from_address": "garden@example.test",
    }  # fmt: skip
    made = product.api("admin").post(
        "/connections", {"name": "Letters", "provider": "smtp", "settings": settings}
    )
    return made["id"]


def test_from_the_first_draft_to_the_second_run(
    product: Product, sign_in: SignIn, smtp_sink: Sink, connection: int
) -> None:
    people = [{"external_id": f"letter-{n}", "email": f"letter-{n}@example.test"} for n in range(READERS)]
    product.api().list_of("Readers of the letter", people)
    creator, approver = sign_in("marketer"), sign_in("approver")
    campaign = write(creator)
    send_for_approval(creator, campaign)
    send_back(approver, "The date is wrong.")
    mend(creator, campaign)
    edit_and_publish(approver)
    let_it_run(product, creator, campaign)
    assert texts(smtp_sink) == ["Third text"] * READERS
    change_between_runs(creator, campaign)
    approve_the_change(approver)
    let_it_run(product, creator, campaign)
    assert texts(smtp_sink) == ["Third text"] * READERS + ["Fourth text"] * READERS
    product.assert_ledger_agrees()


def texts(sink: Sink) -> list[str]:
    """What has been sent, in its order."""
    return [letter["subject"] for letter in sink.journal()]


def write(page: Page) -> int:
    """The draft: who, what, and every day at this time from tomorrow on."""
    campaign = new_campaign(page, "Message", NAME)
    page.get_by_label("List").select_option(label="Readers of the letter")
    save_and_go_on(page, "edit/what")
    page.get_by_label("Another channel").select_option(label="Email")
    page.get_by_role("button", name="Add channel").click()
    page.get_by_label("Connection").select_option(label="Letters")
    type_text(page, "First text")
    save_and_go_on(page, "edit/when")
    page.get_by_role("radio", name="Again and again").check()
    starts = datetime.now(UTC) + timedelta(days=1)
    page.get_by_label("Start at").fill(starts.strftime("%Y-%m-%dT%H:%M"))
    expect(page.locator("#next-runs")).to_contain_text("Every day at")
    save_and_go_on(page, "review")
    return campaign


def type_text(page: Page, text: str) -> None:
    """The subject names the version, so that the mail server's journal tells which one went out."""
    page.get_by_label("Subject").fill(text)
    page.get_by_label("Message", exact=True).fill(f"{text}, with all its words.")


def send_for_approval(page: Page, campaign: int) -> None:
    page.goto(f"/campaigns/{campaign}/review/")
    page.get_by_role("link", name="Send for approval").first.click()
    confirm(page.get_by_role("dialog"), "Send for approval")
    expect(page.locator("#head-status")).to_contain_text("Pending for Approval")


def open_request(page: Page) -> None:
    """From the bell to the request, as an approver who has just come in."""
    page.goto("/notifications/")
    page.get_by_role("link", name=f"“{NAME}” waits for your approval").first.click()
    expect(page.get_by_role("heading", name=NAME, level=1)).to_be_visible()


def send_back(page: Page, comment: str) -> None:
    """The whole of it is shown; with a comment it goes back, and the inbox is empty again."""
    open_request(page)
    expect(page.get_by_role("region", name="When")).to_contain_text("Every day at")
    page.get_by_label("Comment").fill(comment)
    page.get_by_role("button", name="Reject", exact=True).click()
    page.wait_for_url("**/approvals/")
    expect(page.get_by_role("link", name=f"Review {NAME}")).to_have_count(0)


def mend(page: Page, campaign: int) -> None:
    """The creator reads why, edits it, and that asks again."""
    page.goto(f"/campaigns/{campaign}/")
    expect(page.locator("#head-status")).to_contain_text("Rejected")
    expect(page.get_by_role("main")).to_contain_text("The date is wrong.")
    page.goto(f"/campaigns/{campaign}/edit/what/")
    expect(page.get_by_text("Your change is sent for approval again.")).to_be_visible()
    type_text(page, "Second text")
    page.get_by_role("button", name="Save and send for approval").click()
    expect(page.locator("#head-status")).to_contain_text("Pending for Approval")


def edit_and_publish(page: Page) -> None:
    """What an approver edits they publish, rather than approve."""
    open_request(page)
    what = page.get_by_role("region", name="What", exact=True)
    expect(what).to_contain_text("Second text")
    page.get_by_role("link", name="Edit & publish").click()
    page.wait_for_url("**/edit/who/")
    page.goto(page.url.replace("/who/", "/what/"))
    type_text(page, "Third text")
    page.get_by_role("button", name="Save and publish").click()
    expect(page.locator("#head-status")).to_contain_text("Scheduled")


def let_it_run(product: Product, page: Page, campaign: int) -> None:
    """Its time comes, everybody gets it, and it waits for the next time."""
    runs = status(page, campaign)
    assert runs in ("Scheduled", "Awaiting Next Run")
    path = f"/campaigns/{campaign}"
    sent = product.api().get(path)["counts"]["sent"]
    moved = product.command("shell", "--no-imports", "-c", DUE_NOW.format(campaign=campaign))
    assert moved.stdout.split()[-1:] == ["1"], moved.stdout + moved.stderr
    product.api().until(path, lambda found: found["counts"]["sent"] == sent + READERS)
    product.api().until(path, lambda found: found["status"] == "awaiting_next_run")
    page.goto(f"/campaigns/{campaign}/")
    expect(page.locator("#head-status")).to_contain_text("Awaiting Next Run", timeout=RUN_MS)


def status(page: Page, campaign: int) -> str:
    page.goto(f"/campaigns/{campaign}/")
    return page.locator("#head-status .tag-status > span").first.inner_text()


def change_between_runs(page: Page, campaign: int) -> None:
    """A creator's edit of a live campaign waits; the page says what becomes of it, before and after."""
    page.goto(f"/campaigns/{campaign}/edit/what/")
    expect(page.get_by_text("a run that falls due before it is approved is skipped")).to_be_visible()
    type_text(page, "Fourth text")
    page.get_by_role("button", name="Save and send for approval").click()
    expect(page.get_by_text("An edit waits for approval")).to_be_visible()
    page.get_by_role("link", name="Review", exact=True).click()
    for name in ("Approve", "Reject"):
        expect(page.get_by_role("button", name=name, exact=True)).to_be_disabled()


def approve_the_change(page: Page) -> None:
    """The approver sees both texts side by side, on a person, and approves."""
    open_request(page)
    differs = page.get_by_role("region", name="What", exact=True)
    marked(differs, "deletion", "Third")
    marked(differs, "insertion", "Fourth")
    expect(page.get_by_role("region", name="As people get it")).to_contain_text(
        "Fourth text, with all its words."
    )
    page.get_by_label("Comment").fill("Good.")
    page.get_by_role("button", name="Approve", exact=True).click()
    page.wait_for_url("**/approvals/")
    expect(page.get_by_role("status").filter(has_text=re.compile("You have approved"))).to_be_visible()


def marked(where: Locator, role: str, word: str) -> None:
    """The word is marked as removed or added, for those who hear the page as well."""
    expect(where.get_by_role(role).filter(has_text=word).first).to_be_visible()  # type: ignore[arg-type]

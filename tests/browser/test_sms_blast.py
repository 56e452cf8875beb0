"""An SMS blast that is scheduled, starts by itself, is stopped half-way and restarted: each person gets one text."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn
from tests.browser.steps import confirm, new_campaign, number_in, open_dialog, save_and_go_on, tile
from tests.product import Product

PEOPLE = 60
A_SECOND = 6
#: From filling the form to the start: long enough to see that it waits.
ENOUGH_TIME = timedelta(seconds=15)


def test_a_scheduled_blast_is_stopped_half_way_and_restarted(product: Product, sign_in: SignIn) -> None:
    product.api().list_of("Text friends", somebody())
    admin, marketer = sign_in("admin"), sign_in("marketer")
    outbox = connect_slow_sandbox(admin)
    write_blast(marketer)
    schedule(marketer)
    stopped_after = stop_half_way(marketer)
    assert len(sent_to(admin, outbox)) == stopped_after
    product.assert_ledger_agrees()
    restart(marketer, stopped_after)
    texts = sent_to(admin, outbox)
    assert Counter(texts) == Counter(
        f"{person['phone']} Hello {person['attributes']['first_name']}, the garden is open."
        for person in somebody()
    )
    product.assert_ledger_agrees()


def somebody() -> list[dict[str, object]]:
    """People with numbers of their own."""
    return [
        {
            "external_id": f"text-{number}",
            "phone": f"+44770090{number:04}",
            "attributes": {"first_name": f"Robin-{number}"},
        }
        for number in range(PEOPLE)
    ]


def connect_slow_sandbox(page: Page) -> str:
    """A sandbox that is given few texts a second; answers the address of its outbox."""
    page.goto("/channels/new/sandbox/")
    page.get_by_label("Name", exact=True).fill("Slow texts")
    page.get_by_label("At most so many messages a second").fill(str(A_SECOND))
    page.get_by_role("button", name="Save the connection").click()
    page.wait_for_url(re.compile(r"/channels/\d+/$"))
    return f"{page.url}outbox/"


def write_blast(page: Page) -> None:
    """Who and what; the time is chosen when it is scheduled."""
    new_campaign(page, "SMS blast", "Garden texts")
    page.get_by_label("List").select_option(label="Text friends")
    save_and_go_on(page, "edit/what")
    sms = page.get_by_role("region", name="SMS")
    sms.get_by_label("Connection").select_option(label="Slow texts")
    sms.get_by_role("textbox", name="Text").fill("Hello {{ person.first_name }}, the garden is open.")
    expect(sms).to_contain_text(re.compile(r"Hello Robin-\d+, the garden is open\."))
    save_and_go_on(page, "edit/when")
    save_and_go_on(page, "review")


def schedule(page: Page) -> None:
    """For a quarter of a minute later, and see it start by itself, not early, without loading the page again."""
    dialog = open_dialog(page, "Schedule")
    expect(dialog).to_contain_text(f"The audience has {PEOPLE} people now")
    field = dialog.get_by_label("Start at")
    # The field offers minutes; the console itself takes seconds.
    field.evaluate("field => { field.step = 1; }")
    at = datetime.now(UTC).replace(microsecond=0) + ENOUGH_TIME
    field.fill(f"{at:%Y-%m-%dT%H:%M:%S}")
    confirm(dialog, "Schedule")
    expect(page.locator("#head-status")).to_contain_text("Scheduled")
    expect(page.locator("#coming")).to_contain_text(f"{at:%H:%M}")
    expect(page.locator("#head-status")).to_contain_text("Running", timeout=120_000)
    assert datetime.now(UTC) >= at


def stop_half_way(page: Page) -> int:
    """Stop it once some texts are out: the dialog states the numbers. Answers how many have been sent for good."""
    expect(tile(page, "Sent")).to_contain_text(re.compile(r"[1-9]"))
    dialog = open_dialog(page, "Stop")
    stated = dialog.inner_text()
    unsent = number_in(stated, r"([\d,]+) unsent texts? are cancelled")
    sent = number_in(stated, r"([\d,]+) texts? sent already")
    confirm(dialog, "Yes, stop now")
    expect(page.locator("#head-status")).to_contain_text("Stopped")
    outcomes = page.locator(".outcomes")
    expect(outcomes).to_contain_text(re.compile(r"\d+ cancelled"))
    expect(outcomes).not_to_contain_text(re.compile("pending|sending"))
    text = outcomes.inner_text()
    cancelled, gone = number_in(text, r"(\d+)\s+cancelled"), number_in(text, r"(\d+)\s+sent")
    assert cancelled + gone == PEOPLE
    # Between the dialog and the press it went on sending, at its own pace; the numbers were true when they were shown.
    assert 0 < cancelled <= unsent <= PEOPLE - sent
    assert gone >= sent > 0
    return gone


def restart(page: Page, sent: int) -> None:
    """The rest goes out; the dialog says how many that are."""
    dialog = open_dialog(page, "Restart")
    expect(dialog).to_contain_text(f"{PEOPLE - sent} texts that were not sent go out now")
    expect(dialog).to_contain_text(f"the {sent} people texted already are not contacted again")
    confirm(dialog, "Restart")
    expect(page.locator("#head-status")).to_contain_text("Completed", timeout=120_000)
    expect(tile(page, "Sent")).to_contain_text(str(PEOPLE))


def sent_to(page: Page, outbox: str) -> list[str]:
    """Every text in the outbox, with its number in front, read page by page."""
    texts: list[str] = []
    page.goto(outbox)
    while True:
        for row in page.locator("tbody tr").all():
            texts.append(f"{row.get_by_role('link').inner_text()} {row.locator('summary').inner_text()}")
        following = page.get_by_role("link", name="Next")
        if not following.count():
            return texts
        following.click()
        page.wait_for_url("**cursor=**")

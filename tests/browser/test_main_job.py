"""The main job, in a browser from the first click: import a file of people, make an e-mail campaign, send it, see it."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn
from tests.browser.people_file import people_file, read_people
from tests.browser.steps import (
    assert_stayed,
    confirm,
    new_campaign,
    save_and_go_on,
    stay,
    tile,
)
from tests.product import Product
from tests.sinks.sink import Sink

SUBJECT = "{{ person.first_name }}, spring is here [{{ person.external_id }}]"
#: What a letter takes at first, so that no machine is too quick to be watched.
SLOW_MS = 100
BODY = "Dear {{ person.first_name }} {{ person.last_name }},\nour garden opens on Monday."


def test_a_file_of_people_becomes_mail_that_each_gets_exactly_once(
    product: Product, sign_in: SignIn, tmp_path: Path
) -> None:
    file = people_file(tmp_path)
    people = read_people(file)
    marketer = sign_in("marketer")
    import_people(marketer, file, len(people))
    # Slow enough for the page to be seen moving, however fast the machine: some twelve seconds in all.
    with Sink("smtp", fsync=False, latency_ms=max(4, 48_000 // len(people))) as sink:
        connect_mail_server(sign_in("admin"), sink)
        write_campaign(marketer, len(people))
        sink.set_latency(SLOW_MS)
        start_and_see_it_move(marketer)
        sink.set_latency(0)
        see_it_end(marketer, len({row["Email"].lower() for row in people.values()}))
        assert_everybody_got_theirs(sink, people)
    product.assert_ledger_agrees()


def import_people(page: Page, file: Path, number: int) -> None:
    """Upload, see how the file is read, import, and watch the bar until it is done."""
    page.goto("/people/import/")
    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_label("or on a new list").fill("Spring customers")
    page.get_by_role("button", name="Upload and look at it").click()
    expect(page.get_by_label("Where User Id goes")).to_have_value("external_id")
    expect(page.get_by_label("Where Email goes")).to_have_value("email")
    expect(page.get_by_label("Where Phone goes")).to_have_value("phone")
    expect(page.get_by_label("Name of the property for First Name")).to_have_value("first_name")
    page.get_by_role("button", name="Import these people").click()
    expect(page.get_by_role("progressbar", name="Import")).to_be_visible()
    stay(page)
    expect(page.get_by_text("Done", exact=True)).to_be_visible()
    assert_stayed(page)
    expect(page.get_by_text(f"{number:,} rows read, 100 % of the file")).to_be_visible()
    expect(page.locator(".tile", has_text="New")).to_contain_text(f"{number:,}")
    expect(page.locator(".tile", has_text="Refused")).to_contain_text("0")


def connect_mail_server(page: Page, sink: Sink) -> None:
    """Make the SMTP connection and let the console check that it works."""
    page.goto("/channels/")
    page.get_by_role("link", name="New connection").click()
    page.get_by_role("link", name="SMTP").click()
    page.get_by_label("Name", exact=True).fill("Garden mail")
    page.get_by_label("Host").fill(sink.host)
    page.get_by_label("Port").fill(str(sink.port))
    page.get_by_label("Encryption").select_option(label="None")
    page.get_by_label("Sender address").fill("garden@example.test")
    page.get_by_label("Sender name").fill("The garden")
    page.get_by_role("button", name="Save the connection").click()
    page.wait_for_url(re.compile(r"/channels/\d+/$"))
    page.get_by_role("button", name="Check it now").click()
    expect(page.get_by_role("status")).to_contain_text(f"Connected to {sink.host}:{sink.port}")


def write_campaign(page: Page, number: int) -> None:
    """Who, what, when: each section of the draft, with a preview on a real person."""
    new_campaign(page, "Multi-channel outreach", "Spring is here")
    page.get_by_label("List").select_option(label="Spring customers")
    expect(page.get_by_role("region", name="Who that is now")).to_contain_text(f"{number:,} people")
    save_and_go_on(page, "edit/what")
    page.get_by_label("Another channel").select_option(label="Email")
    page.get_by_role("button", name="Add channel").click()
    mail = page.get_by_role("region", name="Email")
    mail.get_by_label("Connection").select_option(label="Garden mail")
    mail.get_by_label("Subject").fill(SUBJECT)
    mail.get_by_label("Message").fill(BODY)
    chosen = page.get_by_label("Preview as")
    for name in chosen.get_by_role("option").all_inner_texts()[:2]:
        chosen.select_option(label=name)
        expect(mail.locator(".preview")).to_contain_text(f"Dear {name},")
        expect(mail.locator(".preview-subject")).to_contain_text(f"{name.split()[0]}, spring is here")
    save_and_go_on(page, "edit/when")
    save_and_go_on(page, "review")
    expect(page.get_by_role("main")).to_contain_text(f"{number:,} people now, in “Spring customers”")
    page.get_by_role("link", name="Spring is here").first.click()


def start_and_see_it_move(page: Page) -> None:
    """Start the channel and see its bar move, by itself, more than once."""
    page.get_by_role("region", name="Channels").get_by_role("link", name="Start", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(re.compile(r"The audience has [\d,]+ people now"))
    confirm(dialog, "Start")
    stay(page)
    expect(page.locator("#head-status")).to_contain_text("Active")
    expect(page.get_by_role("progressbar", name="Email")).to_be_visible()
    page.wait_for_function(
        "() => { const bar = document.querySelector('#channels progress');"
        " if (!bar || !bar.value || bar.value >= bar.max) return false;"
        " window.seen = window.seen || bar.value; return bar.value > window.seen; }"
    )


def see_it_end(page: Page, addresses: int) -> None:
    """The same page, not loaded again, says that everybody has been served."""
    expect(page.locator("#head-status")).to_contain_text("Completed", timeout=120_000)
    expect(tile(page, "Sent")).to_contain_text(f"{addresses:,}")
    expect(tile(page, "Failed")).to_contain_text("0")
    assert_stayed(page)


def assert_everybody_got_theirs(sink: Sink, people: dict[str, dict[str, str]]) -> None:
    """By the sink's own journal: every address once, and each letter carries the name of whom it is for."""
    journal = sink.journal()
    addresses = {row["Email"].lower() for row in people.values()}
    assert Counter(record["to"] for record in journal) == Counter(addresses)
    for record in journal:
        name, external_id = re.fullmatch(r"(.+), spring is here \[(.+)\]", record["subject"]).groups()
        assert record["to"] == people[external_id]["Email"].lower()
        assert name == people[external_id]["First Name"]

"""A journey in the browser: drawn step by step, tried out, started, edited with people inside and stopped with them."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import SignIn
from tests.browser.drawing import add, card, drawn, keep, no_barriers, plus, write
from tests.browser.steps import confirm, new_campaign, open_dialog, save_and_go_on, tile
from tests.product import Product

#: Everybody is sent the first message and waits behind it; one of them pays.
PEOPLE = 3
DRAWN = ["Hello", "Two days", "Pays?", "Thanks", "Any hour", "Goodbye"]


def test_a_journey_is_drawn_tried_started_edited_and_stopped(product: Product, sign_in: SignIn) -> None:
    api, page = product.api(), sign_in("marketer", color_scheme="light", reduced_motion="reduce")
    api.list_of("New gardeners", somebody())
    product.api("admin").post("/connections", {"name": "Journey mail", "provider": "sandbox", "settings": {}})
    campaign = new_campaign(page, "Journey", "The first week")
    choose_trigger(page)
    choose_channel(page)
    draw(page)
    rearrange(page)
    assert no_barriers(page) == []
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("not saved yet")).to_be_hidden()
    assert saved(api.get(f"/campaigns/{campaign}")["workflow"]) == DRAWN
    try_out(page, campaign)
    page.goto(f"/campaigns/{campaign}/")
    confirm(open_dialog(page, "Start now"), "Start now")
    expect(tile(page, "Sent")).to_contain_text(str(PEOPLE))
    wait_longer(page, campaign)
    assert api.get(f"/campaigns/{campaign}")["workflow"][1]["for"] == "3 days"
    let_everybody_leave(page, campaign)
    product.assert_ledger_agrees()


def somebody() -> list[dict[str, object]]:
    """People who have just come."""
    plans = ["pro", "free", "free"]
    return [
        {"external_id": f"new-{n}", "email": f"new-{n}@gardeners.test", "attributes": {"plan": plan}}
        for n, plan in enumerate(plans)
    ]


def choose_trigger(page: Page) -> None:
    """Whoever is on the list."""
    page.get_by_role("link", name="Segment", exact=False).filter(has_text="comes into segments").click()
    page.get_by_role("group", name="In any of these segments").get_by_label("New gardeners").check()
    save_and_go_on(page, "edit/what")


def choose_channel(page: Page) -> None:
    """What messages go through; saved, so that it is there while the steps are written."""
    page.get_by_label("Another channel").select_option(label="Email")
    page.get_by_role("button", name="Add channel", exact=True).click()
    page.get_by_label("Connection for Email").select_option(label="Journey mail")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_label("Connection for Email")).to_be_visible()


def draw(page: Page) -> None:
    """Every step by its plus, its type and its form; two of them at the wrong place."""
    add(page, plus(page, "at the beginning"), "Delay")
    page.get_by_label("Number").fill("2")
    keep(page, "Two days")
    add(page, plus(page, "after step 1"), "Message")
    write(page, "Hello", "Welcome, {{ person.external_id }}.")
    add(page, plus(page, "after step 2"), "Branch")
    page.get_by_label("Attribute", exact=True).fill("plan")
    page.get_by_label("Attribute", exact=True).press("Tab")
    expect(page.get_by_text("seen as text")).to_be_visible()
    page.get_by_label("Value", exact=True).fill("pro")
    assert no_barriers(page) == []
    keep(page, "Pays?")
    yes = page.get_by_role("region", name="Yes of step 3")
    add(page, plus(yes, "at the beginning of this way"), "Message")
    write(page, "Thanks", "You pay: thank you.")
    add(page, plus(page, "after step 3"), "Message")
    write(page, "Goodbye", "That was the first week.")
    add(page, plus(page, "after step 5"), "Time window")
    for day in ("Saturday", "Sunday"):
        page.get_by_role("checkbox", name=day).check()
    page.get_by_label("From").fill("00:00")
    page.get_by_label("Until").fill("00:00")
    keep(page, "Any hour")
    assert drawn(page) == ["Two days", "Hello", "Pays?", "Thanks", "Goodbye", "Any hour"]


def rearrange(page: Page) -> None:
    """One step by the keyboard, one with the mouse; the focus stays on the step that moves."""
    up = card(page, "Hello").get_by_role("button", name="Move step 2 up")
    up.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#workflow-said")).to_have_text("“Hello” is step 1 now.")
    expect(card(page, "Hello").get_by_role("button", name="Move step 1 up")).to_be_focused()
    behind_the_branch = page.locator("#workflow [data-place='workflow.3']")
    drag(page, card(page, "Any hour"), behind_the_branch)
    expect(page.locator("#workflow-said")).to_have_text("“Any hour” is step 5 now.")
    assert drawn(page) == DRAWN
    for way, step, becomes in (("down", 1, 3), ("up", 3, 1)):
        button = card(page, "Hello").get_by_role("button", name=f"Move step {step} {way}")
        button.evaluate("button => { button.click(); button.click(); }")
        expect(page.locator("#workflow-said")).to_have_text(f"“Hello” is step {becomes} now.")
    assert drawn(page) == DRAWN
    # Four presses, four steps back; and forth again.
    for name, said in (("Undo", "Taken back."), ("Redo", "Brought again.")):
        for _ in range(4):
            page.get_by_role("button", name=name, exact=True).click()
            expect(page.locator("#workflow-said")).to_have_text(said)
    expect(page.get_by_role("button", name="Redo", exact=True)).to_have_count(0)
    assert drawn(page) == DRAWN


def drag(page: Page, what: Locator, to: Locator) -> None:
    """With the mouse. The gaps grow when it begins, so it follows the place until that says that it would take it."""
    what.hover(position={"x": 20, "y": 20})
    page.mouse.down()
    to.hover()
    for _ in range(20):
        box = to.bounding_box()
        assert box
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=2)
        if "is-over" in (to.get_attribute("class") or ""):
            break
    expect(to).to_have_class(re.compile("is-over"))
    page.mouse.up()


def saved(workflow: list[dict[str, object]]) -> list[object]:
    """The names of the steps that the API tells, those inside the branch among them."""
    found: list[object] = []
    for step in workflow:
        found += [step["name"], *saved(step.get("then", [])), *saved(step.get("else", []))]  # type: ignore[arg-type]
    return found


def try_out(page: Page, campaign: int) -> None:
    """The dry run says how many come to each step, and sends nothing."""
    page.goto(f"/campaigns/{campaign}/")
    page.get_by_role("link", name="Dry run").first.click()
    page.wait_for_url(f"**/campaigns/{campaign}/dry-run/")
    for name in DRAWN:
        people = "1" if name == "Thanks" else str(PEOPLE)
        row = page.get_by_role("row").filter(has_text=name)
        expect(row.get_by_role("cell").nth(1)).to_have_text(people)
    expect(page.locator("#content")).to_contain_text(f"{2 * PEOPLE + 1} messages, nothing is sent")


def wait_longer(page: Page, campaign: int) -> None:
    """Change the step that everybody stands at: it is said first what that means for them."""
    page.goto(f"/campaigns/{campaign}/edit/what/")
    expect(card(page, "Two days")).to_contain_text(f"{PEOPLE} stand here")
    expect(card(page, "Pays?")).not_to_contain_text("here")
    card(page, "Two days").get_by_role("link", name="Two days").click()
    page.get_by_label("Number").fill("3")
    keep(page, "Two days")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", name=f"Save with {PEOPLE} people inside?")).to_be_visible()
    told = page.locator(".consequences li")
    expect(told).to_have_count(1)
    expect(told).to_contain_text(re.compile(rf"Two days\s+changed\s+{PEOPLE}\s+stand there now"))
    page.get_by_role("button", name="Save these changes").click()
    expect(page.locator("#content")).not_to_contain_text("inside?")


def let_everybody_leave(page: Page, campaign: int) -> None:
    """Stop it with all of them inside: the dialog says how many, and then nobody is."""
    page.goto(f"/campaigns/{campaign}/")
    expect(page.get_by_role("region", name="Channels")).to_contain_text(f"{PEOPLE} in progress")
    dialog = open_dialog(page, "Stop now")
    expect(dialog).to_contain_text(f"{PEOPLE} people are in progress")
    dialog.get_by_role("radio", name=re.compile("^Exit immediately")).check()
    with page.expect_navigation():
        dialog.get_by_role("button", name=re.compile("[Ss]top")).click()
    expect(page.locator("#head-status")).to_contain_text("Stopped")
    expect(page.get_by_role("region", name="Channels")).to_contain_text("0 in progress")
    page.goto(f"/campaigns/{campaign}/participants/?status=exited")
    expect(page.get_by_role("link", name="Active 0")).to_be_visible()
    left = page.get_by_role("row").filter(has_text="gardeners.test")
    expect(left).to_have_text([re.compile("The campaign was stopped")] * PEOPLE)

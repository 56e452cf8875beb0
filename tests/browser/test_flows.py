"""A flow campaign in the browser: two flows drawn and switched, Active, Error and back, who is where, numbers, Stop."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import SignIn
from tests.browser.drawing import add, keep, no_barriers, plus, write
from tests.browser.steps import confirm, new_campaign, open_dialog, tile
from tests.product import Product

#: On the list when the campaign starts; two of them order something later.
NEWCOMERS = 3
ORDERS = {"bakery-0": 70, "bakery-1": 5}
LIST, MAIL, AGENT, EVENT = "Bakery newcomers", "Bakery mail", "Baker's helper", "bakery_order"
#: What the pages call the flows.
FIRST, SECOND = "New at the bakery", "Bread ordered"


def test_two_flows_are_drawn_switched_started_broken_and_stopped(product: Product, sign_in: SignIn) -> None:
    api = product.api()
    api.list_of(LIST, somebody())
    product.api("admin").post("/connections", {"name": MAIL, "provider": "sandbox", "settings": {}})
    admin = sign_in("admin")
    page = sign_in("marketer", color_scheme="light", reduced_motion="reduce")
    make_agent(admin)
    campaign = new_campaign(page, "Flows", "Bakery", first="what")
    choose_channel(page)
    draw_newcomers(page)
    draw_orders(page)
    assert no_barriers(page) == []
    switch_by_keyboard(page)
    start_with_one_flow(page, campaign)
    look_who_is_inside(page, campaign)
    assert_read_only(page, campaign)
    break_and_recover(page, admin, campaign)
    stop(page, campaign, f"{NEWCOMERS} people are inside")
    start_with_both(page, campaign)
    api.post("/events", orders())
    look_who_ordered(page, campaign)
    look_at_the_funnel(page, campaign)
    stop(page, campaign, f"{NEWCOMERS + len(ORDERS)} journeys through 2 flows are under way")
    product.assert_ledger_agrees()


def somebody() -> list[dict[str, object]]:
    """People who have just come."""
    return [{"external_id": f"bakery-{n}", "email": f"bakery-{n}@bakers.test"} for n in range(NEWCOMERS)]


def orders() -> list[dict[str, object]]:
    """As the shop's own program reports them."""
    return [
        {"external_id": person, "name": EVENT, "properties": {"amount": amount}}
        for person, amount in ORDERS.items()
    ]


def make_agent(admin: Page) -> None:
    """An agent that works through the connection; it is started before anything uses it."""
    admin.goto("/channels/agents/")
    admin.get_by_role("link", name="New agent").click()
    dialog = admin.get_by_role("dialog")
    dialog.get_by_label("Name").fill(AGENT)
    dialog.get_by_label("Connection").select_option(label=MAIL)
    confirm(dialog, "Save the agent")
    turn_agent(admin, "Start", "Running")


def turn_agent(admin: Page, verb: str, status: str) -> None:
    """Start or stop the agent."""
    admin.goto("/channels/agents/")
    admin.get_by_role("button", name=f"{verb} {AGENT}").click()
    expect(admin.get_by_role("row").filter(has_text=AGENT)).to_contain_text(status)


def choose_channel(page: Page) -> None:
    """What the messages of all flows go through: the agent, and by it its connection."""
    page.get_by_label("Another channel").select_option(label="Email")
    page.get_by_role("button", name="Add channel", exact=True).click()
    page.get_by_label("Agent for Email").select_option(label=f"Agent {AGENT} (Running)")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_label("Connection for Email").locator("option:checked")).to_have_text(MAIL)


def add_flow(page: Page, name: str, trigger: str) -> None:
    """A new flow, and what kind of trigger it has."""
    page.get_by_label("New flow").fill(name)
    page.get_by_role("button", name="Add flow").click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    page.get_by_role("link", name=trigger).click()


def save_flow(page: Page, said: str) -> None:
    """Save a page of a flow and see what has been saved."""
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_role("status").filter(has_text=said)).to_be_visible()


def draw_newcomers(page: Page) -> None:
    """Whoever comes onto the list is welcomed, and written to again a day later."""
    add_flow(page, FIRST, "When a person joins segments")
    page.get_by_role("group", name="In any of these segments").get_by_label(LIST, exact=True).check()
    save_flow(page, f"Saved: trigger of “{FIRST}”")
    add(page, plus(page, "at the beginning"), "Message")
    write(page, "Welcome", "Good to have you, {{ person.external_id }}.")
    add(page, plus(page, "after step 1"), "Delay")
    page.get_by_label("Number").fill("1")
    keep(page, "A day later")
    add(page, plus(page, "after step 2"), "Message")
    write(page, "Our bread", "We bake every morning.")
    save_flow(page, f"Saved: workflow of “{FIRST}”")
    expect(flow(page, FIRST)).to_contain_text("3 steps")


def draw_orders(page: Page) -> None:
    """Whoever orders is thanked, each time."""
    add_flow(page, SECOND, "When a person does something")
    page.get_by_label("Event", exact=True).fill(EVENT)
    save_flow(page, f"Saved: trigger of “{SECOND}”")
    add(page, plus(page, "at the beginning"), "Message")
    write(page, "Thank you", "You ordered for {{ event.amount }}.")
    save_flow(page, f"Saved: workflow of “{SECOND}”")
    expect(flow(page, SECOND)).to_contain_text("1 step")


def flow(page: Page, name: str) -> Locator:
    """A flow in the list of flows."""
    return page.get_by_role("region", name="Flows").get_by_role("listitem").filter(has_text=name)


def switch_by_keyboard(page: Page) -> None:
    """Both on, and the second one off again."""
    for verb, name, status in (
        ("Activate", FIRST, "Active"), ("Activate", SECOND, "Active"), ("Deactivate", SECOND, "Inactive"),
    ):  # fmt: skip
        button = page.get_by_role("button", name=f"{verb} {name}", exact=True)
        button.focus()
        page.keyboard.press("Enter")
        expect(flow(page, name).locator(".tag-status")).to_have_text(status)


def start_with_one_flow(page: Page, campaign: int) -> None:
    """The confirmation says which flow lets people in; then the newcomers are written to."""
    page.goto(f"/campaigns/{campaign}/")
    dialog = open_dialog(page, "Start")
    expect(dialog).to_contain_text(f"1 flow lets people in from now on: “{FIRST}”")
    assert no_barriers(page) == []
    confirm(dialog, "Start")
    expect(page.locator("#head-status")).to_contain_text("Active")
    expect(tile(page, "Sent")).to_contain_text(str(NEWCOMERS))


def look_who_is_inside(page: Page, campaign: int) -> None:
    """Everybody of the list stands at the delay; the filter by flow knows that nobody is in the other one."""
    page.goto(f"/campaigns/{campaign}/participants/")
    inside = page.get_by_role("row").filter(has_text="bakers.test")
    expect(inside).to_have_text(
        [re.compile(rf"{FIRST}.*Inside.*A day later.*Welcome: Sent", re.DOTALL)] * NEWCOMERS
    )
    page.get_by_label("Flow", exact=True).select_option(label=SECOND)
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("#content")).to_contain_text("Nobody matches.")


def assert_read_only(page: Page, campaign: int) -> None:
    """The active flow offers nothing that would change it, by its address neither; the inactive one can be edited."""
    page.goto(f"/campaigns/{campaign}/edit/what/")
    expect(flow(page, FIRST)).to_contain_text("Read-only while the campaign is Active")
    expect(flow(page, FIRST)).to_contain_text(f"{NEWCOMERS} inside")
    expect(flow(page, FIRST).get_by_role("link", name=re.compile("Edit|Rename|Remove"))).to_have_count(0)
    expect(flow(page, FIRST).get_by_role("button", name=re.compile("ctivate"))).to_have_count(0)
    expect(page.get_by_label("Connection for Email")).to_be_disabled()
    assert no_barriers(page) == []
    page.goto(f"/campaigns/{campaign}/edit/flows/flow-1/")
    page.wait_for_url(f"**/campaigns/{campaign}/")
    expect(page.get_by_role("status").filter(has_text=f"“{FIRST}” is active and read-only")).to_be_visible()
    page.goto(f"/campaigns/{campaign}/edit/what/")
    flow(page, SECOND).get_by_role("link", name=f"Edit the workflow of {SECOND}").click()
    add(page, plus(page, "after step 1"), "Delay")
    page.get_by_label("Number").fill("2")
    keep(page, "Two days")
    save_flow(page, f"Saved: workflow of “{SECOND}”")
    expect(flow(page, SECOND)).to_contain_text("2 steps")


def break_and_recover(page: Page, admin: Page, campaign: int) -> None:
    """The agent is stopped: the campaign errs by itself, says why, and goes on by Start when the agent runs again."""
    page.goto(f"/campaigns/{campaign}/")
    turn_agent(admin, "Stop", "Stopped")
    tag = page.locator("#head-status .tag-status")
    expect(tag).to_contain_text("Error")
    tag.focus()
    cause = f"agent “{AGENT}” is stopped"
    expect(page.get_by_role("tooltip")).to_contain_text(cause)
    expect(page.locator("#cause")).to_contain_text(cause)
    expect(page.locator("#since")).to_contain_text("Error since")
    expect(page.locator("#lately")).to_contain_text(cause)
    start = page.get_by_role("menuitem", name="Start")
    page.get_by_role("button", name="Actions", exact=True).click()
    expect(start).to_have_attribute("aria-disabled", "true")
    turn_agent(admin, "Start", "Running")
    page.goto(f"/campaigns/{campaign}/")
    dialog = open_dialog(page, "Start")
    expect(dialog).to_contain_text(f"{NEWCOMERS} people inside go on from where they were")
    confirm(dialog, "Start")
    expect(page.locator("#head-status")).to_contain_text("Active")


def stop(page: Page, campaign: int, told: str) -> None:
    """Back to Inactive; the confirmation says that whoever is inside keeps their place."""
    page.goto(f"/campaigns/{campaign}/")
    dialog = open_dialog(page, "Stop")
    expect(dialog).to_contain_text(told)
    expect(dialog).to_contain_text("they go on at the next Start")
    confirm(dialog, "Yes, stop now")
    expect(page.locator("#head-status")).to_contain_text("Inactive")


def start_with_both(page: Page, campaign: int) -> None:
    """What was switched off can be switched on again when the campaign is Inactive."""
    page.goto(f"/campaigns/{campaign}/edit/what/")
    flow(page, SECOND).get_by_role("button", name="Activate").click()
    expect(flow(page, SECOND).locator(".tag-status")).to_have_text("Active")
    page.goto(f"/campaigns/{campaign}/")
    dialog = open_dialog(page, "Start")
    expect(dialog).to_contain_text(f"2 flows let people in from now on: “{FIRST}”, “{SECOND}”")
    confirm(dialog, "Start")
    expect(page.locator("#head-status")).to_contain_text("Active")


def look_who_ordered(page: Page, campaign: int) -> None:
    """Whoever orders is in both flows at once; the page of one flow shows them there."""
    expect(tile(page, "Sent")).to_contain_text(str(NEWCOMERS + len(ORDERS)))
    page.goto(f"/campaigns/{campaign}/participants/?flow=flow-2")
    ordered = page.get_by_role("row").filter(has_text="bakers.test")
    expect(ordered).to_have_text(
        [re.compile(rf"{SECOND}.*Inside.*Two days.*Thank you: Sent", re.DOTALL)] * len(ORDERS)
    )


def look_at_the_funnel(page: Page, campaign: int) -> None:
    """A drawn funnel for each flow, with the same numbers in its table."""
    page.get_by_role("link", name="Analytics", exact=True).click()
    page.wait_for_url(f"**/campaigns/{campaign}/analytics/")
    all_of_them = f"{NEWCOMERS} arrived"
    first = f"Welcome: {all_of_them}, {NEWCOMERS} went on; A day later: {all_of_them}, 0 went on; Our bread: 0 arrived"
    expect(page.get_by_role("img", name=first)).to_be_visible()
    expect(step_row(page, "A day later").get_by_role("cell")).to_contain_text(
        [str(NEWCOMERS), str(NEWCOMERS), "0", "0"]
    )
    page.get_by_role("navigation", name="Flow").get_by_role("link", name=SECOND).click()
    many = len(ORDERS)
    expect(
        page.get_by_role(
            "img", name=f"Thank you: {many} arrived, {many} went on; Two days: {many} arrived, 0 went on"
        )
    ).to_be_visible()
    expect(step_row(page, "Thank you").get_by_role("cell")).to_contain_text(
        [str(many), "0", str(many), "0", str(many)]
    )
    assert no_barriers(page) == []
    step_row(page, "Two days").get_by_role("link", name=f"{many} people at Two days").click()
    expect(page.get_by_role("row").filter(has_text="bakers.test")).to_have_count(many)


def step_row(page: Page, name: str) -> Locator:
    """The row of a step in the table below the picture."""
    return page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=re.compile(f"^{name}")))

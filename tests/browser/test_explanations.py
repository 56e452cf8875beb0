"""What a time explains when it is pointed at: the browser counts from its own clock and says it as the server does."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser

from tests.console.test_relative_words import TABLE

MENUS = Path(__file__).parents[2] / "static" / "console" / "menus.js"
EXPLAINED = """seconds => {
    const owner = document.querySelector("time");
    owner.dataset.time = new Date(Date.now() + seconds * 1000).toISOString();
    document.body.dispatchEvent(new PointerEvent("pointerover", {bubbles: true}));
    owner.dispatchEvent(new PointerEvent("pointerover", {bubbles: true}));
    const text = document.querySelector(".explanation").textContent.split("\\n")[0];
    document.dispatchEvent(new KeyboardEvent("keydown", {key: "Escape", bubbles: true}));
    return text;
}"""


def test_the_browser_says_what_the_server_says(chromium: Browser) -> None:
    context = chromium.new_context(locale="de-DE")
    page = context.new_page()
    page.set_content('<html lang="en"><body><time data-time="">then</time></body></html>')
    page.clock.install()
    page.clock.pause_at(page.evaluate("Date.now() + 1000"))
    page.add_script_tag(path=MENUS)
    found = {seconds: page.evaluate(EXPLAINED, seconds) for seconds in TABLE}
    context.close()
    assert found == TABLE

"""The service worker and the script that customers' pages load, in a real browser."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser

STATIC = Path(__file__).resolve().parents[2] / "static" / "push"
PAGE = '<!doctype html><title>Shop</title><script src="/web-push.js"></script>'


class _Shop(http.server.SimpleHTTPRequestHandler):
    """A customer's site: a page, and the two files."""

    def do_GET(self) -> None:
        if self.path != "/":
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGE.encode())

    def log_message(self, *values: object) -> None:
        """Say nothing."""


@pytest.fixture
def shop() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Shop, directory=str(STATIC))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://localhost:{server.server_address[1]}"
        server.shutdown()


def test_a_push_message_is_shown_and_a_subscription_is_what_the_api_takes(
    chromium: Browser, shop: str
) -> None:
    with chromium.new_context(base_url=shop, permissions=["notifications"]) as context:
        page = context.new_page()
        page.goto("/")
        devtools, found = context.new_cdp_session(page), []
        devtools.on(
            "ServiceWorker.workerRegistrationUpdated", lambda event: found.extend(event["registrations"])
        )
        devtools.send("ServiceWorker.enable")
        page.evaluate(
            "navigator.serviceWorker.register('/service-worker.js').then(() => navigator.serviceWorker.ready)"
        )
        message = {"id": "d1", "title": "Sale", "body": "Today only", "link": f"{shop}/sale"}
        devtools.send(
            "ServiceWorker.deliverPushMessage",
            {"origin": shop, "registrationId": found[-1]["registrationId"], "data": json.dumps(message)},
        )
        shown = page.wait_for_function(
            """async () => {
                 const ready = await navigator.serviceWorker.ready;
                 const [first] = await ready.getNotifications();
                 return first && { title: first.title, body: first.body, link: first.data.link, tag: first.tag };
               }""",
            timeout=120_000,
        ).json_value()
        assert shown == {"title": "Sale", "body": "Today only", "link": f"{shop}/sale", "tag": "d1"}
        device = page.evaluate(
            """() => CampaignPush.device({ toJSON: () => ({
                 endpoint: "https://push.example.test/1", expirationTime: null, keys: { p256dh: "a", auth: "b" } }) })"""
        )
        assert device == {
            "kind": "web_push",
            "token": "https://push.example.test/1",
            "keys": {"p256dh": "a", "auth": "b"},
        }
        assert page.evaluate("Array.from(CampaignPush.bytes('-_8'))") == [251, 255]

"""Vonage's SMS API and the account's balance."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from channels.providers.base import Message
from channels.providers.vonage.provider import VonageProvider
from tests.channels.provider_kit import message
from tests.vendors.server import Reply, Vendor

KEY, SECRET = "abcd1234", "a secret"


def error(status: int, text: str) -> Reply:
    """Vonage answers 200 and says in the body that it did nothing."""
    return Reply(200, {"message-count": "1", "messages": [{"status": str(status), "error-text": text}]})


class Vonage(Vendor):
    """One account."""

    name = "vonage"
    provider = VonageProvider()
    refused = error(7, "Number barred")
    busy = error(5, "Internal Error")
    throttled = error(1, "Throughput Rate Exceeded - please wait [ 250 ] and retry")
    throttle_wait = 1

    def raw_settings(self) -> dict[str, Any]:
        return {"api_key": KEY, "api_secret": SECRET, "from_number": "Acme", "signature_secret": "signing",
                "base_url": self.url}  # fmt: skip

    def wrong_login(self) -> dict[str, Any]:
        return {"api_secret": "wrong"}

    def message(self, number: int, **changes: Any) -> Message:
        return message(number, **{"address": f"+44770090{number:04}", **changes})

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/sms/json", self.sending(self._send)),
            web.get("/account/get-balance", self.answering(self._balance)),
        ]

    async def _balance(self, request: web.Request) -> Reply:
        if (request.query.get("api_key"), request.query.get("api_secret")) != (KEY, SECRET):
            return Reply(401, {"error-code": "401", "error-code-label": "authentication failed"})
        return Reply(200, {"value": 10.28, "autoReload": False})

    async def _send(self, request: web.Request) -> Reply:
        form = dict(await request.post())
        if missing := {"api_key", "api_secret", "from", "to", "text"} - form.keys():
            return error(2, f"Missing {missing.pop()}")
        if (form.pop("api_key"), form.pop("api_secret")) != (KEY, SECRET):
            return error(4, "Bad Credentials")
        if not str(form["to"]).isdigit():
            return error(3, "Invalid to")
        number = len(self.journal) + 1
        self.journal.append(form)
        part = {
            "to": form["to"],
            "message-id": f"0A{number:014X}",
            "status": "0",
            "remaining-balance": "10.25",
        }
        return Reply(200, {"message-count": "1", "messages": [part]})

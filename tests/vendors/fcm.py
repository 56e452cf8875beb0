"""Firebase Cloud Messaging, HTTP v1."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from channels.providers.base import DeviceAddress, Message
from channels.providers.fcm.provider import FcmProvider
from channels.providers.fcm.transport import SCOPE
from tests.channels.provider_kit import message
from tests.vendors.google import TokenShop, error, key_file
from tests.vendors.server import Reply, Vendor

GONE = error(404, "NOT_FOUND", "Requested entity was not found.", "UNREGISTERED")


class Fcm(Vendor):
    """One project. Tokens that begin with ``dead`` are not registered any more."""

    name = "fcm"
    kind = "push"
    provider = FcmProvider()
    refused = error(400, "INVALID_ARGUMENT", "Invalid value at 'message.data[0].value'")
    busy = error(503, "UNAVAILABLE", "The service is currently unavailable.", "UNAVAILABLE")
    throttled = error(429, "RESOURCE_EXHAUSTED", "Quota exceeded.", "QUOTA_EXCEEDED", **{"Retry-After": "20"})
    throttle_wait = 20

    def __init__(self) -> None:
        super().__init__()
        self.shop = TokenShop(SCOPE)

    def raw_settings(self) -> dict[str, Any]:
        return {"service_account": key_file(self.url), "base_url": self.url}

    def wrong_login(self) -> dict[str, Any]:
        return {"service_account": key_file(self.url, 2)}

    def message(self, number: int, *tokens: str, **changes: Any) -> Message:
        devices = tuple(
            DeviceAddress(index, token) for index, token in enumerate(tokens or (f"token-{number}",), 1)
        )
        return message(number, **{"address": " ", "devices": devices, **changes})

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/token", self.answering(self.shop.exchange)),
            web.post("/v1/projects/acme/messages:send", self.sending(self._send)),
        ]

    async def _send(self, request: web.Request) -> Reply:
        if not self.shop.knows(request):
            return error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        body = await request.json()
        sent = body["message"]
        if body.get("validate_only"):
            return Reply(200, {"name": "projects/acme/messages/fake_message_id"})
        if sent["token"].startswith("dead"):
            return GONE
        if not all(isinstance(value, str) for value in sent.get("data", {}).values()):
            return self.refused
        self.journal.append(sent)
        return Reply(200, {"name": f"projects/acme/messages/0:{len(self.journal)}%{id(self)}"})

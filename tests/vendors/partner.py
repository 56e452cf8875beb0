"""Somebody's own service: takes JSON with a token, answers with an id."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from channels.providers.base import Message
from channels.providers.partner.provider import PartnerProvider
from tests.channels.provider_kit import message
from tests.vendors.server import Reply, Vendor


class Partner(Vendor):
    """The service of the default template."""

    name = "partner"
    kind = "partner"
    provider = PartnerProvider()
    refused = Reply(422, {"error": "No such customer."})
    busy = Reply(503, "Down for a moment.")
    throttled = Reply(429, "", {"Retry-After": "12"})
    throttle_wait = 12

    def raw_settings(self) -> dict[str, Any]:
        return {
            "url": f"{self.url}/people/{{{{ person.external_id }}}}/messages",
            "headers": "Content-Type: application/json\nX-Name: {{ person.first_name }}",
            "authorization": "Bearer abc",
            "id_path": "data.id",
            "check_url": f"{self.url}/me",
            "receipts_secret": "a secret for reports",
        }

    def wrong_login(self) -> dict[str, Any]:
        return {"authorization": "Bearer wrong"}

    def message(self, number: int, **changes: Any) -> Message:
        values = {"person": {"external_id": f"p{number}", "first_name": "Zoe"}, "address": " ", **changes}
        return message(number, **values)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/people/{person}/messages", self.sending(self._take)),
            web.get("/me", self.answering(self._me)),
        ]

    def _refusal(self, request: web.Request) -> Reply | None:
        good = request.headers.get("Authorization") == "Bearer abc"
        return None if good else Reply(401, {"error": "Who are you?"})

    async def _me(self, request: web.Request) -> Reply:
        return self._refusal(request) or Reply(200, {"name": "Acme"})

    async def _take(self, request: web.Request) -> Reply:
        if refusal := self._refusal(request):
            return refusal
        self.journal.append(
            {"person": request.match_info["person"], "headers": dict(request.headers), **await request.json()}
        )
        return Reply(201, {"data": {"id": len(self.journal)}})

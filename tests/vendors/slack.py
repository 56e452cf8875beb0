"""Slack's Web API: auth.test and chat.postMessage."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from channels.providers.base import Message
from channels.providers.slack.provider import SlackProvider
from tests.channels.provider_kit import message
from tests.vendors.server import Reply, Vendor

TOKEN = "xoxb-token"


def error(name: str) -> Reply:
    """Slack answers 200 and says in the body that it did nothing."""
    return Reply(200, {"ok": False, "error": name})


class Slack(Vendor):
    """One workspace with one channel."""

    name = "slack"
    kind = "slack"
    provider = SlackProvider()
    refused = error("msg_too_long")
    busy = error("internal_error")
    throttled = Reply(429, {"ok": False, "error": "ratelimited"}, {"Retry-After": "30"})
    throttle_wait = 30

    def raw_settings(self) -> dict[str, Any]:
        return {"bot_token": TOKEN, "channel": "C1", "member_attribute": "slack", "base_url": self.url}

    def wrong_login(self) -> dict[str, Any]:
        return {"bot_token": "xoxb-wrong"}

    def message(self, number: int, **changes: Any) -> Message:
        return message(number, **{"address": " ", **changes})

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/api/chat.postMessage", self.sending(self._post)),
            web.post("/api/auth.test", self.answering(self._who)),
        ]

    def _refusal(self, request: web.Request) -> Reply | None:
        return None if request.headers.get("Authorization") == f"Bearer {TOKEN}" else error("invalid_auth")

    async def _who(self, request: web.Request) -> Reply:
        return self._refusal(request) or Reply(200, {"ok": True, "team": "Acme", "user": "bot"})

    async def _post(self, request: web.Request) -> Reply:
        if refusal := self._refusal(request):
            return refusal
        body = await request.json()
        if body["channel"] not in ("C1", "U1"):
            return error("channel_not_found")
        if not body.get("text"):
            return error("no_text")
        self.journal.append(body)
        return Reply(
            200, {"ok": True, "channel": body["channel"], "ts": f"1700000000.{len(self.journal):06}"}
        )

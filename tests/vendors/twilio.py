"""Twilio's REST API, 2010-04-01: Messages, Calls and the account."""

from __future__ import annotations

from typing import Any

import aiohttp
from aiohttp import web

from channels.providers.base import Message
from channels.providers.twilio.provider import TwilioProvider
from tests.channels.provider_kit import message
from tests.vendors.server import Reply, Vendor

SID = "AC" + "1" * 32
TOKEN = "a token"
UNKNOWN = "+15005550001"


def error(status: int, code: int, text: str, **headers: str) -> Reply:
    """An error as Twilio words it."""
    body = {
        "code": code,
        "message": text,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return Reply(status, body, headers)


class Twilio(Vendor):
    """Text messages unless told otherwise."""

    name = "twilio"
    provider = TwilioProvider()
    refused = error(400, 21211, "The 'To' number +1 is not a valid phone number.")
    busy = error(503, 20503, "Service unavailable")
    throttled = error(429, 20429, "Too Many Requests", **{"Retry-After": "3"})
    throttle_wait = 3

    def raw_settings(self) -> dict[str, Any]:
        return {"account_sid": SID, "auth_token": TOKEN, "from_number": "+15005550006", "base_url": self.url}

    def wrong_login(self) -> dict[str, Any]:
        return {"auth_token": "wrong"}

    def message(self, number: int, kind: str = "sms", **changes: Any) -> Message:
        values = {"address": f"+1555{number:07}", "context": {"channel_kind": kind}, **changes}
        return message(number, **values)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/2010-04-01/Accounts/{sid}/{what:Messages|Calls}.json", self.sending(self._create)),
            web.get("/2010-04-01/Accounts/{sid}.json", self.answering(self._account)),
        ]

    def _refusal(self, request: web.Request) -> Reply | None:
        given = request.headers.get("Authorization", "")
        if given != aiohttp.encode_basic_auth(SID, TOKEN):
            return error(401, 20003, "Authenticate")
        return None

    async def _account(self, request: web.Request) -> Reply:
        known = {"sid": SID, "friendly_name": "Acme", "status": "active"}
        return self._refusal(request) or Reply(200, known)

    async def _create(self, request: web.Request) -> Reply:
        if refusal := self._refusal(request):
            return refusal
        form = dict(await request.post())
        call = request.match_info["what"] == "Calls"
        needed = {"To", "From", "Twiml"} if call else {"To", "Body"}
        if missing := needed - form.keys():
            return error(400, 21604, f"A '{missing.pop()}' is required.")
        if not call and not {"From", "MessagingServiceSid"} & form.keys():
            return error(400, 21603, "A 'From' phone number is required.")
        if form["To"] == UNKNOWN:
            return error(400, 21211, f"The 'To' number {UNKNOWN} is not a valid phone number.")
        sid = f"{'CA' if call else 'SM'}{len(self.journal) + 1:032x}"
        self.journal.append({"what": request.match_info["what"], **form})
        return Reply(201, {"sid": sid, "status": "queued", "error_code": None})

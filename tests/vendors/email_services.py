"""Email services with an HTTP API: Postmark, Mailgun, Brevo, Resend."""

from __future__ import annotations

from typing import Any

import aiohttp
from aiohttp import web

from channels.providers.anymail.provider import AnymailProvider
from channels.providers.base import Message
from tests.channels.provider_kit import message
from tests.vendors.server import Reply, Vendor


class EmailService(Vendor):
    """What they have in common; the journal holds what each of them was given, in one shape."""

    kind = "email"
    provider = AnymailProvider()
    send_path = ""
    check_path = ""
    key = "key-1"
    secret = "user:password"

    def raw_settings(self) -> dict[str, Any]:
        return {"service": self.name, "api_key": self.key, "from_address": "news@acme.test", "from_name": "Zoë “A”",
                "base_url": self.url, "webhook_secret": self.secret}  # fmt: skip

    def wrong_login(self) -> dict[str, Any]:
        return {"api_key": "wrong"}

    def message(self, number: int, **changes: Any) -> Message:
        headers = {"Message-ID": f"<{number}@x.test>", "List-Unsubscribe": f"<https://x.test/{number}>",
                   "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}  # fmt: skip
        return message(number, **{"headers": headers, **changes})

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post(self.send_path, self.sending(self._send)),
            web.get(self.check_path, self.answering(self._check)),
        ]

    def knows(self, request: web.Request) -> bool:
        raise NotImplementedError

    async def take(self, request: web.Request) -> Reply:
        raise NotImplementedError

    async def _check(self, request: web.Request) -> Reply:
        return (
            Reply(200, {"name": "Acme"}) if self.knows(request) else Reply(401, {"message": "Unauthorized"})
        )

    async def _send(self, request: web.Request) -> Reply:
        return await self.take(request) if self.knows(request) else Reply(401, {"message": "Unauthorized"})

    def keep(self, **mail: Any) -> str:
        self.journal.append(mail)
        return f"{self.name}-{len(self.journal)}"


def flat(headers: list[dict[str, str]]) -> dict[str, str]:
    return {row["Name"]: row["Value"] for row in headers}


class Postmark(EmailService):
    name = "postmark"
    send_path, check_path = "/email", "/server"
    refused = Reply(422, {"ErrorCode": 406, "Message": "You tried to send to recipients that have been marked as inactive."
                          " Found inactive addresses: person1@example.test."})  # fmt: skip
    busy = Reply(500, {"ErrorCode": 0, "Message": "Internal Server Error"})
    throttled = Reply(429, {"ErrorCode": 429, "Message": "Rate limit exceeded"}, {"Retry-After": "5"})
    throttle_wait = 5

    def knows(self, request: web.Request) -> bool:
        return request.headers.get("X-Postmark-Server-Token") == self.key

    async def take(self, request: web.Request) -> Reply:
        body = await request.json()
        known = self.keep(to=body["To"], sender=body["From"], subject=body["Subject"], text=body.get("TextBody"),
                          html=body.get("HtmlBody"), headers=flat(body.get("Headers", [])))  # fmt: skip
        return Reply(200, {"To": body["To"], "MessageID": known, "ErrorCode": 0, "Message": "OK"})


class Mailgun(EmailService):
    name = "mailgun"
    secret = "signing key"
    send_path, check_path = "/acme.test/messages", "/domains/acme.test"
    refused = Reply(400, {"message": "to parameter is not a valid address"})
    busy = Reply(503, {"message": "Come back"})
    throttled = Reply(429, {"message": "Too many requests"}, {"Retry-After": "9"})
    throttle_wait = 9

    def knows(self, request: web.Request) -> bool:
        return request.headers.get("Authorization") == aiohttp.encode_basic_auth("api", self.key)

    async def take(self, request: web.Request) -> Reply:
        form = await request.post()
        headers = {name[2:]: value for name, value in form.items() if name.startswith("h:")}
        known = self.keep(to=form["to"], sender=form["from"], subject=form["subject"], text=form.get("text"),
                          html=form.get("html"), headers=headers)  # fmt: skip
        return Reply(200, {"id": f"<{known}>", "message": "Queued. Thank you."})


class Brevo(EmailService):
    name = "brevo"
    send_path, check_path = "/smtp/email", "/account"
    refused = Reply(400, {"code": "invalid_parameter", "message": "email is not valid in to"})
    busy = Reply(502, "Bad gateway")
    throttled = Reply(429, {"code": "too_many_requests", "message": "Slow down"}, {"Retry-After": "4"})
    throttle_wait = 4

    def knows(self, request: web.Request) -> bool:
        return request.headers.get("api-key") == self.key

    async def take(self, request: web.Request) -> Reply:
        body = await request.json()
        known = self.keep(to=body["to"][0]["email"], sender=str(body["sender"]), subject=body["subject"],
                          text=body.get("textContent"), html=body.get("htmlContent"),
                          headers=body.get("headers", {}))  # fmt: skip
        return Reply(201, {"messageId": f"<{known}>"})


class Resend(EmailService):
    name = "resend"
    send_path, check_path = "/emails", "/domains"
    refused = Reply(422, {"statusCode": 422, "name": "validation_error", "message": "Invalid `to` field."})
    busy = Reply(500, {"statusCode": 500, "name": "application_error", "message": "Try again later."})
    throttled = Reply(
        429, {"statusCode": 429, "name": "rate_limit_exceeded", "message": "Too many"}, {"Retry-After": "1"}
    )
    throttle_wait = 1

    def knows(self, request: web.Request) -> bool:
        return request.headers.get("Authorization") == f"Bearer {self.key}"

    async def take(self, request: web.Request) -> Reply:
        body = await request.json()
        known = self.keep(to=body["to"][0], sender=body["from"], subject=body["subject"], text=body.get("text"),
                          html=body.get("html"), headers=body.get("headers", {}))  # fmt: skip
        return Reply(200, {"id": known})


SERVICES = (Postmark, Mailgun, Brevo, Resend)

"""Notifications as FCM's HTTP v1 API takes them: one call a device."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp

from channels.providers.base import DeviceAddress, Message, Outcome
from channels.providers.http.client import Answer, ask, malformed
from channels.providers.http.devices import gone, to_every_device
from channels.providers.http.google_login import GoogleLogin, ServiceAccount, google_detail
from channels.providers.http.sender import Transport

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
QUOTA_SECONDS = 60.0
"""What Google asks to wait where an answer about the quota names no time."""
#: The registration belongs to nobody any more, or to another project: nothing reaches it.
GONE = {"UNREGISTERED", "SENDER_ID_MISMATCH"}
ACCOUNT = {"UNAUTHENTICATED", "PERMISSION_DENIED", "THIRD_PARTY_AUTH_ERROR"}


class FcmTransport(Transport):
    """One POST a device."""

    name = "fcm"

    def __init__(self, settings: Mapping[str, Any]) -> None:
        account = ServiceAccount(settings["service_account"])
        self._login = GoogleLogin(account, SCOPE)
        self._url = f"{settings['base_url']}/v1/projects/{account.project}/messages:send"
        self._ttl = f"{int(settings['ttl_hours'] * 3600)}s"
        self._priority = settings["priority"]

    async def send(self, session: aiohttp.ClientSession, message: Message) -> Outcome:
        """Make one call for each device."""
        login = await self._login.headers(session)
        if isinstance(login, Outcome):
            return login

        async def call(message: Message, device: DeviceAddress) -> Outcome:
            body = {"message": {"token": device.token, **self._message(message)}}
            answer = await ask(session, "POST", self._url, json=body, headers=login)
            return answer if isinstance(answer, Outcome) else self._outcome(answer, device)

        return await to_every_device(message, call)

    def _message(self, message: Message) -> dict[str, Any]:
        link, image = message.parts.get("link", ""), message.parts.get("image", "")
        notification = {"title": message.subject, "body": message.body, "image": image}
        data = {"message_id": message.idempotency_key, **({"link": link} if link else {})}
        found: dict[str, Any] = {
            "notification": {name: value for name, value in notification.items() if value},
            "data": data,
            "android": {"ttl": self._ttl, "priority": self._priority.upper()},
            "apns": {"headers": {"apns-priority": "10" if self._priority == "high" else "5"}},
        }
        if link.startswith("https://"):
            found["webpush"] = {"fcm_options": {"link": link}}
        return found

    def _outcome(self, answer: Answer, device: DeviceAddress) -> Outcome:
        fields = answer.fields
        if answer.ok:
            name = fields.get("name")
            return Outcome.sent(str(name)) if name else malformed(answer)
        status, code, words = google_detail(fields)
        plain = answer.outcome()
        detail = f"{words} ({code})" if code else plain.detail
        if code in GONE or (code == "INVALID_ARGUMENT" and "registration token" in words):
            return gone(device, detail)
        if answer.status == 401 or code in ACCOUNT or status in ACCOUNT:
            self._login.forget()
            return Outcome.retry("login_refused", detail, connection_error=True)
        if plain.reason == "throttled":
            wait = plain.retry_after if plain.retry_after is not None else QUOTA_SECONDS
            return Outcome.retry("throttled", detail, retry_after=wait)
        if plain.kind == "retry":
            return Outcome.retry(plain.reason, detail, retry_after=plain.retry_after)
        return Outcome.failed("refused", detail)

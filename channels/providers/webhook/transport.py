"""Each message as one signed POST."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp
from yarl import URL

from channels.providers.base import Message, Outcome
from channels.providers.http.answers import failure, verdict
from channels.providers.http.client import MOST_RESPONSE_BYTES, brief, utc_now
from channels.providers.http.sender import Transport
from channels.providers.webhook.payload import Signer, event


class WebhookTransport(Transport):
    """Posts to the connection's own address, or to that of the message."""

    name = "webhook"

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._url = URL(settings["url"])
        self._signer = Signer([settings.get("secret", ""), settings.get("previous_secret", "")])
        self._authorization = (
            {"Authorization": settings["authorization"]} if settings.get("authorization") else {}
        )

    def stands_alone(self, message: Message) -> bool:
        """A message with an address of its own says nothing about the connection's."""
        return bool(message.address)

    async def send(self, session: aiohttp.ClientSession, message: Message) -> Outcome:
        """One call."""
        now = utc_now()
        body = event(message, now)
        headers = {"Content-Type": "application/json"}
        headers |= self._signer.headers(message.idempotency_key, body, now)
        try:
            url = URL(message.address) if message.address else self._url
            # The address of a message is any member's choice; the connection's secret is for its own server only.
            if url.origin() == self._url.origin():
                headers |= self._authorization
            async with session.post(
                url, data=body.encode(), headers=headers, allow_redirects=False
            ) as response:
                text = await _read_some(response)
                return verdict(response.status, response.headers, text, utc_now)
        except (TimeoutError, aiohttp.ClientError, ValueError) as problem:
            return failure(problem) or Outcome.failed("bad_message", str(problem))


async def _read_some(response: aiohttp.ClientResponse) -> str:
    """The beginning of the answer's body. Its status is known by now, so nothing here changes the outcome."""
    data = b""
    try:
        while len(data) < MOST_RESPONSE_BYTES and (block := await response.content.readany()):
            data += block
    except (TimeoutError, aiohttp.ClientError):
        response.close()
    if 200 <= response.status < 300:
        return ""
    return brief(data.decode("utf-8", "replace"))

"""Messages as push services take them: one encrypted POST to the endpoint of each subscription."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import aiohttp
from yarl import URL

from channels.domain.devices import read_key
from channels.providers.base import DeviceAddress, Message, Outcome
from channels.providers.http.client import Answer, ask
from channels.providers.http.devices import gone, to_every_device
from channels.providers.http.sender import Transport
from channels.providers.web_push.encryption import MOST_BYTES, encrypt, read_private_key, vapid

PROOF_SECONDS = 12 * 3600
"""Push services take a proof of the sender for at most a day."""


class WebPushTransport(Transport):
    """One POST a browser.

    The endpoints were given by browsers, so what one of them answers speaks of that browser only: it can neither break
    nor pause the connection.
    """

    name = "web_push"

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._key = read_private_key(read_key(settings["private_key"]))
        self._subject = settings["subject"]
        self._ttl = str(int(settings["ttl_hours"] * 3600))
        self._urgency = settings["urgency"]
        self._proofs: dict[str, tuple[float, str]] = {}

    def stands_alone(self, message: Message) -> bool:
        """Every message does."""
        return True

    async def send(self, session: aiohttp.ClientSession, message: Message) -> Outcome:
        """Make one call for each browser."""
        data = json.dumps(_payload(message), ensure_ascii=False, separators=(",", ":")).encode()
        if len(data) > MOST_BYTES:
            return Outcome.failed("too_long", f"{len(data)} of at most {MOST_BYTES} bytes.")

        async def call(message: Message, device: DeviceAddress) -> Outcome:
            try:
                body = encrypt(data, read_key(device.keys.get("p256dh")), read_key(device.keys.get("auth")))
                headers = self._headers(device.token)
            except ValueError as problem:
                return gone(device, f"This subscription cannot be used: {problem}.")
            answer = await ask(session, "POST", device.token, data=body, headers=headers)
            if isinstance(answer, Outcome):
                return replace(answer, connection_error=False)
            return _outcome(answer, device)

        return await to_every_device(message, call)

    def _headers(self, endpoint: str) -> dict[str, str]:
        origin = str(URL(endpoint).origin())
        return {
            "TTL": self._ttl,
            "Urgency": self._urgency,
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "Authorization": self._proof(origin),
        }

    def _proof(self, origin: str) -> str:
        """Signed once for each push service and half its life."""
        made, proof = self._proofs.get(origin, (0.0, ""))
        now = time.time()
        if now - made > PROOF_SECONDS / 2:
            if len(self._proofs) > 1000:
                self._proofs.clear()
            proof = vapid(self._key, origin, self._subject, int(now) + PROOF_SECONDS)
            self._proofs[origin] = (now, proof)
        return proof


def _payload(message: Message) -> dict[str, str]:
    found = {
        "id": message.idempotency_key,
        "title": message.subject,
        "body": message.body,
        "link": message.parts.get("link", ""),
        "image": message.parts.get("image", ""),
    }
    return {name: value for name, value in found.items() if value}


def _outcome(answer: Answer, device: DeviceAddress) -> Outcome:
    if answer.ok:
        return Outcome.sent(answer.headers.get("Location", "").rpartition("/")[2])
    plain = answer.outcome()
    if answer.status in (404, 410):
        return gone(device, plain.detail)
    if answer.status == 413:
        return Outcome.failed("too_long", plain.detail)
    if answer.status in (401, 403):
        return Outcome.failed("key_refused", f"{plain.detail} It was subscribed with another key.".strip())
    return replace(plain, retry_after=None, connection_error=False)

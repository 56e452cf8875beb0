"""What a webhook receives: a JSON event, signed as Standard Webhooks describes."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from standardwebhooks import Webhook

from channels.providers.base import Message

EVENT_TYPE = "campaign.message"
SHORTEST_SECRET = 16
_PREFIX = "whsec_"
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode


def read_secret(text: str) -> bytes:
    """The key in a secret: ``whsec_`` and base64, or any text of at least 16 characters. Raises ValueError."""
    if text.startswith(_PREFIX):
        try:
            key = base64.b64decode(text[len(_PREFIX) :] + "==", validate=False)
        except binascii.Error:
            raise ValueError("After whsec_ the secret has to be base64.") from None
    else:
        key = text.encode()
    if len(key) < SHORTEST_SECRET:
        raise ValueError(f"The secret is too short: at least {SHORTEST_SECRET} bytes.")
    return key


class Signer:
    """Signs with every current secret, so that a secret can be replaced without missing an event."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._webhooks = [Webhook(read_secret(secret)) for secret in secrets if secret]

    def headers(self, event_id: str, body: str, now: datetime) -> dict[str, str]:
        """The three headers of Standard Webhooks; the id is the same at every attempt."""
        headers = {"webhook-id": event_id, "webhook-timestamp": str(int(now.timestamp()))}
        if self._webhooks:
            signatures = (webhook.sign(event_id, now, body) for webhook in self._webhooks)
            headers["webhook-signature"] = " ".join(signatures)
        return headers


def event(message: Message, now: datetime) -> str:
    """The body of the request."""
    data: dict[str, Any] = {
        "id": message.idempotency_key,
        "attempt": message.attempt,
        "subject": message.subject,
        "body": message.body,
        "person": _plain(message.person),
        "context": _plain(message.context),
    }
    return _encode({"type": EVENT_TYPE, "timestamp": now.isoformat(), "data": data})


def _plain(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return mapping if type(mapping) is dict else dict(mapping)

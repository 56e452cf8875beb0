"""Messages as Vonage's SMS API takes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp

from channels.domain.sms import sms_parts
from channels.providers.base import Message, Outcome, OutcomeKind
from channels.providers.http.client import Answer, ask, malformed
from channels.providers.http.sender import Transport

#: What a part's status means: the outcome, its reason, and whether every other message would meet it too.
STATUSES: dict[str, tuple[OutcomeKind, str, bool]] = {
    "1": ("retry", "throttled", False),
    "2": ("failed", "bad_message", False),
    "3": ("failed", "bad_message", False),
    "4": ("retry", "login_refused", True),
    "5": ("retry", "server_error", False),
    "6": ("failed", "refused", False),
    "7": ("failed", "number_barred", False),
    "8": ("retry", "account_not_active", True),
    "9": ("retry", "no_balance", True),
    "10": ("retry", "throttled", False),
    "11": ("retry", "account_not_active", True),
    "12": ("failed", "too_long", False),
    "14": ("retry", "login_refused", True),
    "15": ("retry", "sender_not_allowed", True),
    "22": ("failed", "bad_address", False),
    "23": ("retry", "bad_settings", True),
    "29": ("failed", "number_not_allowed", False),
    "32": ("retry", "login_refused", True),
    "33": ("failed", "bad_address", False),
}
THROTTLE_SECONDS = 1.0
"""Vonage limits messages a second and names no time to wait."""


class VonageTransport(Transport):
    """One POST a message."""

    name = "vonage"

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings
        self._url = f"{settings['base_url']}/sms/json"

    async def send(self, session: aiohttp.ClientSession, message: Message) -> Outcome:
        """Make one call."""
        settings = self._settings
        form = {
            "api_key": settings["api_key"],
            "api_secret": settings["api_secret"],
            "from": settings["from_number"].removeprefix("+"),
            "to": message.address.removeprefix("+"),
            "text": message.body,
            "client-ref": message.idempotency_key,
        }
        if sms_parts(message.body).encoding == "UCS-2":
            form["type"] = "unicode"
        if settings["signature_secret"] and settings.get("receipts_url"):
            form["callback"] = settings["receipts_url"]
        answer = await ask(session, "POST", self._url, data=form)
        return answer if isinstance(answer, Outcome) else _outcome(answer)


def _outcome(answer: Answer) -> Outcome:
    if not answer.ok:
        return answer.outcome()
    parts = answer.fields.get("messages")
    if not isinstance(parts, list) or not parts or not all(isinstance(part, dict) for part in parts):
        return malformed(answer)
    taken = [part for part in parts if str(part.get("status")) == "0"]
    if taken:
        lost = len(parts) - len(taken)
        return Outcome.sent(
            str(taken[0].get("message-id", "")), f"{lost} of {len(parts)} parts were refused." if lost else ""
        )
    status, words = str(parts[0].get("status", "")), str(parts[0].get("error-text", ""))
    kind, reason, account = STATUSES.get(status, ("failed", "refused", False))
    detail = f"{words or 'Refused'} (Vonage status {status})"
    if kind == "failed":
        return Outcome.failed(reason, detail)
    wait = THROTTLE_SECONDS if reason == "throttled" else None
    return Outcome.retry(reason, detail, retry_after=wait, connection_error=account)

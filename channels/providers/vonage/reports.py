"""Vonage's delivery receipts: signed with the account's signature secret, as a form, as JSON or in the address."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

from channels.providers.base import ForgedReceipt, Receipt, ReceiptKind
from channels.providers.http.signatures import must_be_recent, must_match

METHODS = (
    ("md5hash", "MD5 hash"), ("md5", "MD5 HMAC"), ("sha1", "SHA-1 HMAC"), ("sha256", "SHA-256 HMAC"),
    ("sha512", "SHA-512 HMAC"),
)  # fmt: skip
KINDS: dict[str, ReceiptKind] = {
    "delivered": "delivered",
    "expired": "failed",
    "failed": "failed",
    "rejected": "failed",
}
#: Network codes of numbers that will never take a message.
DEAD_NUMBERS = {"3", "9"}


def sign(secret: str, method: str, fields: Mapping[str, str]) -> str:
    """The signature over every field but ``sig``."""
    pairs = [f"&{name}={_quiet(value)}" for name, value in sorted(fields.items()) if name != "sig"]
    text = "".join(pairs)
    if method == "md5hash":
        return hashlib.md5(f"{text}{secret}".encode(), usedforsecurity=False).hexdigest()
    return hmac.new(secret.encode(), text.encode(), method).hexdigest()


def read_report(
    secret: str, method: str, headers: Mapping[str, str], body: bytes, url: str, now: datetime
) -> list[Receipt]:
    """The receipt of one call. Raises `ForgedReceipt`, or ValueError for what cannot be read."""
    if not secret:
        raise ForgedReceipt("The connection has no signature secret.")
    fields = _fields(headers, body, url)
    must_match(fields.get("sig", "").lower(), sign(secret, method, fields))
    must_be_recent(fields.get("timestamp", ""), now)
    kind, message_id = KINDS.get(fields.get("status", "")), fields.get("messageId", "")
    if kind is None or not message_id:
        return []
    code = fields.get("err-code", "")
    if kind == "failed" and code in DEAD_NUMBERS:
        kind = "bounced"
    number = fields.get("msisdn", "")
    detail = f"{fields['status']}{f', network code {code}' if code not in ('', '0') else ''}"
    event = f"{message_id}:{fields['status']}"
    return [Receipt(event, message_id, kind, _time(fields), detail, f"+{number}" if number else "")]


def _fields(headers: Mapping[str, str], body: bytes, url: str) -> dict[str, str]:
    if "json" in headers.get("content-type", ""):
        try:
            data = json.loads(body)
        except RecursionError:
            raise ValueError("The receipt is nested too deeply.") from None
        if not isinstance(data, dict):
            raise ValueError("The receipt must be an object.")
        return {str(name): "" if value is None else str(value) for name, value in data.items()}
    return dict(parse_qsl(body.decode() or urlsplit(url).query, keep_blank_values=True, max_num_fields=100))


def _quiet(value: str) -> str:
    return value.replace("&", "_").replace("=", "_")


def _time(fields: Mapping[str, str]) -> datetime | None:
    """When the network reported: ``scts`` is YYMMDDHHMM in UTC."""
    try:
        return datetime.strptime(fields.get("scts", ""), "%y%m%d%H%M").replace(tzinfo=UTC)
    except ValueError:
        return None

"""What the sandbox's service would report: signed as Standard Webhooks are, so that demos and tests can report anything."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

from channels.providers.base import ForgedReceipt, Receipt, ReceiptKind

#: A call signed longer ago (or further ahead) than that is an old one played again.
WINDOW = timedelta(minutes=5)
_KINDS = get_args(ReceiptKind)
_MOST = 10_000


def sign(secret: str, call_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers of a call."""
    moment = str(int(at.timestamp()))
    return {
        "webhook-id": call_id,
        "webhook-timestamp": moment,
        "webhook-signature": f"v1,{_signature(secret, call_id, moment, body)}",
    }


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Raises `ForgedReceipt` where the signature is not of this body, or not of these five minutes."""
    if not secret:
        raise ForgedReceipt("The connection has no secret for receipts.")
    call_id, moment = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not (moment.isascii() and moment.isdigit() and len(moment) < 12):
        raise ForgedReceipt("The time of the call is missing.")
    if abs(datetime.fromtimestamp(int(moment), UTC) - now) > WINDOW:
        raise ForgedReceipt("The call is too old.")
    wanted = _signature(secret, call_id, moment, body).encode()
    given = (part.partition(",") for part in headers.get("webhook-signature", "").split(" "))
    if not any(version == "v1" and hmac.compare_digest(text.encode(), wanted) for version, _, text in given):
        raise ForgedReceipt("The signature is wrong.")


def _signature(secret: str, call_id: str, moment: str, body: bytes) -> str:
    signed = f"{call_id}.{moment}.".encode() + body
    return b64encode(hmac.digest(secret.encode(), signed, hashlib.sha256)).decode()


def read(body: bytes) -> list[Receipt]:
    """The receipts of ``{"events": [{"id", "message", "kind", "at", "detail", "address", "permanent"}]}``."""
    try:
        events = json.loads(body)["events"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ValueError('Send {"events": [...]} as JSON.') from None
    if not isinstance(events, list) or len(events) > _MOST:
        raise ValueError(f"events must be a list of at most {_MOST}.")
    return [_receipt(index, event) for index, event in enumerate(events)]


def _receipt(index: int, event: Any) -> Receipt:
    if not isinstance(event, Mapping):
        raise ValueError(f"events.{index} must be an object.")
    if event.get("kind") not in _KINDS:
        raise ValueError(f"events.{index}.kind must be one of {', '.join(_KINDS)}.")
    texts = {}
    for name in ("id", "message", "detail", "address"):
        texts[name] = event.get(name, "")
        if not isinstance(texts[name], str) or len(texts[name]) > 300:
            raise ValueError(f"events.{index}.{name} must be text of at most 300 characters.")
    if not texts["id"]:
        raise ValueError(f"events.{index}.id is missing.")
    return Receipt(
        event_id=texts["id"],
        provider_id=texts["message"],
        kind=event["kind"],
        at=_time(index, event.get("at")),
        detail=texts["detail"],
        address=texts["address"],
        permanent=event.get("permanent") is not False,
    )


def _time(index: int, value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError
        return moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"events.{index}.at must be a time in ISO 8601 with an offset.") from None

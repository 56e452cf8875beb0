"""What email services report, read by anymail's own webhook views."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from importlib import import_module
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

from anymail.exceptions import AnymailError, AnymailWebhookValidationFailure
from django.core.handlers.wsgi import WSGIRequest

from channels.providers.anymail.services import SERVICES
from channels.providers.base import ForgedReceipt, Receipt, ReceiptKind
from channels.providers.http.client import brief
from channels.providers.http.signatures import must_be_recent

KINDS: dict[str, ReceiptKind] = {
    "delivered": "delivered",
    "opened": "opened",
    "clicked": "clicked",
    "bounced": "bounced",
    "complained": "complained",
    "unsubscribed": "unsubscribed",
    "rejected": "failed",
    "failed": "failed",
}


def read_report(
    settings: Mapping[str, Any], headers: Mapping[str, str], body: bytes, url: str, now: datetime
) -> list[Receipt]:
    """The receipts of one call. Raises `ForgedReceipt`, or ValueError for what cannot be read."""
    secret = settings["webhook_secret"]
    if not secret:
        raise ForgedReceipt("The connection has no secret for reports.")
    service = SERVICES[settings["service"]]
    module, _, class_name = service.webhook.partition(":")
    view = getattr(import_module(module), class_name)(
        **({"webhook_signing_key": secret} if service.signs else {"webhook_secret": secret})
    )
    request = _request(headers, body, url)
    try:
        view.run_validators(request)
        events = view.parse_events(request)
    except AnymailWebhookValidationFailure as problem:
        raise ForgedReceipt(str(problem)) from None
    except (AnymailError, TypeError, AttributeError, LookupError, RecursionError) as problem:
        raise ValueError(f"This is no report of {service.label}: {problem}") from problem
    if service.signs:
        for event in events:
            must_be_recent(_signed_at(event), now)
    return [receipt for event in events if (receipt := _receipt(event)) is not None]


def _receipt(event: Any) -> Receipt | None:
    kind = KINDS.get(event.event_type)
    if kind is None or not (event.message_id or event.recipient):
        return None
    what = (event.message_id, event.event_type, event.recipient, event.timestamp, event.click_url)
    event_id = (
        _own_id(event.esp_event)
        or event.event_id
        or hashlib.sha256("\0".join(map(str, what)).encode()).hexdigest()
    )
    words = event.description or event.mta_response or event.reject_reason or event.click_url or ""
    return Receipt(
        event_id=str(event_id),
        provider_id=str(event.message_id or ""),
        kind=kind,
        at=event.timestamp,
        detail=brief(str(words)),
        address=str(event.recipient or ""),
        permanent=_is_permanent(event.esp_event),
    )


def _own_id(raw: Any) -> str:
    """Mailgun's id of the event: what anymail takes is new each time that a report is repeated."""
    data = raw.get("event-data") if isinstance(raw, Mapping) else None
    return str(data.get("id") or "") if isinstance(data, Mapping) else ""


def _is_permanent(raw: Any) -> bool:
    """Whether a bounce is for good: services say so in words of their own."""
    if not isinstance(raw, Mapping):
        return True
    data = raw.get("event-data")
    severity = data.get("severity") if isinstance(data, Mapping) else None
    words = (severity, raw.get("Type"), raw.get("event"))
    return not any(word in ("temporary", "SoftBounce", "soft_bounce") for word in words)


def _signed_at(event: Any) -> str:
    raw = event.esp_event
    signature = raw.get("signature") if isinstance(raw, Mapping) else None
    return str(signature.get("timestamp", "")) if isinstance(signature, Mapping) else ""


def _request(headers: Mapping[str, str], body: bytes, url: str) -> WSGIRequest:
    """The call as Django has it, for anymail."""
    address = urlsplit(url)
    environment: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": address.path or "/",
        "QUERY_STRING": address.query,
        "SERVER_NAME": address.hostname or "localhost",
        "SERVER_PORT": str(address.port or 443),
        "wsgi.url_scheme": address.scheme or "https",
        "wsgi.input": BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": headers.get("content-type", "application/json"),
    }
    environment |= {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    return WSGIRequest(environment)

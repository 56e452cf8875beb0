"""What Twilio reports: status callbacks of messages and calls, and replies that opt out."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

from channels.providers.base import Receipt, ReceiptKind
from channels.providers.http.signatures import first_values, must_match, read_form

MESSAGE_KINDS: dict[str, ReceiptKind] = {
    "delivered": "delivered",
    "read": "opened",
    "undelivered": "failed",
    "failed": "failed",
}
CALL_KINDS: dict[str, ReceiptKind] = {
    "completed": "answered",
    "busy": "busy",
    "no-answer": "no_answer",
    "failed": "failed",
    "canceled": "failed",
}
#: Error codes of messages to numbers that will never take one, and of people who opted out at their carrier.
DEAD_NUMBERS = {"30005", "30006"}
OPTED_OUT = {"21610"}


def sign(token: str, url: str, form: Iterable[tuple[str, str]]) -> str:
    """The signature of a call by Twilio: the address and every field in order, as HMAC-SHA1 with the auth token."""
    text = url + "".join(f"{name}{value}" for name, value in sorted(set(form)))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def read_report(token: str, headers: Mapping[str, str], body: bytes, url: str) -> list[Receipt]:
    """The receipts of one call. Raises `ForgedReceipt`, or ValueError for what is no form."""
    form = read_form(body)
    must_match(headers.get("x-twilio-signature", ""), sign(token, url, form))
    fields = first_values(form)
    if fields.get("CallSid"):
        return _call(fields)
    if fields.get("OptOutType") == "STOP":
        person, sid = _number(fields.get("From", "")), fields.get("MessageSid", "")
        return [Receipt(f"{sid}:STOP", "", "unsubscribed", None, "The person replied STOP.", person)]
    return _message(fields)


def _message(fields: Mapping[str, str]) -> list[Receipt]:
    sid, status, code = (fields.get(name, "") for name in ("MessageSid", "MessageStatus", "ErrorCode"))
    kind = MESSAGE_KINDS.get(status)
    if not sid or kind is None:
        return []
    if kind == "failed":
        kind = "bounced" if code in DEAD_NUMBERS else "unsubscribed" if code in OPTED_OUT else "failed"
    detail = f"{status}: Twilio error {code}" if code else status
    return [Receipt(f"{sid}:{status}", sid, kind, None, detail, _number(fields.get("To", "")))]


def _call(fields: Mapping[str, str]) -> list[Receipt]:
    sid, status, answered_by = (fields.get(name, "") for name in ("CallSid", "CallStatus", "AnsweredBy"))
    kind = CALL_KINDS.get(status)
    if kind is None:
        return []
    if kind == "answered" and answered_by.startswith(("machine", "fax")):
        kind = "machine"
    seconds = f", {fields['CallDuration']} s" if fields.get("CallDuration") else ""
    detail = f"{status}{f' by {answered_by}' if answered_by else ''}{seconds}"
    return [Receipt(f"{sid}:{status}", sid, kind, _time(fields), detail, _number(fields.get("To", "")))]


def _number(text: str) -> str:
    return text.removeprefix("whatsapp:")


def _time(fields: Mapping[str, str]) -> datetime | None:
    try:
        moment = parsedate_to_datetime(fields.get("Timestamp", ""))
    except ValueError:
        return None
    return moment if moment.tzinfo else None

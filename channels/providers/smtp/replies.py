"""What a server's reply means for the message it was about."""

from __future__ import annotations

import re

from channels.providers.base import Outcome

_LOGIN_CODES = {530, 534, 535, 538}
_REASONS = {"MAIL": "sender_refused", "RCPT": "recipient_refused", "DATA": "message_refused"}
_QUEUED_AS = re.compile(rb"queued as ([\w.@<>-]+)", re.I)


def refusal(verb: str, code: int, text: bytes) -> Outcome:
    """The outcome of a reply that did not accept: 5xx is final, everything else may be tried again."""
    detail = f"{code} {text.decode('utf-8', 'replace')}".strip()
    if code in _LOGIN_CODES:
        return Outcome.retry("login_refused", detail, connection_error=True)
    if 500 <= code < 600:
        return Outcome.failed(_REASONS[verb], detail)
    if code == 421:
        return Outcome.retry("server_busy", detail)
    return Outcome.retry(f"{_REASONS[verb]}_for_now", detail)


def verdict(code: int, text: bytes) -> Outcome:
    """The outcome of the reply to a whole message."""
    if 200 <= code < 300:
        found = _QUEUED_AS.search(text)
        return Outcome.sent(found.group(1).decode() if found else "")
    if 400 <= code < 600:
        return refusal("DATA", code, text)
    return Outcome.unknown("malformed_answer", f"{code} {text.decode('utf-8', 'replace')}".strip())

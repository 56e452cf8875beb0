"""Messages and calls as Twilio's REST API takes them (2010-04-01)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import aiohttp

from channels.providers.base import Message, Outcome
from channels.providers.http.client import Answer, ask, malformed
from channels.providers.http.sender import Transport

LONGEST_BODY = 1600
LONGEST_TWIML = 4000
#: Twilio's error codes that say more than their HTTP status; every other one follows the status.
#: ``account``: every other message would be refused alike.
CODES: dict[int, tuple[str, bool]] = {
    20003: ("login_refused", True),
    20005: ("account_not_active", True),
    20404: ("account_unknown", True),
    21210: ("sender_not_allowed", True),
    21212: ("sender_not_allowed", True),
    21606: ("sender_not_allowed", True),
    21659: ("sender_not_allowed", True),
    21660: ("sender_not_allowed", True),
    21211: ("bad_address", False),
    21214: ("bad_address", False),
    21217: ("bad_address", False),
    21610: ("unsubscribed", False),
    21614: ("not_a_mobile_number", False),
    21617: ("too_long", False),
    63016: ("template_needed", False),
}


class TwilioTransport(Transport):
    """One POST a message."""

    name = "twilio"

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings
        self._root = f"{settings['base_url']}/2010-04-01/Accounts/{settings['account_sid']}"
        login = aiohttp.encode_basic_auth(settings["account_sid"], settings["auth_token"])
        self._headers = {"Authorization": login}

    async def send(self, session: aiohttp.ClientSession, message: Message) -> Outcome:
        """Make one call."""
        call = message.context.get("channel_kind") == "voice"
        form = self._call(message) if call else self._text(message)
        if isinstance(form, Outcome):
            return form
        url = f"{self._root}/{'Calls' if call else 'Messages'}.json"
        answer = await ask(session, "POST", url, data=form, headers=self._headers)
        return answer if isinstance(answer, Outcome) else _outcome(answer)

    def _text(self, message: Message) -> list[tuple[str, str]] | Outcome:
        settings = self._settings
        if len(message.body) > LONGEST_BODY:
            return Outcome.failed("too_long", f"{len(message.body)} of at most {LONGEST_BODY} characters.")
        form = [("To", message.address), ("Body", message.body)]
        if message.context.get("channel_kind") == "whatsapp":
            sender = settings["whatsapp_number"] or settings["from_number"]
            form[0] = ("To", f"whatsapp:{message.address}")
            form.append(("From", f"whatsapp:{sender}"))
        elif settings["messaging_service"]:
            sender = settings["messaging_service"]
            form.append(("MessagingServiceSid", sender))
        else:
            sender = settings["from_number"]
            form.append(("From", sender))
        if not sender:
            return _nobody_sends("messages of this kind")
        if settings.get("receipts_url"):
            form.append(("StatusCallback", settings["receipts_url"]))
        return form

    def _call(self, message: Message) -> list[tuple[str, str]] | Outcome:
        settings = self._settings
        sender = settings["voice_number"] or settings["from_number"]
        if not sender:
            return _nobody_sends("calls")
        words = f"<Say language={quoteattr(settings['voice_language'])}>{escape(message.body)}</Say>"
        twiml = f"<Response>{words}</Response>"
        if len(twiml) > LONGEST_TWIML:
            return Outcome.failed("too_long", f"{len(twiml)} of at most {LONGEST_TWIML} characters.")
        ring = str(int(settings["ring_seconds"]))
        form = [("To", message.address), ("From", sender), ("Twiml", twiml), ("Timeout", ring)]
        if settings["machine_detection"]:
            form.append(("MachineDetection", "Enable"))
        if settings.get("receipts_url"):
            form += [("StatusCallback", settings["receipts_url"]), ("StatusCallbackEvent", "completed")]
        return form


def _nobody_sends(what: str) -> Outcome:
    return Outcome.retry(
        "no_sender", f"This connection has no number that {what} can come from.", connection_error=True
    )


def _outcome(answer: Answer) -> Outcome:
    fields = answer.fields
    if answer.ok:
        sid = fields.get("sid")
        return Outcome.sent(str(sid)) if sid else malformed(answer)
    plain = answer.outcome()
    code, words = fields.get("code"), str(fields.get("message", ""))
    detail = f"{words} (Twilio error {code})" if code else plain.detail
    if plain.kind == "retry" and not plain.connection_error:
        return Outcome.retry(plain.reason, detail, retry_after=plain.retry_after)
    reason, account = CODES.get(code, (plain.reason, plain.connection_error)) if isinstance(code, int) else (
        plain.reason, plain.connection_error)  # fmt: skip
    if account:
        return Outcome.retry(reason, detail, connection_error=True)
    return Outcome.failed(reason, detail)

"""Twilio beyond what every vendor does: the three kinds, its error codes, and its reports."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from channels.providers.base import ForgedReceipt, SettingsError
from channels.providers.twilio.reports import sign
from tests.channels.provider_kit import send_all
from tests.vendors.server import running
from tests.vendors.twilio import SID, TOKEN, Twilio, error

HOOK = "https://console.example.test/hooks/abc/"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    with running(Twilio()) as vendor:
        yield vendor


@pytest.fixture
def twilio(server: Twilio) -> Twilio:
    server.fault = None
    server.journal.clear()
    return server


def send(twilio: Twilio, kind: str, body: str = "Hello & good day", **changes: Any) -> Any:
    settings = {**twilio.settings(**changes), "receipts_url": HOOK}
    return send_all(twilio.provider, settings, [twilio.message(1, kind, body=body)])[1]


@pytest.mark.parametrize(
    ("kind", "changes", "sent"),
    [
        ("sms", {}, {"what": "Messages", "To": "+15550000001", "From": "+15005550006",
                     "Body": "Hello & good day", "StatusCallback": HOOK}),
        ("sms", {"messaging_service": "MG" + "2" * 32},
         {"what": "Messages", "To": "+15550000001", "MessagingServiceSid": "MG" + "2" * 32,
          "Body": "Hello & good day", "StatusCallback": HOOK}),
        ("whatsapp", {"whatsapp_number": "+15005550009"},
         {"what": "Messages", "To": "whatsapp:+15550000001", "From": "whatsapp:+15005550009",
          "Body": "Hello & good day", "StatusCallback": HOOK}),
        ("voice", {"voice_language": "de-DE", "machine_detection": False},
         {"what": "Calls", "To": "+15550000001", "From": "+15005550006", "Timeout": "30",
          "Twiml": '<Response><Say language="de-DE">Hello &amp; good day</Say></Response>',
          "StatusCallback": HOOK, "StatusCallbackEvent": "completed"}),
    ],
)  # fmt: skip
def test_each_kind_is_one_documented_call(
    kind: str, changes: dict[str, Any], sent: dict[str, str], twilio: Twilio
) -> None:
    outcome = send(twilio, kind, **changes)
    assert outcome.kind == "sent" and outcome.provider_id.startswith("CA" if kind == "voice" else "SM")
    assert twilio.journal == [sent]


def test_a_call_asks_who_answers(twilio: Twilio) -> None:
    send(twilio, "voice")
    assert twilio.journal[0]["MachineDetection"] == "Enable"


@pytest.mark.parametrize(
    ("status", "code", "kind", "reason", "broken"),
    [
        (400, 21211, "failed", "bad_address", False),
        (400, 21610, "failed", "unsubscribed", False),
        (400, 21614, "failed", "not_a_mobile_number", False),
        (400, 63016, "failed", "template_needed", False),
        (400, 21999, "failed", "refused", False),
        (400, 21606, "retry", "sender_not_allowed", True),
        (403, 20005, "retry", "account_not_active", True),
        (404, 20404, "retry", "account_unknown", True),
        (401, 20003, "retry", "login_refused", True),
        (500, 20500, "retry", "server_error", False),
    ],
)
def test_the_error_codes_are_told_apart(
    status: int, code: int, kind: str, reason: str, broken: bool, twilio: Twilio
) -> None:
    twilio.fault = error(status, code, "In Twilio's words.")
    outcome = send(twilio, "sms")
    assert (outcome.kind, outcome.reason, outcome.connection_error) == (kind, reason, broken)
    assert "In Twilio's words." in outcome.detail and str(code) in outcome.detail


def test_too_long_a_text_is_not_even_asked_for(twilio: Twilio) -> None:
    assert send(twilio, "sms", "x" * 1601).reason == "too_long"
    assert send(twilio, "voice", "x" * 4000).reason == "too_long"
    assert twilio.journal == []


def test_without_a_number_calls_wait_and_the_cause_is_said(twilio: Twilio) -> None:
    outcome = send(twilio, "voice", from_number="", messaging_service="MG" + "2" * 32)
    assert (outcome.kind, outcome.connection_error) == ("retry", True)
    assert "calls" in outcome.detail


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"account_sid": "SK123"}, "account_sid"),
        ({"auth_token": ""}, "auth_token"),
        ({"from_number": ""}, "from_number"),
        ({"from_number": "a sender that is too long"}, "from_number"),
        ({"voice_number": "Acme"}, "voice_number"),
        ({"messaging_service": "12"}, "messaging_service"),
        ({"base_url": "nowhere"}, "base_url"),
        ({"voice_language": "tlh"}, "voice_language"),
    ],
)
def test_settings_that_cannot_work_are_refused_by_field(
    changes: dict[str, Any], field: str, twilio: Twilio
) -> None:
    with pytest.raises(SettingsError) as problem:
        twilio.settings(**changes)
    assert list(problem.value.errors) == [field]


MESSAGE = {"AccountSid": SID, "MessageSid": "SM1", "To": "+15550000001", "From": "+15005550006"}
CALL = {
    "AccountSid": SID,
    "CallSid": "CA1",
    "To": "+15550000001",
    "Timestamp": "Sun, 01 Mar 2026 11:59:00 +0000",
}
REPORTS = [
    ({**MESSAGE, "MessageStatus": "delivered"}, "delivered", "SM1"),
    ({**MESSAGE, "MessageStatus": "read", "To": "whatsapp:+15550000001"}, "opened", "SM1"),
    ({**MESSAGE, "MessageStatus": "undelivered", "ErrorCode": "30003"}, "failed", "SM1"),
    ({**MESSAGE, "MessageStatus": "undelivered", "ErrorCode": "30005"}, "bounced", "SM1"),
    ({**MESSAGE, "MessageStatus": "failed", "ErrorCode": "21610"}, "unsubscribed", "SM1"),
    ({**MESSAGE, "MessageStatus": "sent"}, None, ""),
    ({"MessageSid": "SM9", "From": "+15550000001", "Body": "STOP", "OptOutType": "STOP"}, "unsubscribed", ""),
    ({**CALL, "CallStatus": "completed", "AnsweredBy": "human", "CallDuration": "12"}, "answered", "CA1"),
    ({**CALL, "CallStatus": "completed"}, "answered", "CA1"),
    ({**CALL, "CallStatus": "completed", "AnsweredBy": "machine_start"}, "machine", "CA1"),
    ({**CALL, "CallStatus": "completed", "AnsweredBy": "fax"}, "machine", "CA1"),
    ({**CALL, "CallStatus": "busy"}, "busy", "CA1"),
    ({**CALL, "CallStatus": "no-answer"}, "no_answer", "CA1"),
    ({**CALL, "CallStatus": "failed"}, "failed", "CA1"),
    ({**CALL, "CallStatus": "ringing"}, None, ""),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "kind", "provider_id"), REPORTS)
def test_reports_are_read_and_their_signature_is_checked(
    fields: dict[str, str], kind: str | None, provider_id: str, twilio: Twilio
) -> None:
    settings, body = twilio.settings(), urlencode(fields).encode()
    headers = {"x-twilio-signature": sign(TOKEN, HOOK, fields.items())}
    receipts = twilio.provider.receipts(settings, headers, body, HOOK, NOW)
    assert receipts == twilio.provider.receipts(settings, headers, body, HOOK, NOW)
    assert [(r.kind, r.provider_id) for r in receipts] == ([(kind, provider_id)] if kind else [])
    assert all(r.address == "+15550000001" and r.event_id for r in receipts)
    for forged in ({}, {"x-twilio-signature": sign("other", HOOK, fields.items())}):
        with pytest.raises(ForgedReceipt):
            twilio.provider.receipts(settings, forged, body, HOOK, NOW)
    with pytest.raises(ForgedReceipt):
        twilio.provider.receipts(settings, headers, body + b"&Extra=1", HOOK, NOW)


def test_the_signature_is_the_documented_one() -> None:
    form = {"CallSid": "CA1234567890ABCDE", "From": "+12349013030", "To": "+18005551212",
            "Caller": "+12349013030", "Digits": "1234"}  # fmt: skip
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert sign("12345", url, form.items()) == "0/KCTR6DLpKmkAf8muzZqo1nDgQ="

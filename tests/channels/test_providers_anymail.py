"""Email services: the mail that each of them is given, and what each of them reports."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from channels.providers.anymail.services import SERVICES as KNOWN
from channels.providers.base import ForgedReceipt, SettingsError
from tests.channels.provider_kit import send_all
from tests.vendors.email_services import SERVICES, Mailgun, Postmark
from tests.vendors.server import running

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOOK = "https://console.example.test/hooks/abc/"
PASSWORD = {"authorization": "Basic " + base64.b64encode(b"user:password").decode()}


@pytest.fixture(scope="module", params=SERVICES, ids=lambda service: service.name)
def server(request: pytest.FixtureRequest) -> Iterator[Any]:
    with running(request.param()) as vendor:
        yield vendor


@pytest.fixture
def service(server: Any) -> Any:
    server.fault = None
    server.journal.clear()
    return server


def test_every_service_is_tested() -> None:
    assert {service.name for service in SERVICES} == KNOWN.keys()


def test_html_comes_with_a_plain_text_made_of_it(service: Any) -> None:
    body = '<p>Grüße &amp; <a href="https://x.test/a">news</a></p>'
    outcome = send_all(
        service.provider, service.settings(), [service.message(1, body=body, subject="Grüße\n🎉")]
    )[1]
    assert outcome.kind == "sent" and outcome.provider_id.strip("<>") == f"{service.name}-1"
    (mail,) = service.journal
    assert "person1@example.test" in mail["to"] and "news@acme.test" in mail["sender"]
    assert (mail["subject"], mail["html"].strip()) == ("Grüße 🎉", body)
    assert "Grüße & news" in mail["text"] and "https://x.test/a" in mail["text"]
    assert mail["headers"]["List-Unsubscribe"] == "<https://x.test/1>"
    assert mail["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert not any(name.lower() == "message-id" for name in mail["headers"])


def test_plain_text_stays_plain(service: Any) -> None:
    send_all(service.provider, service.settings(), [service.message(1, body="1 < 2")])
    assert (service.journal[0]["text"].strip(), service.journal[0]["html"]) == ("1 < 2", None)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"service": "pigeon"}, "service"),
        ({"api_key": ""}, "api_key"),
        ({"api_key": "ü"}, "api_key"),
        ({"from_address": "nobody"}, "from_address"),
        ({"base_url": "nowhere"}, "base_url"),
        ({"webhook_secret": "no colon"}, "webhook_secret"),
    ],
)
def test_settings_that_cannot_work_are_refused_by_field(changes: dict[str, Any], field: str) -> None:
    postmark = Postmark()
    with pytest.raises(SettingsError) as problem:
        postmark.settings(**changes)
    assert list(problem.value.errors) == [field]


def mailgun(event: str, at: float = NOW.timestamp(), **data: Any) -> dict[str, Any]:
    stamp = str(int(at))
    signature = hmac.new(b"signing key", f"{stamp}token".encode(), hashlib.sha256).hexdigest()
    return {
        "signature": {"timestamp": stamp, "token": "token", "signature": signature},
        "event-data": {"event": event, "timestamp": NOW.timestamp(), "id": f"id-{event}", "recipient": "a@example.test",
                       "message": {"headers": {"message-id": "20260301.1@acme.test"}}, **data},
    }  # fmt: skip


MAILGUN = [
    (mailgun("delivered"), "delivered", True),
    (mailgun("opened"), "opened", True),
    (mailgun("clicked", url="https://x.test"), "clicked", True),
    (mailgun("complained"), "complained", True),
    (mailgun("unsubscribed"), "unsubscribed", True),
    (mailgun("failed", severity="permanent", reason="bounce"), "bounced", True),
    (mailgun("accepted"), None, True),
]


@pytest.mark.parametrize(("report", "kind", "permanent"), MAILGUN)
def test_mailguns_reports_are_signed(report: dict[str, Any], kind: str | None, permanent: bool) -> None:
    vendor = Mailgun()
    vendor.url = "https://api.example.test"
    settings, headers = vendor.settings(), {"content-type": "application/json"}
    body = json.dumps(report).encode()
    found = vendor.provider.receipts(settings, headers, body, HOOK, NOW)
    assert [(r.kind, r.permanent) for r in found] == ([(kind, permanent)] if kind else [])
    for receipt in found:
        assert receipt.address == "a@example.test" and "20260301.1@acme.test" in receipt.provider_id
        assert receipt.event_id == f"id-{report['event-data']['event']}" and receipt.at == NOW
    forged = json.dumps({**report, "signature": {**report["signature"], "token": "other"}}).encode()
    old = json.dumps(mailgun("delivered", NOW.timestamp() - 301)).encode()
    for sent, options in ((forged, settings), (old, settings), (body, {**settings, "webhook_secret": ""})):
        with pytest.raises(ForgedReceipt):
            vendor.provider.receipts(options, headers, sent, HOOK, NOW)


POSTMARK = [
    ({"RecordType": "Delivery", "MessageID": "m1", "Recipient": "a@example.test",
      "DeliveredAt": "2026-03-01T12:00:00Z"}, "delivered", True),
    ({"RecordType": "Bounce", "Type": "HardBounce", "ID": 42, "MessageID": "m1", "Email": "a@example.test",
      "BouncedAt": "2026-03-01T12:00:00Z", "Description": "The server was unable to deliver."}, "bounced", True),
    ({"RecordType": "Bounce", "Type": "SoftBounce", "ID": 43, "MessageID": "m1", "Email": "a@example.test",
      "BouncedAt": "2026-03-01T12:00:00Z"}, "bounced", False),
    ({"RecordType": "SpamComplaint", "Type": "SpamComplaint", "ID": 44, "MessageID": "m1", "Email": "a@example.test",
      "BouncedAt": "2026-03-01T12:00:00Z"}, "complained", True),
    ({"RecordType": "Open", "MessageID": "m1", "Recipient": "a@example.test",
      "ReceivedAt": "2026-03-01T12:00:00Z"}, "opened", True),
]  # fmt: skip


@pytest.mark.parametrize(("report", "kind", "permanent"), POSTMARK)
def test_postmarks_reports_come_with_a_password(report: dict[str, Any], kind: str, permanent: bool) -> None:
    vendor = Postmark()
    settings, body = vendor.settings(), json.dumps(report).encode()
    headers = {"content-type": "application/json", **PASSWORD}
    (receipt,) = vendor.provider.receipts(settings, headers, body, HOOK, NOW)
    assert (receipt.kind, receipt.permanent, receipt.provider_id) == (kind, permanent, "m1")
    assert (receipt.address, receipt.at) == ("a@example.test", NOW)
    assert vendor.provider.receipts(settings, headers, body, HOOK, NOW) == [receipt]
    wrong = {**headers, "authorization": "Basic " + base64.b64encode(b"user:other").decode()}
    for given, options in (({}, settings), (wrong, settings), (headers, {**settings, "webhook_secret": ""})):
        with pytest.raises(ForgedReceipt):
            vendor.provider.receipts(options, given, body, HOOK, NOW)


@pytest.mark.parametrize("body", [b"", b"no json", b"[]", b"{}", b'{"RecordType": 7}', b"\xff"])
def test_what_is_no_report_is_no_crash(body: bytes) -> None:
    vendor = Postmark()
    with contextlib.suppress(ValueError):
        assert vendor.provider.receipts(vendor.settings(), PASSWORD, body, HOOK, NOW) == []


#: What each service gives as the id of a message when it takes it, and how it names the same message in a report.
SAME_ID: list[tuple[str, str, dict[str, Any]]] = [
    ("postmark", "postmark-1", {"RecordType": "Delivery", "MessageID": "postmark-1", "Recipient": "a@example.test"}),
    ("mailgun", "<mailgun-1>", {**mailgun("delivered", message={"headers": {"message-id": "mailgun-1"}})}),
    ("brevo", "<brevo-1>", {"event": "delivered", "email": "a@example.test", "message-id": "<brevo-1>",
                            "ts_epoch": 1772366400000}),
    ("resend", "resend-1", {"type": "email.delivered", "created_at": "2026-03-01T12:00:00.000Z",
                            "data": {"email_id": "resend-1", "to": ["a@example.test"], "created_at": "2026-03-01"}}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "message_id", "report"), SAME_ID)
def test_a_report_names_the_message_as_it_was_taken(
    name: str, message_id: str, report: dict[str, Any]
) -> None:
    vendor = {service.name: service for service in SERVICES}[name]()
    with running(vendor):
        outcome = send_all(vendor.provider, vendor.settings(), [vendor.message(1)])[1]
        headers = {"content-type": "application/json", **PASSWORD}
        (receipt,) = vendor.provider.receipts(
            vendor.settings(), headers, json.dumps(report).encode(), HOOK, NOW
        )
    assert outcome.provider_id == message_id == receipt.provider_id
    assert (receipt.kind, receipt.address) == ("delivered", "a@example.test")

"""Slack and Vonage beyond what every vendor does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from channels.providers.base import ForgedReceipt, SettingsError
from channels.providers.vonage.reports import METHODS, sign
from tests.channels.provider_kit import send_all
from tests.vendors import slack as slack_api
from tests.vendors import vonage as vonage_api
from tests.vendors.server import running
from tests.vendors.slack import Slack
from tests.vendors.vonage import Vonage

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOOK = "https://console.example.test/hooks/abc/"


@pytest.fixture(scope="module")
def slack() -> Iterator[Any]:
    with running(Slack()) as vendor:
        yield vendor


@pytest.fixture(scope="module")
def vonage() -> Iterator[Any]:
    with running(Vonage()) as vendor:
        yield vendor


def post(vendor: Any, fault: Any = None, settings: dict[str, Any] | None = None, **changes: Any) -> Any:
    vendor.fault = fault
    vendor.journal.clear()
    return send_all(vendor.provider, vendor.settings(**(settings or {})), [vendor.message(1, **changes)])[1]


def test_slack_posts_to_the_channel_or_to_the_persons_own_member(slack: Slack) -> None:
    assert post(slack).provider_id == "C1:1700000000.000001"
    assert slack.journal[0]["channel"] == "C1"
    assert post(slack, person={"slack": "U1"}).kind == "sent"
    assert slack.journal[0]["channel"] == "U1"


@pytest.mark.parametrize(
    ("name", "kind", "broken"),
    [
        ("channel_not_found", "retry", True),
        ("is_archived", "retry", True),
        ("token_revoked", "retry", True),
        ("missing_scope", "retry", True),
        ("service_unavailable", "retry", False),
        ("ratelimited", "retry", False),
        ("fatal_error", "unknown", False),
        ("no_text", "failed", False),
        ("something_new", "failed", False),
    ],
)
def test_what_slack_says_is_told_apart(name: str, kind: str, broken: bool, slack: Slack) -> None:
    outcome = post(slack, slack_api.error(name))
    assert (outcome.kind, outcome.connection_error) == (kind, broken)
    assert name in outcome.detail


def test_one_persons_wrong_member_says_nothing_about_the_connection(slack: Slack) -> None:
    outcome = post(slack, person={"slack": "U404"})
    assert (outcome.kind, outcome.connection_error) == ("failed", False)


def test_slack_without_any_place_is_refused(slack: Slack) -> None:
    with pytest.raises(SettingsError):
        slack.settings(channel="", member_attribute="")
    outcome = post(slack, settings={"channel": ""})
    assert (outcome.kind, outcome.reason) == ("failed", "no_address")


@pytest.mark.parametrize(
    ("status", "kind", "reason", "broken"),
    [
        (2, "failed", "bad_message", False),
        (4, "retry", "login_refused", True),
        (9, "retry", "no_balance", True),
        (12, "failed", "too_long", False),
        (15, "retry", "sender_not_allowed", True),
        (99, "failed", "refused", False),
    ],
)
def test_what_vonage_says_is_told_apart(
    status: int, kind: str, reason: str, broken: bool, vonage: Vonage
) -> None:
    outcome = post(vonage, vonage_api.error(status, "In Vonage's words."))
    assert (outcome.kind, outcome.reason, outcome.connection_error) == (kind, reason, broken)
    assert "In Vonage's words." in outcome.detail


@pytest.mark.parametrize(("text", "kind"), [("Hello", None), ("Grüße 🎉", "unicode")])
def test_vonage_is_told_when_a_text_needs_unicode(text: str, kind: str | None, vonage: Vonage) -> None:
    assert post(vonage, body=text).kind == "sent"
    assert vonage.journal[0].get("type") == kind
    assert vonage.journal[0]["client-ref"] == "delivery-1"


def receipt(**changes: str) -> dict[str, str]:
    return {"msisdn": "447700900001", "messageId": "0A1", "status": "delivered", "err-code": "0",
            "scts": "2603011159", "timestamp": str(int(NOW.timestamp())), "nonce": "x", **changes}  # fmt: skip


@pytest.mark.parametrize("method", [method for method, _ in METHODS])
@pytest.mark.parametrize("way", ["form", "json", "query"])
def test_receipts_of_vonage_come_in_three_ways(method: str, way: str, vonage: Vonage) -> None:
    fields = receipt()
    fields["sig"] = sign("signing", method, fields).upper()
    body = {"form": urlencode(fields), "json": json.dumps(fields), "query": ""}[way].encode()
    url = f"{HOOK}?{urlencode(fields)}" if way == "query" else HOOK
    headers = {"content-type": "application/json"} if way == "json" else {}
    settings = vonage.settings(signature_method=method)
    (found,) = vonage.provider.receipts(settings, headers, body, url, NOW)
    assert (found.kind, found.provider_id, found.address) == ("delivered", "0A1", "+447700900001")
    assert found.at == datetime(2026, 3, 1, 11, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "kinds"),
    [
        ({"status": "failed", "err-code": "6"}, ["failed"]),
        ({"status": "failed", "err-code": "9"}, ["bounced"]),
        ({"status": "expired"}, ["failed"]),
        ({"status": "buffered"}, []),
        ({"status": "accepted"}, []),
    ],
)
def test_vonages_states_are_told_apart(changes: dict[str, str], kinds: list[str], vonage: Vonage) -> None:
    fields = receipt(**changes)
    fields["sig"] = sign("signing", "sha256", fields)
    found = vonage.provider.receipts(vonage.settings(), {}, urlencode(fields).encode(), HOOK, NOW)
    assert [one.kind for one in found] == kinds


def test_forged_and_old_receipts_of_vonage_are_refused(vonage: Vonage) -> None:
    settings, fields = vonage.settings(), receipt()
    old = receipt(timestamp=str(int(NOW.timestamp()) - 301))
    for sent, options in (
        (fields, settings),
        ({**fields, "sig": sign("other", "sha256", fields)}, settings),
        ({**old, "sig": sign("signing", "sha256", old)}, settings),
        ({**fields, "sig": sign("", "sha256", fields)}, {**settings, "signature_secret": ""}),
    ):
        with pytest.raises(ForgedReceipt):
            vonage.provider.receipts(options, {}, urlencode(sent).encode(), HOOK, NOW)

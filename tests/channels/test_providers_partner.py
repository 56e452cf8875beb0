"""The partner provider: requests written as templates, whatever people are called."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from channels.providers.base import ForgedReceipt, SettingsError
from channels.providers.sandbox.receipts import sign
from tests.channels.provider_kit import send_all
from tests.vendors.partner import Partner
from tests.vendors.server import running

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def partner() -> Iterator[Any]:
    with running(Partner()) as vendor:
        yield vendor


def test_nobodys_name_breaks_the_request(partner: Partner) -> None:
    person = {"external_id": "../../admin?x=1", "first_name": 'Zoë "Z"\r\nX-Evil: 1\\'}
    message = partner.message(1, person=person, subject='"quoted"\n', body="line\nline\u2028\\")
    outcome = send_all(partner.provider, partner.settings(), [message])[1]
    assert (outcome.kind, outcome.provider_id) == ("sent", "1")
    (record,) = partner.journal
    assert record["person"] == "../../admin?x=1"
    assert (record["title"], record["text"], record["to"]) == (
        '"quoted"\n',
        "line\nline\u2028\\",
        "../../admin?x=1",
    )
    assert record["headers"]["Idempotency-Key"] == "delivery-1"
    assert "X-Evil" not in record["headers"]
    assert record["headers"]["X-Name"].endswith("X-Evil: 1\\")


def test_a_template_that_breaks_for_one_person_fails_that_person(partner: Partner) -> None:
    settings = partner.settings(body="{{ 1 | divided_by: person.plan }}")
    outcome = send_all(partner.provider, settings, [partner.message(1, person={"plan": 0})])[1]
    assert (outcome.kind, outcome.reason) == ("failed", "template")


def test_without_a_path_to_the_id_the_status_alone_counts(partner: Partner) -> None:
    partner.fault = "malformed"
    outcome = send_all(partner.provider, partner.settings(id_path=""), [partner.message(1)])[1]
    partner.fault = None
    assert (outcome.kind, outcome.provider_id) == ("sent", "")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"url": ""}, "url"),
        ({"url": "{{ person.url }}"}, "url"),
        ({"url": "https://example.test/{{ oops"}, "url"),
        ({"url": "https://user:pass@example.test/"}, "url"),
        ({"body": "{% if %}"}, "body"),
        ({"headers": "no header"}, "headers"),
        ({"headers": "Host: elsewhere"}, "headers"),
        ({"headers": "A: \x00"}, "headers"),
        ({"method": "BREW"}, "method"),
        ({"check_url": "nowhere"}, "check_url"),
        ({"authorization": "Bearer ü"}, "authorization"),
    ],
)
def test_settings_that_cannot_work_are_refused_by_field(
    changes: dict[str, Any], field: str, partner: Partner
) -> None:
    with pytest.raises(SettingsError) as problem:
        partner.settings(**changes)
    assert list(problem.value.errors) == [field]


def test_a_lost_request_is_repeated_only_where_the_service_deduplicates(partner: Partner) -> None:
    assert not partner.provider.deduplicates(partner.settings())
    assert partner.provider.deduplicates(partner.settings(receiver_deduplicates=True))


def test_its_reports_are_signed(partner: Partner) -> None:
    settings = partner.settings()
    body = json.dumps({"events": [{"id": "e1", "message": "1", "kind": "delivered"}]}).encode()
    headers = sign(settings["receipts_secret"], "call-1", NOW, body)
    (receipt,) = partner.provider.receipts(settings, headers, body, "", NOW)
    assert (receipt.event_id, receipt.provider_id, receipt.kind) == ("e1", "1", "delivered")
    with pytest.raises(ForgedReceipt):
        partner.provider.receipts({**settings, "receipts_secret": ""}, headers, body, "", NOW)

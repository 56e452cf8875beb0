"""From a connection's settings to the ledger and back: a vendor's server takes messages and reports what became of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from channels.engine.applying import apply_received
from channels.engine.dispatch import dispatch_channel
from channels.models import Channel, Connection, Delivery, Device, Suppression
from channels.providers.twilio.reports import sign
from channels.services.connections import check_connection, create_connection, update_connection
from tests import factories
from tests.engine.sending import ledger, make_blast
from tests.vendors.fcm import Fcm
from tests.vendors.server import Vendor, running
from tests.vendors.twilio import TOKEN, Twilio

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


@pytest.fixture(autouse=True)
def _this_machine_may_be_called(settings: Any) -> None:
    settings.WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    settings.SITE_URL = "https://console.example.test"


@pytest.fixture(scope="module")
def twilio() -> Iterator[Any]:
    with running(Twilio()) as vendor:
        yield vendor


def account_of(vendor: Vendor) -> Connection:
    workspace = factories.WorkspaceFactory()
    data = {"name": vendor.name, "provider": vendor.provider.name, "settings": vendor.raw_settings()}
    return create_connection(workspace.pk, data)


def report(address: str, **fields: str) -> int:
    """Twilio calls the address that it was given with the message."""
    headers = {"X-Twilio-Signature": sign(TOKEN, address, fields.items())}
    body = urlencode(fields)
    form = "application/x-www-form-urlencoded"
    return Client().post(urlsplit(address).path, body, content_type=form, headers=headers).status_code


def test_calls_are_made_and_their_outcomes_come_back(twilio: Twilio) -> None:
    twilio.journal.clear()
    account = account_of(twilio)
    assert check_connection(account, timezone.now()).ok
    channel = make_blast(4, account, kind="voice", due=timezone.now() - timedelta(minutes=1))
    dispatch_channel(channel.pk, seconds=30)
    assert ledger(channel) == {"sent": 4}
    hook = twilio.journal[0]["StatusCallback"]
    rows = list(Delivery.objects.filter(channel=channel).order_by("id"))
    ends = ({"CallStatus": "completed", "AnsweredBy": "human"}, {"CallStatus": "busy"},
            {"CallStatus": "completed", "AnsweredBy": "machine_start"}, {"CallStatus": "no-answer"})  # fmt: skip
    for row, end in zip(rows, ends, strict=True):
        for _ in range(2):
            assert report(hook, CallSid=row.provider_id, To="+15550000001", **end) == 200
    assert report(hook + "x", CallSid="CA1", CallStatus="busy") == 404
    apply_received(timezone.now())
    assert sum(ledger(channel).values()) == 4
    rows = list(Delivery.objects.filter(channel=channel).order_by("id"))
    assert rows[0].status == "sent" and rows[0].delivered_at is not None
    assert rows[1].reason == "busy" and rows[3].reason == "no_answer"


def test_a_number_that_opts_out_is_suppressed_and_a_wrong_one_fails_alone(twilio: Twilio) -> None:
    twilio.journal.clear()
    account = account_of(twilio)
    channel = make_blast(3, account, kind="sms", due=timezone.now() - timedelta(minutes=1))
    wrong = channel.deliveries.order_by("id").last()
    wrong.person.phone = "+15005550001"
    wrong.person.save()
    dispatch_channel(channel.pk, seconds=30)
    assert ledger(channel) == {"sent": 2, "failed:bad_address": 1}
    person = channel.deliveries.order_by("id").first().person
    hook = twilio.journal[0]["StatusCallback"]
    assert report(hook, MessageSid="SM99", From=person.phone, Body="STOP", OptOutType="STOP") == 200
    apply_received(timezone.now())
    assert Suppression.objects.filter(address=person.phone, reason="unsubscribed").exists()


def test_push_reaches_all_devices_and_buries_the_dead() -> None:
    with running(Fcm()) as fcm:
        account = account_of(fcm)
        channel = make_blast(
            2, account, kind="push", content={"body": "Hi"}, due=timezone.now() - timedelta(minutes=1)
        )
        first, second = (row.person for row in channel.deliveries.order_by("id"))
        for person, token in ((first, "a"), (first, "dead-1"), (second, "dead-2")):
            Device.objects.create(workspace_id=account.workspace_id, person=person, kind="push", token=token,
                                  created_at=timezone.now(), seen_at=timezone.now())  # fmt: skip
        dispatch_channel(channel.pk, seconds=30)
        assert ledger(channel) == {"sent": 1, "failed:no_device": 1}
        assert [sent["token"] for sent in fcm.journal] == ["a"]
        assert list(Device.objects.filter(invalid_at=None).values_list("token", flat=True)) == ["a"]


def test_a_key_that_is_withdrawn_stops_the_connection_and_loses_nobody(twilio: Twilio) -> None:
    account = account_of(twilio)
    channel: Channel = make_blast(5, account, kind="sms", due=timezone.now() - timedelta(minutes=1))
    update_connection(account, {"settings": {"auth_token": "withdrawn"}})
    dispatch_channel(channel.pk, seconds=30)
    account.refresh_from_db()
    assert (account.status, "Authenticate" in account.message) == ("error", True)
    assert ledger(channel) == {"pending": 5}
    update_connection(account, {"settings": {"auth_token": TOKEN}})
    assert check_connection(account, timezone.now()).ok
    dispatch_channel(channel.pk, now=timezone.now() + timedelta(minutes=5), seconds=30)
    assert ledger(channel) == {"sent": 5}

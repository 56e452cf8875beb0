"""Receipts: signed, stored once, and applied to the same end in whatever order and number they come."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone

from campaigns.models import Campaign
from campaigns.services import duties
from channels.engine.applying import apply_received, forget_received
from channels.engine.dispatch import dispatch_channel
from channels.engine.receiving import store_receipts
from channels.engine.tokens import hook_url, sign_hook
from channels.models import Channel, Connection, Delivery, ReceivedEvent, Suppression
from channels.providers.base import Receipt
from channels.providers.sandbox.receipts import sign
from channels.providers.twilio.reports import sign as twilio_sign
from channels.services.receipts import MOST_BYTES
from tests import factories
from tests.engine.sending import NOW, ledger, make_blast, tallies
from tests.vendors.twilio import SID, TOKEN

pytestmark = pytest.mark.django_db
SECRET = "a secret of the sandbox"
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def account() -> Connection:
    return factories.sandbox_connection(factories.WorkspaceFactory(), receipts_secret=SECRET)


@pytest.fixture
def channel(account: Connection) -> Channel:
    """Eight people have been sent an e-mail."""
    made = make_blast(8, account, kind="email")
    dispatch_channel(made.pk, now=NOW)
    return made


def rows(channel: Channel) -> list[Delivery]:
    return list(Delivery.objects.filter(channel=channel).order_by("pk"))


def post(account: Connection, events: list[dict[str, Any]], **headers: str) -> Any:
    body = json.dumps({"events": events}).encode()
    signed = sign(SECRET, "call-1", timezone.now(), body) | headers
    return Client().post(
        f"/hooks/{sign_hook(account.pk)}/", body, content_type="application/json", headers=signed
    )


def story(channel: Channel) -> list[Receipt]:
    """What becomes of eight messages, as a provider would tell it."""
    ids = [row.provider_id for row in rows(channel)]

    def told(message: int, kind: str, minutes: int, **more: Any) -> Receipt:
        at = NOW + timedelta(minutes=minutes)
        return Receipt(f"{message}-{kind}-{minutes}", ids[message], kind, at, **more)  # type: ignore[arg-type]

    return [
        told(0, "delivered", 1), told(0, "opened", 5), told(0, "opened", 3), told(0, "clicked", 6),
        told(1, "delivered", 1), told(1, "bounced", 9, detail="mailbox gone"),
        told(2, "bounced", 2, permanent=False, detail="mailbox full"),
        told(3, "delivered", 2), told(3, "complained", 8), told(3, "bounced", 9),
        told(4, "failed", 1, detail="b"), told(4, "failed", 2, detail="a"),
        told(5, "unsubscribed", 7), told(5, "delivered", 1),
        told(6, "delivered", 4), told(6, "delivered", 2),
    ]  # fmt: skip


def state(channel: Channel) -> list[tuple[Any, ...]]:
    """Everything that receipts may change."""
    told = [
        (r.status, r.reason, r.detail, r.sent_at, r.delivered_at, r.opened_at, r.clicked_at)
        for r in rows(channel)
    ]
    return [*told, *Suppression.objects.order_by("address").values_list("address_kind", "address", "reason")]


def tell(account: Connection, receipts: list[Receipt], batch: int = 1000) -> None:
    store_receipts(account.pk, receipts, LATER)
    apply_received(LATER, batch=batch)


def test_what_is_told_becomes_the_ledger(account: Connection, channel: Channel) -> None:
    tell(account, story(channel))
    assert ledger(channel) == {
        "sent": 4, "failed:bounced": 2, "failed:complained": 1, "failed:failed": 1,
    }  # fmt: skip
    assert tallies(channel) == {"sent": 4, "failed": 4, "delivered": 5, "opened": 1, "clicked": 1}
    first, gone, full, angry, *_ = rows(channel)
    assert first.opened_at == NOW + timedelta(minutes=3)
    assert (gone.detail, full.detail) == ("mailbox gone", "mailbox full")
    addresses = dict(Suppression.objects.values_list("address", "reason"))
    assert addresses == {
        gone.person.email: "bounced",
        angry.person.email: "complained",
        rows(channel)[5].person.email: "unsubscribed",
    }


@pytest.mark.parametrize("seed", range(8))
def test_five_times_and_in_any_order_it_ends_the_same(
    seed: int, account: Connection, channel: Channel
) -> None:
    receipts = story(channel)
    tell(account, receipts)
    clean = state(channel)
    ReceivedEvent.objects.all().delete()
    Suppression.objects.all().delete()
    Delivery.objects.update(
        status="sent", reason="", detail="", sent_at=NOW, delivered_at=None, opened_at=None, clicked_at=None
    )
    many, chance = receipts * 5, random.Random(seed)
    chance.shuffle(many)
    while many:
        size = chance.randint(1, 7)
        tell(account, many[:size], batch=chance.choice((2, 3, 1000)))
        many = many[size:]
    assert state(channel) == clean
    assert ReceivedEvent.objects.count() == len(receipts)


def test_receipts_settle_what_was_in_doubt(account: Connection, channel: Channel) -> None:
    Delivery.objects.update(status="unknown", reason="in_doubt", sent_at=None, provider_id="")
    arrived, bounced, *_ = rows(channel)
    at = NOW + timedelta(seconds=9)
    keys = [f"sandbox-d{row.pk}.{account.workspace_id}" for row in (arrived, bounced)]
    tell(account, [Receipt("1", keys[0], "delivered", at), Receipt("2", keys[1], "bounced", at)])
    assert ledger(channel) == {"unknown:in_doubt": 6, "sent": 1, "failed:bounced": 1}
    assert rows(channel)[0].sent_at == at


def test_a_receipt_that_is_faster_than_our_own_record_waits(account: Connection, channel: Channel) -> None:
    row = rows(channel)[0]
    Delivery.objects.filter(pk=row.pk).update(status="sending", sent_at=None, provider_id="")
    store_receipts(account.pk, [Receipt("1", "late-id", "delivered", NOW)], NOW)
    assert apply_received(NOW) == {"applied": 0, "waiting": 1, "unmatched": 0}
    assert apply_received(NOW)["waiting"] == 0, "it is not asked again at once"
    Delivery.objects.filter(pk=row.pk).update(status="sent", sent_at=NOW, provider_id="late-id")
    assert apply_received(NOW + timedelta(seconds=20))["applied"] == 1
    assert rows(channel)[0].delivered_at == NOW


def test_a_receipt_of_nothing_is_given_up_after_a_day(account: Connection) -> None:
    store_receipts(account.pk, [Receipt("1", "nobody's", "delivered", NOW)], NOW)
    moment = NOW
    for _ in range(60):
        moment += timedelta(hours=1)
        apply_received(moment)
    event = ReceivedEvent.objects.get()
    assert event.state == "unmatched" and event.due_at is None and event.tries < 25
    assert forget_received(NOW + timedelta(days=91)) == 1


def test_another_workspace_cannot_speak_about_our_messages(channel: Channel) -> None:
    other = factories.sandbox_connection(factories.WorkspaceFactory(), receipts_secret=SECRET)
    before = state(channel)
    tell(other, story(channel))
    assert state(channel) == before


def test_an_address_alone_is_enough_to_suppress_it(account: Connection) -> None:
    tell(account, [Receipt("1", "", "bounced", NOW, address="Gone@Example.test")])
    assert list(Suppression.objects.values_list("workspace", "address", "reason")) == [
        (account.workspace_id, "gone@example.test", "bounced")
    ]
    assert ReceivedEvent.objects.get().state == "applied"


def test_the_beat_applies_what_the_hook_has_stored(account: Connection, channel: Channel) -> None:
    Campaign.objects.update(status="running")
    event = {"id": "e1", "message": rows(channel)[0].provider_id, "kind": "delivered", "at": NOW.isoformat()}
    assert post(account, [event]).json() == {"received": 1}
    assert post(account, [event]).json() == {"received": 0}
    assert rows(channel)[0].delivered_at is None
    assert duties.DUTIES["receive"](timezone.now())["applied"] == 1
    assert rows(channel)[0].delivered_at == NOW


def test_what_is_not_signed_is_refused(account: Connection, channel: Channel) -> None:
    event = {"id": "e1", "message": rows(channel)[0].provider_id, "kind": "bounced"}
    for headers in (
        {"webhook-signature": "v1,bm8="},
        {"webhook-signature": ""},
        {"webhook-id": "another"},
        {"webhook-timestamp": "x"},
        {"webhook-timestamp": "9" * 40},
    ):
        assert post(account, [event], **headers).status_code == 403, headers
    Connection.objects.update(secrets="")
    assert post(account, [event]).status_code == 403
    assert ReceivedEvent.objects.count() == 0


@pytest.mark.parametrize(("minutes", "status"), [(-6, 403), (-4, 200), (4, 200), (6, 403)])
def test_a_call_is_good_for_five_minutes(minutes: int, status: int, account: Connection) -> None:
    body = b'{"events": []}'
    headers = sign(SECRET, "call-1", timezone.now() + timedelta(minutes=minutes), body)
    url = f"/hooks/{sign_hook(account.pk)}/"
    assert Client().post(url, body, content_type="application/json", headers=headers).status_code == status


BAD: dict[str, tuple[bytes, int]] = {
    "no JSON": (b"{", 400),
    "no events": (b"{}", 400),
    "a list": (b"[]", 400),
    "no object": (b'{"events": [1]}', 400),
    "an unknown kind": (b'{"events": [{"id": "1", "kind": "eaten"}]}', 400),
    "no id": (b'{"events": [{"kind": "opened"}]}', 400),
    "a time without an offset": (b'{"events": [{"id": "1", "kind": "opened", "at": "2030-01-01T00:00"}]}', 400),
    "a time that is a number": (b'{"events": [{"id": "1", "kind": "opened", "at": 5}]}', 400),
    "a NUL": (b'{"events": [{"id": "1\\u0000", "kind": "opened", "detail": "\\ud800"}]}', 200),
    "too many bytes": (b" " * (MOST_BYTES + 1), 413),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_calls_get_a_clear_answer(name: str, account: Connection) -> None:
    body, status = BAD[name]
    headers = sign(SECRET, "call-1", timezone.now(), body)
    url = f"/hooks/{sign_hook(account.pk)}/"
    answer = Client().post(url, body, content_type="application/json", headers=headers)
    assert answer.status_code == status
    if status >= 400:
        assert answer.json()["error"]["message"]


def test_only_a_signed_address_of_a_provider_that_reports_is_there(account: Connection) -> None:
    silent = factories.in_app_connection(account.workspace)
    good = sign_hook(account.pk)
    for token in ("x", f"{account.pk}~x", good[:-1], sign_hook(10**9), sign_hook(silent.pk)):
        assert Client().post(f"/hooks/{token}/", b"{}", content_type="text/plain").status_code == 404
    assert Client().get(f"/hooks/{good}/").status_code == 405


def test_a_time_in_the_future_is_now(account: Connection, channel: Channel) -> None:
    ahead: datetime = LATER + timedelta(days=300)
    tell(account, [Receipt("1", rows(channel)[0].provider_id, "opened", ahead)])
    assert rows(channel)[0].opened_at == LATER


def test_a_vendors_own_signature_is_over_the_address_that_our_page_shows(channel: Channel) -> None:
    account = factories.ConnectionFactory(
        workspace=Connection.objects.get().workspace,
        provider="twilio",
        settings={"account_sid": SID, "auth_token": TOKEN, "from_number": "+15550000002"},
    )
    Delivery.objects.filter(pk=rows(channel)[0].pk).update(provider_id="SM1")
    form = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": "+15550000001"}
    for address, status in ((hook_url(account.pk), 200), ("https://elsewhere.example/", 403)):
        signature = twilio_sign(TOKEN, address, form.items())
        answer = Client().post(
            f"/hooks/{sign_hook(account.pk)}/",
            urlencode(form),
            content_type="application/x-www-form-urlencoded",
            headers={"X-Twilio-Signature": signature},
        )
        assert answer.status_code == status
    apply_received(timezone.now())
    assert rows(channel)[0].delivered_at

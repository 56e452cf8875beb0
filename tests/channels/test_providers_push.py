"""Push to apps and browsers: what is on the wire, several devices of one person, and tokens that are dead."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key

from channels.domain.devices import read_key
from channels.providers.base import SettingsError
from channels.providers.web_push.encryption import encrypt, point
from tests.channels.provider_kit import send_all
from tests.vendors.fcm import Fcm
from tests.vendors.google import error, key_file
from tests.vendors.server import Reply, running
from tests.vendors.web_push import WebPush, decrypt


@pytest.fixture(scope="module")
def fcm() -> Iterator[Any]:
    with running(Fcm()) as vendor:
        yield vendor


@pytest.fixture(scope="module")
def browsers() -> Iterator[Any]:
    with running(WebPush()) as vendor:
        yield vendor


def push(vendor: Any, *tokens: str, fault: Any = None, **changes: Any) -> Any:
    vendor.fault = fault
    vendor.journal.clear()
    return send_all(vendor.provider, vendor.settings(), [vendor.message(1, *tokens, **changes)])[1]


def test_firebase_gets_title_text_picture_and_link(fcm: Fcm) -> None:
    parts = {"link": "https://example.test/a", "image": "https://example.test/a.png"}
    assert push(fcm, parts=parts).provider_id.startswith("projects/acme/messages/")
    (sent,) = fcm.journal
    assert sent["notification"] == {
        "title": "Hello 1", "body": "A word for person 1.", "image": "https://example.test/a.png"
    }  # fmt: skip
    assert sent["data"] == {"message_id": "delivery-1", "link": "https://example.test/a"}
    assert sent["webpush"] == {"fcm_options": {"link": "https://example.test/a"}}
    assert sent["android"] == {"ttl": "259200s", "priority": "HIGH"}


def test_one_login_serves_many_messages(fcm: Fcm) -> None:
    before = fcm.shop.given
    outcomes = send_all(fcm.provider, fcm.settings(), [fcm.message(n) for n in range(1, 31)], parallelism=8)
    assert {outcome.kind for outcome in outcomes.values()} == {"sent"}
    assert fcm.shop.given == before + 1


DEVICES = [
    (("a",), "sent", ()),
    (("a", "b"), "sent", ()),
    (("dead1", "b"), "sent", (1,)),
    (("dead1",), "failed", (1,)),
    (("dead1", "dead2"), "failed", (1, 2)),
]


@pytest.mark.parametrize(("tokens", "kind", "dead"), DEVICES)
def test_a_message_is_sent_when_one_device_has_it(
    tokens: tuple[str, ...], kind: str, dead: tuple[int, ...], fcm: Fcm
) -> None:
    outcome = push(fcm, *tokens)
    assert (outcome.kind, outcome.dead_devices, outcome.connection_error) == (kind, dead, False)
    assert [sent["token"] for sent in fcm.journal] == [token for token in tokens if "dead" not in token]
    if kind == "failed":
        assert outcome.reason == "no_device"


@pytest.mark.parametrize(
    ("fault", "kind", "dead", "broken", "wait"),
    [
        (error(403, "PERMISSION_DENIED", "SenderId mismatch", "SENDER_ID_MISMATCH"), "failed", True, False, None),
        (error(400, "INVALID_ARGUMENT", "The registration token is not a valid FCM registration token",
               "INVALID_ARGUMENT"), "failed", True, False, None),
        (error(401, "UNAUTHENTICATED", "Auth error from APNS", "THIRD_PARTY_AUTH_ERROR"), "retry", False, True, None),
        (error(403, "PERMISSION_DENIED", "No permission"), "retry", False, True, None),
        (error(429, "RESOURCE_EXHAUSTED", "Quota", "QUOTA_EXCEEDED"), "retry", False, False, 60),
        (error(500, "INTERNAL", "Internal", "INTERNAL"), "retry", False, False, None),
    ],
)  # fmt: skip
def test_what_firebase_says_is_told_apart(
    fault: Any, kind: str, dead: bool, broken: bool, wait: float | None, fcm: Fcm
) -> None:
    outcome = push(fcm, fault=fault)
    assert (outcome.kind, bool(outcome.dead_devices), outcome.connection_error) == (kind, dead, broken)
    assert outcome.retry_after == wait


@pytest.mark.parametrize(
    "text", ["", "no json", "{}", '["a"]', json.dumps({**json.loads(key_file("https://a.test")), "private_key": "x"}),
             json.dumps({**json.loads(key_file("https://a.test")), "token_uri": "nowhere"})],
)  # fmt: skip
def test_what_is_no_key_file_is_refused(text: str, fcm: Fcm) -> None:
    with pytest.raises(SettingsError) as problem:
        fcm.settings(service_account=text)
    assert list(problem.value.errors) == ["service_account"]


def test_browsers_read_what_was_meant_for_them(browsers: WebPush) -> None:
    outcome = push(
        browsers, "one", "gone", parts={"link": "https://example.test/a", "image": ""}, body="Grüße 🎉"
    )
    assert (outcome.kind, outcome.provider_id, outcome.dead_devices) == ("sent", "1", (2,))
    assert browsers.journal == [
        {
            "browser": "one",
            "id": "delivery-1",
            "title": "Hello 1",
            "body": "Grüße 🎉",
            "link": "https://example.test/a",
        }
    ]
    assert push(browsers, "gone1", "gone2").reason == "no_device"


def test_no_endpoint_can_break_or_pause_the_connection(browsers: WebPush) -> None:
    for status in (401, 403, 429, 500):
        outcome = push(browsers, fault=Reply(status, "", {"Retry-After": "3600"}))
        assert (outcome.connection_error, outcome.retry_after) == (False, None)


def test_too_long_a_message_is_not_even_sent(browsers: WebPush) -> None:
    assert push(browsers, body="x" * 4000).reason == "too_long"
    assert browsers.journal == []


def test_a_pair_of_keys_is_made_once_and_the_public_one_shown(browsers: WebPush) -> None:
    first = browsers.provider.clean({"subject": "mailto:a@example.test"})
    assert len(read_key(first["private_key"])) == 32 and len(read_key(first["public_key"])) == 65
    assert browsers.provider.clean({**first, "public_key": "typed"}) == first
    for wrong in ({"subject": "ops"}, {"private_key": "short"}, {"private_key": "A" * 43}):
        with pytest.raises(SettingsError):
            browsers.provider.clean({**first, **wrong})


def test_the_encryption_is_that_of_the_rfc() -> None:
    """RFC 8291, section 5 and appendix A."""
    sender = derive_private_key(
        int.from_bytes(read_key("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), "big"), SECP256R1()
    )
    browser = derive_private_key(
        int.from_bytes(read_key("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"), "big"), SECP256R1()
    )
    auth, salt = read_key("BTBZMqHH6r4Tts7J_aSIgg"), read_key("DGv6ra1nlYgDCS1FRnbzlw")
    text = b"When I grow up, I want to be a watermelon"
    body = encrypt(text, point(browser), auth, salt=salt, key=sender)
    assert body == read_key(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A"
        "_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )
    assert decrypt(encrypt(text, point(browser), auth), browser, auth) == text

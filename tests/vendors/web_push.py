"""A push service (RFC 8030) and the browsers behind it, which read what they get."""

from __future__ import annotations

import json
import struct
import time
from typing import Any

from aiohttp import web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from channels.domain.devices import read_key
from channels.providers.base import DeviceAddress, Message
from channels.providers.web_push.encryption import new_key, point, text
from channels.providers.web_push.provider import WebPushProvider
from tests.channels.provider_kit import message
from tests.vendors.server import Reply, Vendor

AUTH = b"sixteen  secrets"


def decrypt(body: bytes, key: EllipticCurvePrivateKey, auth: bytes) -> bytes:
    """What a browser does (RFC 8188, RFC 8291)."""
    salt, (size, length) = body[:16], struct.unpack("!IB", body[16:21])
    sender, sealed = body[21 : 21 + length], body[21 + length :]
    assert len(body) <= size + 21 + length
    shared = key.exchange(ECDH(), EllipticCurvePublicKey.from_encoded_point(SECP256R1(), sender))

    def derive(secret: bytes, salt: bytes, info: bytes, size: int) -> bytes:
        return HKDF(algorithm=SHA256(), length=size, salt=salt, info=info).derive(secret)

    ikm = derive(shared, auth, b"WebPush: info\0" + point(key) + sender, 32)
    content_key = derive(ikm, salt, b"Content-Encoding: aes128gcm\0", 16)
    plain = AESGCM(content_key).decrypt(derive(ikm, salt, b"Content-Encoding: nonce\0", 12), sealed, None)
    assert plain.endswith(b"\2")
    return plain[:-1]


def read_proof(header: str, public: bytes) -> dict[str, Any] | None:
    """The claims of a VAPID header that this key has signed."""
    scheme, _, rest = header.partition(" ")
    fields = dict(part.strip().split("=", 1) for part in rest.split(","))
    if scheme != "vapid" or read_key(fields["k"]) != public:
        return None
    signed, _, signature = fields["t"].rpartition(".")
    raw = read_key(signature)
    pair = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    try:
        EllipticCurvePublicKey.from_encoded_point(SECP256R1(), public).verify(
            pair, signed.encode(), ECDSA(SHA256())
        )
    except InvalidSignature:
        return None
    return json.loads(read_key(signed.partition(".")[2]))


class WebPush(Vendor):
    """One push service. Endpoints that begin with ``gone`` are subscribed no more."""

    name = "web_push"
    kind = "web_push"
    provider = WebPushProvider()
    refused = Reply(413, "Payload too large")
    busy = Reply(503, "Come back")
    throttled = Reply(429, "Slow down", {"Retry-After": "30"})
    # An endpoint that anybody may have registered cannot make the whole connection wait.
    throttle_wait = None
    answers_matter = False
    breaks = False

    def __init__(self) -> None:
        super().__init__()
        self.key = generate_private_key(SECP256R1())
        self.private_key = new_key()

    def raw_settings(self) -> dict[str, Any]:
        return {"subject": "mailto:ops@example.test", "private_key": self.private_key}

    def wrong_login(self) -> dict[str, Any]:
        return {"private_key": new_key()}

    def message(self, number: int, *tokens: str, **changes: Any) -> Message:
        keys = {"p256dh": text(point(self.key)), "auth": text(AUTH)}
        devices = tuple(
            DeviceAddress(index, f"{self.url}/push/{token}", keys)
            for index, token in enumerate(tokens or (f"browser-{number}",), 1)
        )
        return message(number, **{"address": " ", "devices": devices, **changes})

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/push/{browser}", self.sending(self._push))]

    async def _push(self, request: web.Request) -> Reply:
        public = read_key(self.provider.clean(self.raw_settings())["public_key"])
        claims = read_proof(request.headers.get("Authorization", ""), public)
        if claims is None:
            return Reply(403, "the VAPID credentials do not correspond to the subscription")
        if claims["aud"] != self.url or not time.time() < claims["exp"] < time.time() + 86_400:
            return Reply(403, "bad claims")
        if (
            request.headers.get("Content-Encoding") != "aes128gcm"
            or not request.headers.get("TTL", "").isdigit()
        ):
            return Reply(400, "missing headers")
        browser = request.match_info["browser"]
        if browser.startswith("gone"):
            return Reply(410, "push subscription has unsubscribed or expired")
        shown = json.loads(decrypt(await request.read(), self.key, AUTH))
        self.journal.append({"browser": browser, **shown})
        return Reply(201, "", {"Location": f"{self.url}/message/{len(self.journal)}"})

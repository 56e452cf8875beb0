"""What web push puts on the wire: a body that only the browser can read (RFC 8291), and proof of the sender (RFC 8292)."""

from __future__ import annotations

import base64
import json
import os
import struct

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    derive_private_key,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

RECORD_SIZE = 4096
MOST_BYTES = 3993
"""Of the text, so that all push services take the record."""


def encrypt(
    data: bytes, p256dh: bytes, auth: bytes, *, salt: bytes = b"", key: EllipticCurvePrivateKey | None = None
) -> bytes:
    """The body of a push message, for the subscription with these keys. Raises ValueError for keys that are none.

    ``salt`` and ``key`` are new for every message; tests give those of the RFC.
    """
    salt, key = salt or os.urandom(16), key or generate_private_key(SECP256R1())
    receiver = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), p256dh)
    sender = point(key)
    shared = _derive(key.exchange(ECDH(), receiver), auth, b"WebPush: info\0" + p256dh + sender, 32)
    content_key = _derive(shared, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derive(shared, salt, b"Content-Encoding: nonce\0", 12)
    sealed = AESGCM(content_key).encrypt(nonce, data + b"\2", None)
    return salt + struct.pack("!IB", RECORD_SIZE, len(sender)) + sender + sealed


def vapid(key: EllipticCurvePrivateKey, audience: str, subject: str, expires: int) -> str:
    """The Authorization header: a JWT for the push service's origin, signed by the sender's key."""
    claims = {"aud": audience, "exp": expires, "sub": subject}
    signed = f"{_json({'typ': 'JWT', 'alg': 'ES256'})}.{_json(claims)}"
    r, s = decode_dss_signature(key.sign(signed.encode(), ECDSA(SHA256())))
    signature = text(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    return f"vapid t={signed}.{signature}, k={text(point(key))}"


def new_key() -> str:
    """A private key as text."""
    number = generate_private_key(SECP256R1()).private_numbers().private_value
    return text(number.to_bytes(32, "big"))


def read_private_key(data: bytes) -> EllipticCurvePrivateKey:
    """The key in its 32 bytes. Raises ValueError."""
    if len(data) != 32:
        raise ValueError("The key must be 32 bytes as base64url.")
    return derive_private_key(int.from_bytes(data, "big"), SECP256R1())


def point(key: EllipticCurvePrivateKey) -> bytes:
    """The public key, uncompressed."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def text(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _derive(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(secret)


def _json(value: dict[str, object]) -> str:
    return text(json.dumps(value, separators=(",", ":")).encode())

"""Secrets of connections at rest: encrypted with the newest key, readable with the older ones."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_PURPOSE = b"connection secrets"


class SecretsUnreadable(ValueError):
    """None of the keys opens this: it was written with a key that is gone, or it was tampered with."""


def encrypt(secrets: Mapping[str, Any], keys: Sequence[str]) -> str:
    """The secrets as one opaque token, made with the first of the ``keys``."""
    return _cipher(tuple(keys)).encrypt(json.dumps(dict(secrets)).encode()).decode()


def decrypt(token: str, keys: Sequence[str]) -> dict[str, Any]:
    """What `encrypt` was given; an empty token is no secrets. Raises `SecretsUnreadable`."""
    if not token:
        return {}
    try:
        return json.loads(_cipher(tuple(keys)).decrypt(token.encode()))
    except InvalidToken:
        raise SecretsUnreadable("The secrets of this connection cannot be read: enter them again.") from None


def rotate(token: str, keys: Sequence[str]) -> str:
    """The same secrets under the first of the ``keys``. Raises `SecretsUnreadable`."""
    try:
        return _cipher(tuple(keys)).rotate(token.encode()).decode()
    except InvalidToken:
        raise SecretsUnreadable("The secrets of this connection cannot be read: enter them again.") from None


@lru_cache(maxsize=8)
def _cipher(keys: tuple[str, ...]) -> MultiFernet:
    """Keys are texts of any length (such as Django's SECRET_KEY); each is stretched to a key of its own."""
    if not keys or not all(keys):
        raise ValueError("There is no key to encrypt secrets with.")
    return MultiFernet([Fernet(_stretch(key)) for key in keys])


def _stretch(key: str) -> bytes:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(key.encode())
    return urlsafe_b64encode(derived)

"""Signed tokens in the links of messages: they name a delivery, and nobody can make one up."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from django.core.signing import BadSignature, Signer


@dataclass(frozen=True, slots=True)
class UnsubscribeToken:
    """Who wants no more messages, and which message they answered."""

    workspace_id: int
    person_id: int
    delivery_id: int


_SALT = "channels.unsubscribe"


@lru_cache(maxsize=4)
def _derived_key(key: str) -> bytes:
    """The key that Django's `Signer` derives anew for each signature."""
    return hashlib.sha256(f"{_SALT}signer{key}".encode()).digest()


def sign_unsubscribe(workspace_id: int, person_id: int, delivery_id: int) -> str:
    """The token for a link; it never expires, since laws want old links to go on working.

    Every message needs one, so this writes what `Signer(salt=…).sign()` writes in a quarter of its time.
    """
    value = f"{workspace_id}.{person_id}.{delivery_id}"
    signature = hmac.digest(_derived_key(settings.SECRET_KEY), value.encode(), "sha256")
    return f"{value}:{urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def read_unsubscribe(token: str) -> UnsubscribeToken | None:
    """What `sign_unsubscribe` was given; None for anything else."""
    try:
        workspace_id, person_id, delivery_id = Signer(salt=_SALT).unsign(token).split(".")
        return UnsubscribeToken(int(workspace_id), int(person_id), int(delivery_id))
    except (BadSignature, ValueError):
        return None


_HOOK_SALT = "channels.hook"


def sign_hook(connection_id: int) -> str:
    """The secret part of the address that a provider reports to."""
    return Signer(salt=_HOOK_SALT, sep="~").sign(str(connection_id))


def read_hook(token: str) -> int | None:
    """The connection that `sign_hook` was given; None for anything else."""
    try:
        return int(Signer(salt=_HOOK_SALT, sep="~").unsign(token))
    except (BadSignature, ValueError):
        return None


def hook_url(connection_id: int) -> str:
    """The address that a provider reports to."""
    return f"{settings.SITE_URL}/hooks/{sign_hook(connection_id)}/"


def unsubscribe_url(token: str) -> str:
    """The address that a person opens (GET shows, POST acts)."""
    return f"{settings.SITE_URL}/unsubscribe/{token}/"


def preferences_url(unsubscribe: str) -> str:
    """The address of the same person's preferences: the same token, another page."""
    return unsubscribe.replace("/unsubscribe/", "/preferences/", 1)


_TRACKING_SALT = b"channels.tracking"


@lru_cache(maxsize=4)
def _tracking_key(key: str) -> bytes:
    return hashlib.sha256(_TRACKING_SALT + key.encode()).digest()


def _tracking_signature(delivery_id: int, key: str) -> str:
    digest = hmac.digest(_tracking_key(key), str(delivery_id).encode(), "sha256")
    return urlsafe_b64encode(digest[:15]).decode()


def tracking_url(delivery_id: int) -> str:
    """How the tracked addresses of a message begin; a link's key (or the pixel's) and a slash follow."""
    return f"{settings.SITE_URL}/t/{delivery_id}.{_tracking_signature(delivery_id, settings.SECRET_KEY)}."


def read_tracking(token: str) -> tuple[int, str] | None:
    """The delivery and the key of a tracked address; None for one that we have not made."""
    number, _, rest = token.partition(".")
    signature, _, key = rest.partition(".")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        return None
    secrets = [str(secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    known = (_tracking_signature(int(number), secret) for secret in secrets)
    if not any(hmac.compare_digest(made.encode(), signature.encode()) for made in known):
        return None
    return int(number), key

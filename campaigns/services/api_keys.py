"""Keys for the HTTP API: made once and shown once; only a prefix and the SHA-256 of the whole are kept."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from django.db.models import Q

from campaigns.models import ApiKey, Membership

MARK = "ck_"
_PREFIX_LENGTH = len(MARK) + 10
#: A key's last use is written down at most this often, so that reading through the API hardly ever writes.
NOTE_USE_EVERY = timedelta(minutes=1)
_NO_DIGEST = "0" * 64


def create_api_key(
    membership: Membership, name: str = "API key", expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """A new key of this member; the text is shown to them once and cannot be had again."""
    prefix = MARK + secrets.token_hex(5)
    text = f"{prefix}_{secrets.token_hex(24)}"
    key = ApiKey.objects.create(
        membership=membership, name=name, prefix=prefix, digest=_digest(text), expires_at=expires_at
    )
    return key, text


def find_api_key(text: str, now: datetime) -> ApiKey | None:
    """The key that this text is, with its member, user and workspace; None where it is none, or not valid any more.

    The digests are compared in constant time, also where there is no such prefix.
    """
    key = None
    if text.startswith(MARK) and text.isascii() and text.isprintable():
        found = ApiKey.objects.select_related("membership__user", "membership__workspace")
        key = found.filter(prefix=text[:_PREFIX_LENGTH]).first()
    matches = hmac.compare_digest(_digest(text), key.digest if key else _NO_DIGEST)
    return key if key and matches and _is_valid(key, now) else None


def note_use(key: ApiKey, now: datetime) -> None:
    """Remember that the key was used, at most once a minute."""
    if key.last_used_at and key.last_used_at > now - NOTE_USE_EVERY:
        return
    is_old = Q(last_used_at__isnull=True) | Q(last_used_at__lte=now - NOTE_USE_EVERY)
    ApiKey.objects.filter(is_old, pk=key.pk).update(last_used_at=now)


def revoke_api_key(key: ApiKey, now: datetime) -> None:
    """The key works no more; a key that was revoked stays so since then."""
    ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=now)


def _is_valid(key: ApiKey, now: datetime) -> bool:
    is_over = key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now)
    return not is_over and key.membership.user.is_active


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()

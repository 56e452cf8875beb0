"""How a customer's server vouches for the person who looks at a page: a signature that only it can make."""

from __future__ import annotations

import hashlib
import hmac


def sign_person(secret: str, external_id: str) -> str:
    """HMAC-SHA256 over the person's external id, in hex: what the page hands on with the id."""
    return hmac.new(secret.encode(), external_id.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def is_vouched_for(secret: str, external_id: str, signature: str) -> bool:
    """Whether the signature is that of this person."""
    made = sign_person(secret, external_id)
    return hmac.compare_digest(made.encode(), signature.encode("utf-8", "replace"))

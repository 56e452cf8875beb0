"""What a device must say of itself to be reached: a token, and for a browser the keys of its subscription."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

DEVICE_CHOICES = [("push", "App"), ("web_push", "Browser")]
DEVICE_KINDS = tuple(kind for kind, _ in DEVICE_CHOICES)
LONGEST_TOKEN = 2000
#: Bytes of the keys of a push subscription (RFC 8291): an uncompressed P-256 point and a secret.
KEY_BYTES = {"p256dh": 65, "auth": 16}


def device_problems(kind: Any, token: Any, keys: Any) -> dict[str, str]:
    """What is wrong, by field; empty if the device can be kept."""
    if kind not in DEVICE_KINDS:
        return {"kind": f"Choose one of: {', '.join(DEVICE_KINDS)}."}
    problems = {}
    if not isinstance(token, str) or not token.strip():
        problems["token"] = "Enter the token of the device, or the endpoint of the subscription."
    elif len(token) > LONGEST_TOKEN or not all("!" <= character <= "~" for character in token):
        problems["token"] = f"A token has at most {LONGEST_TOKEN} plain characters and no spaces in it."
    elif kind == "web_push" and (
        urlsplit(token).scheme not in ("https", "http") or not urlsplit(token).netloc
    ):
        problems["token"] = "The endpoint of a push subscription is a web address."
    if not isinstance(keys, Mapping):
        return {**problems, "keys": "keys must be an object."}
    wanted = KEY_BYTES if kind == "web_push" else {}
    problems |= {
        f"keys.{name}": "This kind of device has no such key." for name in keys if name not in wanted
    }
    for name, size in wanted.items():
        if len(read_key(keys.get(name))) != size:
            problems[f"keys.{name}"] = f"Enter {size} bytes as base64url, as the browser gives them."
    return problems


def read_key(text: Any) -> bytes:
    """The bytes of a base64url text, with or without its padding; none where it is no such text."""
    if not isinstance(text, str) or not text.isascii():
        return b""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""

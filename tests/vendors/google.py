"""What servers of Google's share: a service account whose key is real, and the exchange of its claim for a token."""

from __future__ import annotations

import base64
import json
from functools import cache
from typing import Any

from aiohttp import web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from channels.providers.http.google_login import GRANT
from tests.vendors.server import Reply

EMAIL = "sender@acme.iam.example.test"


@cache
def key(number: int) -> RSAPrivateKey:
    """One of some keys; small ones, they only have to be real."""
    return generate_private_key(65537, 2048)


def key_file(url: str, number: int = 1) -> str:
    """The JSON file that Google hands out."""
    pem = key(number).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    fields = {"type": "service_account", "project_id": "acme", "client_email": EMAIL, "private_key": pem}
    return json.dumps({**fields, "token_uri": f"{url}/token"}, indent=2)


def read_claims(assertion: str, number: int = 1) -> dict[str, Any] | None:
    """The claims of an assertion that this key has signed."""
    signed, _, signature = assertion.rpartition(".")
    try:
        key(number).public_key().verify(_bytes(signature), signed.encode(), PKCS1v15(), SHA256())
    except InvalidSignature:
        return None
    return json.loads(_bytes(signed.partition(".")[2]))


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class TokenShop:
    """POST /token, and who may come in with what it gave."""

    def __init__(self, scope: str) -> None:
        self.scope = scope
        self.given = 0
        self.claims: dict[str, Any] = {}

    async def exchange(self, request: web.Request) -> Reply:
        form = await request.post()
        claims = read_claims(str(form.get("assertion", "")))
        if form.get("grant_type") != GRANT or claims is None:
            return Reply(400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."})
        if claims["scope"] != self.scope or claims["iss"] != EMAIL or claims["exp"] - claims["iat"] > 3600:
            return Reply(400, {"error": "invalid_scope", "error_description": "Invalid claim."})
        self.given += 1
        self.claims = claims
        return Reply(200, {"access_token": f"ya29.{self.given}", "expires_in": 3599, "token_type": "Bearer"})

    def knows(self, request: web.Request) -> bool:
        return request.headers.get("Authorization") == f"Bearer ya29.{self.given}"


def error(http: int, status: str, words: str, code: str = "", **headers: str) -> Reply:
    """An error as Google words it."""
    details = (
        [{"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code}] if code else []
    )
    return Reply(
        http, {"error": {"code": http, "message": words, "status": status, "details": details}}, headers
    )

"""Logging in to Google's APIs with a service account: a signed JWT is exchanged for a token that lasts an hour."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Mapping
from typing import Any

import aiohttp
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from channels.providers.base import Outcome, SettingField, SettingsError
from channels.providers.http.client import ask, clean_address, url_problem
from channels.providers.settings_fields import clean_fields

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LIFE_SECONDS = 3600
RENEW_SECONDS = 120.0
"""A token is renewed so long before its end."""


class ServiceAccount:
    """The key file of a service account."""

    def __init__(self, text: str) -> None:
        """Raises ValueError with a sentence for the person who pasted it."""
        try:
            fields = json.loads(text)
        except ValueError:
            raise ValueError("Paste the whole key file (JSON) of the service account.") from None
        needed = ("project_id", "client_email", "private_key", "token_uri")
        if not isinstance(fields, dict) or not all(isinstance(fields.get(name), str) for name in needed):
            raise ValueError(f"The key file must have {', '.join(needed)}.")
        if problem := url_problem(fields["token_uri"]):
            raise ValueError(f"token_uri: {problem}")
        try:
            key = load_pem_private_key(fields["private_key"].encode(), password=None)
        except (ValueError, TypeError):
            key = None
        if not isinstance(key, RSAPrivateKey):
            raise ValueError("The private key in the file cannot be read.")
        self._key = key
        self.project: str = fields["project_id"]
        self.email: str = fields["client_email"]
        self.token_uri: str = fields["token_uri"]

    def assertion(self, scope: str, now: float) -> str:
        """The signed claim that this account asks for a token."""
        claims = {
            "iss": self.email,
            "scope": scope,
            "aud": self.token_uri,
            "iat": int(now),
            "exp": int(now) + LIFE_SECONDS,
        }
        signed = f"{_part({'alg': 'RS256', 'typ': 'JWT'})}.{_part(claims)}"
        signature = self._key.sign(signed.encode(), PKCS1v15(), SHA256())
        return f"{signed}.{_text(signature)}"


class GoogleLogin:
    """Keeps a token while it lasts; for one event loop."""

    def __init__(self, account: ServiceAccount, scope: str) -> None:
        self._account = account
        self._scope = scope
        self._token = ""
        self._until = 0.0
        self._lock: asyncio.Lock | None = None

    async def headers(self, session: aiohttp.ClientSession) -> dict[str, str] | Outcome:
        """The Authorization header; the outcome for everything that waits if there is no token to be had."""
        self._lock = self._lock or asyncio.Lock()
        async with self._lock:
            if time.monotonic() >= self._until:
                refusal = await self._renew(session)
                if refusal is not None:
                    return refusal
        return {"Authorization": f"Bearer {self._token}"}

    def forget(self) -> None:
        """The token is not accepted (any more): get another one."""
        self._until = 0.0

    async def _renew(self, session: aiohttp.ClientSession) -> Outcome | None:
        form = {"grant_type": GRANT, "assertion": self._account.assertion(self._scope, time.time())}
        answer = await ask(session, "POST", self._account.token_uri, data=form)
        if isinstance(answer, Outcome):
            # Nothing of a message has left yet, whatever became of this call.
            return Outcome.retry(
                answer.reason, f"Logging in to Google: {answer.detail}", connection_error=True
            )
        fields = answer.fields
        token = fields.get("access_token")
        if answer.ok and isinstance(token, str) and token:
            life = fields.get("expires_in")
            seconds = float(life) if isinstance(life, int | float) else LIFE_SECONDS
            self._token, self._until = token, time.monotonic() + max(seconds - RENEW_SECONDS, 1.0)
            return None
        plain = answer.outcome()
        if plain.kind == "retry" and not plain.connection_error:
            return Outcome.retry(plain.reason, plain.detail, retry_after=plain.retry_after)
        words = fields.get("error_description") or fields.get("error") or plain.detail
        return Outcome.retry(
            "login_refused", f"Google refuses the service account: {words}", connection_error=True
        )


def _one_line(settings: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Settings with the line breaks of a pasted key file taken out; JSON does not need them."""
    value = settings.get(name)
    return (
        {**settings, name: " ".join(value.split("\n")).replace("\r", "")}
        if isinstance(value, str)
        else dict(settings)
    )


#: The setting that holds the key file.
ACCOUNT = SettingField(
    "service_account", "Key file of the service account", "secret", required=True, help="The whole JSON file."
)


def clean_account(fields: tuple[SettingField, ...], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings typed, with a key file that can be used. Raises `SettingsError`."""
    cleaned = clean_address(clean_fields(fields, _one_line(settings, ACCOUNT.name)))
    try:
        ServiceAccount(cleaned[ACCOUNT.name])
    except ValueError as problem:
        raise SettingsError({ACCOUNT.name: str(problem)}) from None
    return cleaned


def google_detail(fields: Mapping[str, Any]) -> tuple[str, str, str]:
    """Status, the most specific code and the words of an error of Google's."""
    error = fields.get("error")
    if not isinstance(error, dict):
        return "", "", ""
    status, words = str(error.get("status", "")), str(error.get("message", ""))
    details = error.get("details")
    codes = [str(d["errorCode"]) for d in details if isinstance(d, dict) and d.get("errorCode")] if isinstance(
        details, list) else []  # fmt: skip
    return status, codes[0] if codes else status, words


def _part(value: Mapping[str, Any]) -> str:
    return _text(json.dumps(value, separators=(",", ":")).encode())


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")

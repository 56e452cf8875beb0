"""The webhook provider: its settings, its check, and its sender."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp
from yarl import URL

from channels.providers.base import CheckResult, Sender, SettingField, SettingsError
from channels.providers.http.answers import failure
from channels.providers.http.client import TIMEOUT, open_session, run_apart, url_problem
from channels.providers.http.sender import HttpSender
from channels.providers.settings_fields import clean_fields
from channels.providers.webhook.payload import read_secret
from channels.providers.webhook.transport import WebhookTransport


class WebhookProvider:
    """Any HTTP server that takes signed JSON.

    Beside its fields, ``settings["allowed_networks"]`` (CIDRs) names private networks that the installation
    allows; the engine adds it, members cannot.
    """

    name = "webhook"
    label = "Webhook"
    kinds = frozenset({"webhook"})
    store = ""
    fields = (
        SettingField("url", "Address", required=True, help="https://… Each message is one POST to it."),
        SettingField(
            "secret",
            "Signing secret",
            "secret",
            help="whsec_… or at least 16 characters; the receiver verifies with it (Standard Webhooks).",
        ),
        SettingField(
            "previous_secret", "Previous signing secret", "secret", help="While a secret is being replaced."
        ),
        SettingField("authorization", "Authorization header", "secret", help="Such as: Bearer …"),
        TIMEOUT,
        SettingField(
            "receiver_deduplicates",
            "The receiver ignores repeated webhook-ids",
            "boolean",
            default=False,
            help="Then a request whose answer was lost is repeated.",
        ),
    )

    def deduplicates(self, settings: Mapping[str, Any]) -> bool:
        """Only if the receiver is known to."""
        return bool(settings.get("receiver_deduplicates"))

    def clean(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Typed settings; raises `SettingsError`."""
        cleaned = clean_fields(self.fields, settings)
        errors = {"url": problem} if (problem := url_problem(cleaned["url"])) else {}
        for name in ("secret", "previous_secret"):
            try:
                if cleaned[name]:
                    read_secret(cleaned[name])
            except ValueError as problem:
                errors[name] = str(problem)
        if not cleaned["authorization"].isascii():
            errors["authorization"] = "Only ASCII characters are allowed here."
        if errors:
            raise SettingsError(errors)
        return cleaned

    def check(self, settings: Mapping[str, Any]) -> CheckResult:
        """Connect and ask with HEAD, which changes nothing there; any HTTP answer shows that somebody is in."""
        return run_apart(_knock(settings))

    def open(self, settings: Mapping[str, Any], parallelism: int) -> Sender:
        """A sender with ``parallelism`` requests at once."""
        return HttpSender(WebhookTransport(settings), settings, parallelism)


async def _knock(settings: Mapping[str, Any]) -> CheckResult:
    try:
        async with (
            open_session(settings, 1) as session,
            session.head(settings["url"], allow_redirects=False) as response,
        ):
            return CheckResult(True, f"{URL(settings['url']).host} answers (HTTP {response.status}).")
    except (TimeoutError, aiohttp.ClientError) as problem:
        outcome = failure(problem)
        return CheckResult(False, outcome.detail if outcome else str(problem))

"""The services, as data: what each is called, where it is, how it is asked who we are, and who reads its reports."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Service:
    """One email service."""

    label: str
    backend: str
    """Import path of anymail's backend, ``module:Class``."""
    webhook: str
    """Import path of anymail's view of tracking events."""
    url: str
    key_name: str
    """What anymail calls the API key."""
    check_path: str
    """A call that only says who we are; ``{domain}`` is the sender's domain."""
    login: Callable[[str], Mapping[str, str]]
    """The headers that log in, from the key."""
    signs: bool = False
    """Its reports are signed; those of the others come with a user name and password."""


def _mailgun_login(key: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"api:{key}".encode()).decode()}


SERVICES: dict[str, Service] = {
    "postmark": Service(
        "Postmark", "anymail.backends.postmark:EmailBackend", "anymail.webhooks.postmark:PostmarkTrackingWebhookView",
        "https://api.postmarkapp.com", "server_token", "/server", lambda key: {"X-Postmark-Server-Token": key},
    ),
    "mailgun": Service(
        "Mailgun", "anymail.backends.mailgun:EmailBackend", "anymail.webhooks.mailgun:MailgunTrackingWebhookView",
        "https://api.mailgun.net/v3", "api_key", "/domains/{domain}", _mailgun_login, signs=True,
    ),
    "brevo": Service(
        "Brevo", "anymail.backends.brevo:EmailBackend", "anymail.webhooks.brevo:BrevoTrackingWebhookView",
        "https://api.brevo.com/v3", "api_key", "/account", lambda key: {"api-key": key},
    ),
    "resend": Service(
        "Resend", "anymail.backends.resend:EmailBackend", "anymail.webhooks.resend:ResendTrackingWebhookView",
        "https://api.resend.com", "api_key", "/domains", lambda key: {"Authorization": f"Bearer {key}"},
    ),
}  # fmt: skip


def base_url(settings: Mapping[str, Any]) -> str:
    """Where the service is: its own address, unless the connection names another."""
    return settings["base_url"] or SERVICES[settings["service"]].url

"""The provider of email services: its settings, its check, its sender and its reports."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from channels.providers.anymail.reports import read_report
from channels.providers.anymail.services import SERVICES, base_url
from channels.providers.anymail.session import AnymailSession, sender_domain
from channels.providers.base import CheckResult, Receipt, Sender, SettingField, SettingsError
from channels.providers.http.client import TIMEOUT, brief, check_with, run_apart, url_problem
from channels.providers.settings_fields import clean_fields
from channels.providers.smtp.mime import clean_sender
from channels.providers.threaded import ThreadedSender


class AnymailProvider:
    """An account at an email service that is reached over HTTP."""

    name = "anymail"
    label = "Email service"
    kinds = frozenset({"email"})
    store = ""
    fields = (
        SettingField(
            "service", "Service", "choice", required=True,
            choices=tuple((name, service.label) for name, service in SERVICES.items()),
        ),
        SettingField("api_key", "API key", "secret", required=True, help="Postmark: the server token."),
        SettingField("from_address", "Sender address", required=True),
        SettingField("from_name", "Sender name"),
        SettingField("domain", "Sender domain", help="Mailgun; empty: that of the sender address."),
        SettingField(
            "webhook_secret", "Secret of its reports", "secret",
            help="Mailgun: the webhook signing key. The others: user:password, as in the address given to them.",
        ),
        TIMEOUT,
        SettingField("base_url", "Address of the service", help="Empty: its own. Mailgun in Europe has another."),
    )  # fmt: skip

    def deduplicates(self, settings: Mapping[str, Any]) -> bool:
        """No: the services take the same message as often as it is sent."""
        return False

    def clean(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Typed settings; raises `SettingsError`."""
        cleaned = clean_fields(self.fields, settings)
        cleaned["from_address"] = clean_sender(cleaned["from_address"])
        if cleaned["base_url"] and (wrong := url_problem(cleaned["base_url"])):
            raise SettingsError({"base_url": wrong})
        secret = cleaned["webhook_secret"]
        if secret and not SERVICES[cleaned["service"]].signs and ":" not in secret:
            raise SettingsError({"webhook_secret": "Enter user:password."})
        if not cleaned["api_key"].isascii():
            raise SettingsError({"api_key": "Only ASCII characters are allowed here."})
        cleaned["base_url"] = cleaned["base_url"].rstrip("/")
        return cleaned

    def check(self, settings: Mapping[str, Any]) -> CheckResult:
        """Ask the service who we are."""
        service = SERVICES[settings["service"]]
        path = service.check_path.format(domain=sender_domain(settings))
        login = dict(service.login(settings["api_key"]))
        headers = {**login, "Accept": "application/json"}
        answer = run_apart(check_with(settings, "GET", f"{base_url(settings)}{path}", headers=headers))
        if isinstance(answer, CheckResult):
            return answer
        if answer.ok and answer.fields:
            return CheckResult(True, f"{service.label} accepts the key.")
        return CheckResult(
            False, f"{service.label} refuses (HTTP {answer.status}): {brief(answer.text, 150)}"
        )

    def open(self, settings: Mapping[str, Any], parallelism: int) -> Sender:
        """A sender with ``parallelism`` kept connections, opened as they are needed."""
        return ThreadedSender(lambda: AnymailSession(settings), parallelism, name=settings["service"])

    def receipts(
        self, settings: Mapping[str, Any], headers: Mapping[str, str], body: bytes, url: str, now: datetime
    ) -> list[Receipt]:
        """What the service's webhook says."""
        return read_report(settings, headers, body, url, now)

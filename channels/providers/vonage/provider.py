"""The Vonage provider: its settings, its check, its sender and its delivery receipts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from channels.providers.base import CheckResult, Receipt, Sender, SettingField, SettingsError
from channels.providers.http.client import TIMEOUT, check_with, clean_address, run_apart, service_address
from channels.providers.http.sender import HttpSender
from channels.providers.settings_fields import clean_fields
from channels.providers.vonage.reports import METHODS, read_report
from channels.providers.vonage.transport import VonageTransport

_SENDER = re.compile(r"(\+?\d{3,15}|[A-Za-z0-9 ]{1,11})\Z")


class VonageProvider:
    """An account at Vonage (formerly Nexmo)."""

    name = "vonage"
    label = "Vonage SMS"
    kinds = frozenset({"sms"})
    store = ""
    fields = (
        SettingField("api_key", "API key", required=True),
        SettingField("api_secret", "API secret", "secret", required=True),
        SettingField("from_number", "Sender", required=True, help="A number, or at most 11 letters."),
        SettingField(
            "signature_secret",
            "Signature secret",
            "secret",
            help="Without one no delivery receipt is believed.",
        ),
        SettingField("signature_method", "Signature method", "choice", default="sha256", choices=METHODS),
        TIMEOUT,
        service_address("https://rest.nexmo.com"),
    )

    def deduplicates(self, settings: Mapping[str, Any]) -> bool:
        """No: the API takes the same message as often as it is sent."""
        return False

    def clean(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Typed settings; raises `SettingsError`."""
        cleaned = clean_address(clean_fields(self.fields, settings))
        if not _SENDER.match(cleaned["from_number"]):
            raise SettingsError({"from_number": "Enter a number, or at most 11 letters and digits."})
        return cleaned

    def check(self, settings: Mapping[str, Any]) -> CheckResult:
        """Ask for the account's balance."""
        login = {name: settings[name] for name in ("api_key", "api_secret")}
        url = f"{settings['base_url']}/account/get-balance"
        answer = run_apart(check_with(settings, "GET", url, params=login))
        if isinstance(answer, CheckResult):
            return answer
        balance = answer.fields.get("value")
        if answer.ok and isinstance(balance, int | float):
            return CheckResult(True, f"Logged in; the account's balance is {balance:.2f}.")
        if answer.status == 401:
            return CheckResult(False, "Vonage does not accept this API key and secret.")
        return CheckResult(False, f"Vonage answers HTTP {answer.status}.")

    def open(self, settings: Mapping[str, Any], parallelism: int) -> Sender:
        """A sender with ``parallelism`` requests at once."""
        return HttpSender(VonageTransport(settings), settings, parallelism)

    def receipts(
        self, settings: Mapping[str, Any], headers: Mapping[str, str], body: bytes, url: str, now: datetime
    ) -> list[Receipt]:
        """A delivery receipt."""
        return read_report(
            settings["signature_secret"], settings["signature_method"], headers, body, url, now
        )

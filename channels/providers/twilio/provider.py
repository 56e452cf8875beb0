"""The Twilio provider: its settings, its check, its sender and its reports."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import aiohttp

from channels.providers.base import CheckResult, Receipt, Sender, SettingField, SettingsError
from channels.providers.http.client import (
    TIMEOUT,
    check_with,
    clean_address,
    run_apart,
    service_address,
)
from channels.providers.http.sender import HttpSender
from channels.providers.settings_fields import clean_fields
from channels.providers.twilio.reports import read_report
from channels.providers.twilio.transport import TwilioTransport

_ACCOUNT = re.compile(r"AC[0-9a-fA-F]{32}\Z")
_SERVICE = re.compile(r"MG[0-9a-fA-F]{32}\Z")
_NUMBER = re.compile(r"\+[1-9]\d{6,14}\Z")
_SENDER = re.compile(r"(\+[1-9]\d{6,14}|\d{3,8}|[A-Za-z0-9 ]{1,11})\Z")
VOICES = (("en-US", "English (US)"), ("en-GB", "English (UK)"), ("de-DE", "German"), ("es-ES", "Spanish"),
          ("fr-FR", "French"), ("it-IT", "Italian"), ("nl-NL", "Dutch"), ("pl-PL", "Polish"),
          ("pt-BR", "Portuguese (Brazil)"), ("ja-JP", "Japanese"))  # fmt: skip


class TwilioProvider:
    """An account at Twilio, or at a service that speaks its API."""

    name = "twilio"
    label = "Twilio"
    kinds = frozenset({"sms", "whatsapp", "voice"})
    store = ""
    fields = (
        SettingField("account_sid", "Account SID", required=True, help="AC… from the Twilio console."),
        SettingField("auth_token", "Auth token", "secret", required=True),
        SettingField("from_number", "Sender", help="+15551234567, a short code or a sender name."),
        SettingField(
            "messaging_service", "Messaging service SID", help="MG…; it chooses the sender of text messages."
        ),
        SettingField("whatsapp_number", "WhatsApp number", help="Empty: the sender's number."),
        SettingField("voice_number", "Number that calls", help="Empty: the sender's number."),
        SettingField("voice_language", "Language of calls", "choice", default="en-US", choices=VOICES),
        SettingField(
            "machine_detection",
            "Tell answering machines from people",
            "boolean",
            default=True,
            help="Twilio charges for it.",
        ),
        SettingField("ring_seconds", "Seconds a call rings", "number", default=30, minimum=5, maximum=600),
        TIMEOUT,
        service_address("https://api.twilio.com"),
    )

    def deduplicates(self, settings: Mapping[str, Any]) -> bool:
        """No: the API takes the same message as often as it is sent."""
        return False

    def clean(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Typed settings; raises `SettingsError`."""
        cleaned = clean_address(clean_fields(self.fields, settings))
        errors: dict[str, str] = {}
        if not _ACCOUNT.match(cleaned["account_sid"]):
            errors["account_sid"] = "Enter the account SID: AC and 32 hexadecimal digits."
        if cleaned["messaging_service"] and not _SERVICE.match(cleaned["messaging_service"]):
            errors["messaging_service"] = "Enter MG and 32 hexadecimal digits."
        if cleaned["from_number"] and not _SENDER.match(cleaned["from_number"]):
            errors["from_number"] = "Enter a number as +15551234567, a short code, or at most 11 letters."
        for name in ("whatsapp_number", "voice_number"):
            if cleaned[name] and not _NUMBER.match(cleaned[name]):
                errors[name] = "Enter a number as +15551234567."
        senders = ("from_number", "messaging_service", "whatsapp_number", "voice_number")
        if not errors and not any(cleaned[name] for name in senders):
            errors["from_number"] = "Enter a sender, or a messaging service."
        if errors:
            raise SettingsError(errors)
        return cleaned

    def check(self, settings: Mapping[str, Any]) -> CheckResult:
        """Ask for the account itself: the login works and the account is active."""
        url = f"{settings['base_url']}/2010-04-01/Accounts/{settings['account_sid']}.json"
        login = aiohttp.encode_basic_auth(settings["account_sid"], settings["auth_token"])
        answer = run_apart(check_with(settings, "GET", url, headers={"Authorization": login}))
        if isinstance(answer, CheckResult):
            return answer
        account = answer.fields
        if answer.status == 401:
            return CheckResult(False, "Twilio does not accept this account SID and auth token.")
        if not answer.ok or not account.get("sid"):
            return CheckResult(False, f"Twilio answers HTTP {answer.status}: {account.get('message', '')}")
        status = account.get("status", "active")
        name = account.get("friendly_name") or account["sid"]
        return CheckResult(status == "active", f"The account “{name}” is {status}.")

    def open(self, settings: Mapping[str, Any], parallelism: int) -> Sender:
        """A sender with ``parallelism`` requests at once."""
        return HttpSender(TwilioTransport(settings), settings, parallelism)

    def receipts(
        self, settings: Mapping[str, Any], headers: Mapping[str, str], body: bytes, url: str, now: datetime
    ) -> list[Receipt]:
        """A status callback, or a reply that opts out."""
        return read_report(settings["auth_token"], headers, body, url)

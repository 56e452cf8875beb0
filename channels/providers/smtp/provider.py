"""The SMTP provider: its settings, its check, and its sender."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from channels.providers.base import CheckResult, Sender, SettingField, SettingsError
from channels.providers.settings_fields import clean_fields
from channels.providers.smtp.handshake import open_line
from channels.providers.smtp.mime import MailBuilder, clean_sender
from channels.providers.smtp.session import SmtpSession
from channels.providers.smtp.wire import WireError
from channels.providers.threaded import CannotOpen, ThreadedSender


class SmtpProvider:
    """Any mail server that speaks SMTP."""

    name = "smtp"
    label = "SMTP server"
    kinds = frozenset({"email"})
    store = ""
    fields = (
        SettingField("host", "Host", required=True, help="Name or address of the mail server."),
        SettingField("port", "Port", "number", default=587, minimum=1, maximum=65535),
        SettingField(
            "security",
            "Encryption",
            "choice",
            default="starttls",
            choices=(("none", "None"), ("starttls", "STARTTLS"), ("tls", "TLS from the start")),
        ),
        SettingField("username", "User name", help="Leave empty if the server asks for no login."),
        SettingField("password", "Password", "secret"),
        SettingField("from_address", "Sender address", required=True),
        SettingField("from_name", "Sender name"),
        SettingField(
            "timeout", "Seconds to wait for an answer", "number", default=30, minimum=0.1, maximum=600
        ),
    )

    def deduplicates(self, settings: Mapping[str, Any]) -> bool:
        """No: a mail server takes the same message as often as it is sent."""
        return False

    def clean(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Typed settings; raises `SettingsError`."""
        cleaned = clean_fields(self.fields, settings)
        cleaned["from_address"] = clean_sender(cleaned["from_address"])
        if cleaned["password"] and not cleaned["username"]:
            raise SettingsError({"username": "A password needs a user name."})
        return cleaned

    def check(self, settings: Mapping[str, Any]) -> CheckResult:
        """Connect, secure the line and log in as a campaign would; send nothing."""
        try:
            line = open_line(settings)
        except CannotOpen as problem:
            return CheckResult(False, problem.outcome.detail)
        with contextlib.suppress(WireError):
            line.wire.write(b"QUIT\r\n")
            line.wire.reply()
        line.wire.close()
        login = f", logged in as {settings['username']}" if settings["username"] else ""
        return CheckResult(True, f"Connected to {settings['host']}:{settings['port']}{login}.")

    def open(self, settings: Mapping[str, Any], parallelism: int) -> Sender:
        """A sender with ``parallelism`` kept connections, opened as they are needed."""
        builder = MailBuilder(settings["from_address"], settings["from_name"])
        return ThreadedSender(
            lambda: SmtpSession(open_line(settings), builder, settings["from_address"]),
            parallelism,
            name=f"smtp-{settings['host']}",
        )

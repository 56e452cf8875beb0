"""The web push provider: its settings, its check, and its sender."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channels.domain.devices import read_key
from channels.providers.base import CheckResult, Sender, SettingField, SettingsError
from channels.providers.http.client import TIMEOUT
from channels.providers.http.sender import HttpSender
from channels.providers.settings_fields import clean_fields
from channels.providers.web_push.encryption import new_key, point, read_private_key, text
from channels.providers.web_push.transport import WebPushTransport

URGENCIES = tuple(
    (word, word.replace("-", " ").capitalize()) for word in ("very-low", "low", "normal", "high")
)


class WebPushProvider:
    """The push services of all browsers, by the sender's own pair of keys (VAPID)."""

    name = "web_push"
    label = "Web push"
    kinds = frozenset({"web_push"})
    store = ""
    fields = (
        SettingField(
            "subject", "Contact", required=True, help="mailto:you@example.org: whom a push service writes to."
        ),
        SettingField(
            "private_key", "Private key (VAPID)", "secret", help="Leave it empty and a pair of keys is made."
        ),
        SettingField(
            "public_key",
            "Public key",
            help="Filled in when it is saved; your pages subscribe people with it.",
        ),
        SettingField(
            "ttl_hours", "Hours a message waits for a browser", "number", default=72, minimum=0, maximum=672
        ),
        SettingField("urgency", "Urgency", "choice", default="normal", choices=URGENCIES),
        TIMEOUT,
    )

    def deduplicates(self, settings: Mapping[str, Any]) -> bool:
        """No: a browser shows the same message as often as it comes."""
        return False

    def clean(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Typed settings, with a new pair of keys where there is none; raises `SettingsError`."""
        cleaned = clean_fields(self.fields, settings)
        subject = cleaned["subject"]
        if not (subject.startswith("mailto:") and "@" in subject) and not subject.startswith("https://"):
            raise SettingsError({"subject": "Enter mailto: and an address, or an https:// address."})
        cleaned["private_key"] = cleaned["private_key"] or new_key()
        try:
            key = read_private_key(read_key(cleaned["private_key"]))
        except ValueError as problem:
            raise SettingsError({"private_key": str(problem)}) from None
        cleaned["public_key"] = text(point(key))
        return cleaned

    def check(self, settings: Mapping[str, Any]) -> CheckResult:
        """There is nobody to log in to: each browser has a push service of its own."""
        return CheckResult(True, f"Ready. Subscribe people with the public key {settings['public_key']}.")

    def open(self, settings: Mapping[str, Any], parallelism: int) -> Sender:
        """A sender with ``parallelism`` messages at once."""
        return HttpSender(WebPushTransport(settings), settings, parallelism)

"""The Slack provider: its settings, its check, and its sender."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channels.providers.base import CheckResult, Sender, SettingField, SettingsError
from channels.providers.http.client import TIMEOUT, check_with, clean_address, run_apart, service_address
from channels.providers.http.sender import HttpSender
from channels.providers.settings_fields import clean_fields
from channels.providers.slack.transport import SlackTransport


class SlackProvider:
    """A Slack workspace, through the token of an app that was installed there."""

    name = "slack"
    label = "Slack"
    kinds = frozenset({"slack"})
    store = ""
    fields = (
        SettingField(
            "bot_token", "Bot token", "secret", required=True, help="xoxb-…; it needs the scope chat:write."
        ),
        SettingField("channel", "Channel", help="Where messages are posted: C0123456789 or #general."),
        SettingField(
            "member_attribute",
            "Property with the person's Slack member",
            help="Whoever has one (U0123456789) gets a direct message instead.",
        ),
        TIMEOUT,
        service_address("https://slack.com"),
    )

    def deduplicates(self, settings: Mapping[str, Any]) -> bool:
        """No: Slack posts the same text as often as it is told to."""
        return False

    def clean(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Typed settings; raises `SettingsError`."""
        cleaned = clean_address(clean_fields(self.fields, settings))
        if not cleaned["channel"] and not cleaned["member_attribute"]:
            raise SettingsError(
                {"channel": "Enter a channel, or the property with the person's Slack member."}
            )
        return cleaned

    def check(self, settings: Mapping[str, Any]) -> CheckResult:
        """Ask Slack whose token this is."""
        headers = {"Authorization": f"Bearer {settings['bot_token']}"}
        url = f"{settings['base_url']}/api/auth.test"
        answer = run_apart(check_with(settings, "POST", url, headers=headers))
        if isinstance(answer, CheckResult):
            return answer
        who = answer.fields
        if who.get("ok") is True:
            return CheckResult(
                True, f"Connected to {who.get('team', 'Slack')} as {who.get('user', 'a bot')}."
            )
        problem = who.get("error") or f"HTTP {answer.status}"
        return CheckResult(False, f"Slack does not accept this token: {problem}.")

    def open(self, settings: Mapping[str, Any], parallelism: int) -> Sender:
        """A sender with ``parallelism`` requests at once."""
        return HttpSender(SlackTransport(settings), settings, parallelism)

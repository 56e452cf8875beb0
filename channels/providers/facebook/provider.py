"""The Facebook audience provider: its settings, its check, and its sender."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from channels.providers.base import CheckResult, Sender, SettingField, SettingsError
from channels.providers.facebook.transport import MOST_MEMBERS, FacebookTransport, problem_of
from channels.providers.http.client import TIMEOUT, check_with, clean_address, run_apart, service_address
from channels.providers.http.sender import HttpSender
from channels.providers.settings_fields import clean_fields


class FacebookProvider:
    """A custom audience, through Meta's Marketing API."""

    name = "facebook_audience"
    label = "Facebook custom audience"
    kinds = frozenset({"facebook_audience"})
    store = ""
    batch = MOST_MEMBERS
    fields = (
        SettingField("access_token", "Access token", "secret", required=True, help="With ads_management."),
        SettingField("audience_id", "Custom audience", required=True, help="Its number."),
        SettingField("api_version", "Version of the API", default="v25.0"),
        TIMEOUT,
        service_address("https://graph.facebook.com"),
    )

    def deduplicates(self, settings: Mapping[str, Any]) -> bool:
        """Yes: whoever is in the audience is in it once."""
        return True

    def clean(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Typed settings; raises `SettingsError`."""
        cleaned = clean_address(clean_fields(self.fields, settings))
        if not re.fullmatch(r"\d{1,30}", cleaned["audience_id"]):
            raise SettingsError({"audience_id": "Enter the number of the audience."})
        if not re.fullmatch(r"v\d{1,3}\.\d", cleaned["api_version"]):
            raise SettingsError({"api_version": "Enter a version such as v25.0."})
        return cleaned

    def check(self, settings: Mapping[str, Any]) -> CheckResult:
        """Ask for the audience itself."""
        url = f"{settings['base_url']}/{settings['api_version']}/{settings['audience_id']}"
        headers = {"Authorization": f"Bearer {settings['access_token']}"}
        answer = run_apart(check_with(settings, "GET", url, params={"fields": "name"}, headers=headers))
        if isinstance(answer, CheckResult):
            return answer
        name = answer.fields.get("name")
        if answer.ok and name:
            return CheckResult(True, f"The audience “{name}” can be reached.")
        return CheckResult(False, f"Facebook refuses: {problem_of(answer)[1] or f'HTTP {answer.status}'}")

    def open(self, settings: Mapping[str, Any], parallelism: int) -> Sender:
        """A sender with ``parallelism`` requests at once."""
        return HttpSender(FacebookTransport(settings), settings, parallelism)

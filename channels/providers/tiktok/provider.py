"""The TikTok audience provider: its settings, its check, and its sender."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from channels.providers.base import CheckResult, Sender, SettingField, SettingsError
from channels.providers.http.client import TIMEOUT, check_with, clean_address, run_apart, service_address
from channels.providers.http.sender import HttpSender
from channels.providers.settings_fields import clean_fields
from channels.providers.tiktok.transport import MOST_MEMBERS, TikTokTransport


class TikTokProvider:
    """A custom audience, through TikTok's API for Business."""

    name = "tiktok_audience"
    label = "TikTok custom audience"
    kinds = frozenset({"tiktok_audience"})
    store = ""
    batch = MOST_MEMBERS
    fields = (
        SettingField("access_token", "Access token", "secret", required=True),
        SettingField("advertiser_id", "Advertiser", required=True, help="Its number."),
        SettingField("audience_id", "Custom audience", required=True, help="Its number."),
        TIMEOUT,
        service_address("https://business-api.tiktok.com"),
    )

    def deduplicates(self, settings: Mapping[str, Any]) -> bool:
        """Yes: whoever is in the audience is in it once."""
        return True

    def clean(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Typed settings; raises `SettingsError`."""
        cleaned = clean_address(clean_fields(self.fields, settings))
        for name in ("advertiser_id", "audience_id"):
            if not re.fullmatch(r"\d{1,30}", cleaned[name]):
                raise SettingsError({name: "Enter its number."})
        return cleaned

    def check(self, settings: Mapping[str, Any]) -> CheckResult:
        """Ask for the audience itself."""
        url = f"{settings['base_url']}/open_api/v1.3/dmp/custom_audience/get/"
        asked = {
            "advertiser_id": settings["advertiser_id"],
            "custom_audience_ids": json.dumps([settings["audience_id"]]),
        }
        headers = {"Access-Token": settings["access_token"]}
        answer = run_apart(check_with(settings, "GET", url, params=asked, headers=headers))
        if isinstance(answer, CheckResult):
            return answer
        fields = answer.fields
        if fields.get("code") != 0:
            return CheckResult(False, f"TikTok refuses: {fields.get('message') or f'HTTP {answer.status}'}")
        data = fields.get("data")
        found = data.get("list") if isinstance(data, dict) else None
        if not found:
            return CheckResult(False, "This advertiser has no such audience.")
        return CheckResult(True, f"The audience {settings['audience_id']} can be reached.")

    def open(self, settings: Mapping[str, Any], parallelism: int) -> Sender:
        """A sender with ``parallelism`` requests at once."""
        return HttpSender(TikTokTransport(settings), settings, parallelism)

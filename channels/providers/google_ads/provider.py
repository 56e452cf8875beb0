"""The Google Ads audience provider: its settings, its check, and its sender."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from channels.providers.base import CheckResult, Outcome, Sender, SettingField, SettingsError
from channels.providers.google_ads.transport import MOST_MEMBERS, SCOPE, GoogleAdsTransport, own_headers
from channels.providers.http.client import (
    TIMEOUT,
    ask,
    open_session,
    run_apart,
    service_address,
)
from channels.providers.http.google_login import (
    ACCOUNT,
    GoogleLogin,
    ServiceAccount,
    clean_account,
    google_detail,
)
from channels.providers.http.sender import HttpSender


class GoogleAdsProvider:
    """A customer match list, through the Google Ads API."""

    name = "google_ads_audience"
    label = "Google Ads customer match"
    kinds = frozenset({"google_ads_audience"})
    store = ""
    batch = MOST_MEMBERS
    fields = (
        ACCOUNT,
        SettingField("developer_token", "Developer token", "secret", required=True),
        SettingField("customer_id", "Customer", required=True, help="The account's number: 123-456-7890."),
        SettingField("login_customer_id", "Manager account", help="If the account is reached through one."),
        SettingField("user_list_id", "Customer match list", required=True, help="Its number."),
        SettingField("api_version", "Version of the API", default="v26"),
        TIMEOUT,
        service_address("https://googleads.googleapis.com"),
    )  # fmt: skip

    def deduplicates(self, settings: Mapping[str, Any]) -> bool:
        """Yes: whoever is on the list is on it once."""
        return True

    def clean(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Typed settings; raises `SettingsError`."""
        cleaned = clean_account(self.fields, settings)
        for name in ("customer_id", "login_customer_id", "user_list_id"):
            cleaned[name] = cleaned[name].replace("-", "")
            if not re.fullmatch(r"\d{1,30}", cleaned[name]) and (
                cleaned[name] or name != "login_customer_id"
            ):
                raise SettingsError({name: "Enter its number."})
        if not re.fullmatch(r"v\d{1,3}", cleaned["api_version"]):
            raise SettingsError({"api_version": "Enter a version such as v26."})
        return cleaned

    def check(self, settings: Mapping[str, Any]) -> CheckResult:
        """Log in, and see whether the account is among those that can be reached."""
        return run_apart(_check(settings))

    def open(self, settings: Mapping[str, Any], parallelism: int) -> Sender:
        """A sender with ``parallelism`` requests at once."""
        return HttpSender(GoogleAdsTransport(settings), settings, parallelism)


async def _check(settings: Mapping[str, Any]) -> CheckResult:
    account = ServiceAccount(settings["service_account"])
    async with open_session(settings, 1) as session:
        login = await GoogleLogin(account, SCOPE).headers(session)
        if isinstance(login, Outcome):
            return CheckResult(False, login.detail)
        url = f"{settings['base_url']}/{settings['api_version']}/customers:listAccessibleCustomers"
        answer = await ask(session, "GET", url, headers={**login, **own_headers(settings)})
    if isinstance(answer, Outcome):
        return CheckResult(False, answer.detail)
    names = answer.fields.get("resourceNames")
    if not answer.ok or not isinstance(names, list):
        return CheckResult(
            False, f"Google Ads refuses: {google_detail(answer.fields)[2] or answer.outcome().detail}"
        )
    reached = settings["login_customer_id"] or settings["customer_id"]
    if f"customers/{reached}" not in names:
        return CheckResult(False, f"{account.email} has no access to the account {reached}.")
    return CheckResult(True, f"Logged in as {account.email}.")

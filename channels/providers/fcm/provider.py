"""The Firebase provider: its settings, its check, and its sender."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channels.providers.base import CheckResult, Outcome, Sender, SettingField
from channels.providers.fcm.transport import SCOPE, FcmTransport
from channels.providers.http.client import (
    TIMEOUT,
    ask,
    open_session,
    run_apart,
    service_address,
)
from channels.providers.http.google_login import ACCOUNT, GoogleLogin, ServiceAccount, clean_account
from channels.providers.http.sender import HttpSender


class FcmProvider:
    """A Firebase project, by its HTTP v1 API."""

    name = "fcm"
    label = "Firebase (mobile push)"
    kinds = frozenset({"push"})
    store = ""
    fields = (
        ACCOUNT,
        SettingField("ttl_hours", "Hours a message waits for a device", "number", default=72, minimum=0, maximum=672),
        SettingField(
            "priority", "Priority", "choice", default="high", choices=(("high", "High"), ("normal", "Normal"))
        ),
        TIMEOUT,
        service_address("https://fcm.googleapis.com"),
    )  # fmt: skip

    def deduplicates(self, settings: Mapping[str, Any]) -> bool:
        """No: the API takes the same message as often as it is sent."""
        return False

    def clean(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Typed settings; raises `SettingsError`."""
        return clean_account(self.fields, settings)

    def check(self, settings: Mapping[str, Any]) -> CheckResult:
        """Log in, and have the API look at a message that it does not send."""
        return run_apart(_check(settings))

    def open(self, settings: Mapping[str, Any], parallelism: int) -> Sender:
        """A sender with ``parallelism`` requests at once."""
        return HttpSender(FcmTransport(settings), settings, parallelism)


async def _check(settings: Mapping[str, Any]) -> CheckResult:
    account = ServiceAccount(settings["service_account"])
    async with open_session(settings, 1) as session:
        login = await GoogleLogin(account, SCOPE).headers(session)
        if isinstance(login, Outcome):
            return CheckResult(False, login.detail)
        url = f"{settings['base_url']}/v1/projects/{account.project}/messages:send"
        body = {"validate_only": True, "message": {"topic": "check", "notification": {"title": "Check"}}}
        answer = await ask(session, "POST", url, json=body, headers=login)
    if isinstance(answer, Outcome):
        return CheckResult(False, answer.detail)
    if answer.ok:
        return CheckResult(True, f"Logged in to the project {account.project} as {account.email}.")
    return CheckResult(False, f"Firebase refuses: {answer.outcome().detail}")

"""Members as the Google Ads API takes them (uploadUserData): ten people in a call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp

from channels.providers.base import Outcome
from channels.providers.http.client import Answer, ask, malformed
from channels.providers.http.google_login import GoogleLogin, ServiceAccount, google_detail
from channels.providers.http.members import AudienceTransport, Member, sha256

SCOPE = "https://www.googleapis.com/auth/adwords"
MOST_MEMBERS = 10
THROTTLE_SECONDS = 60.0
ACCOUNT = {"UNAUTHENTICATED", "PERMISSION_DENIED"}


class GoogleAdsTransport(AudienceTransport):
    """One POST for ten members."""

    name = "google-ads"
    most_at_once = MOST_MEMBERS

    def __init__(self, settings: Mapping[str, Any]) -> None:
        customer = settings["customer_id"]
        self._login = GoogleLogin(ServiceAccount(settings["service_account"]), SCOPE)
        self._url = f"{settings['base_url']}/{settings['api_version']}/customers/{customer}:uploadUserData"
        self._list = f"customers/{customer}/userLists/{settings['user_list_id']}"
        self._headers = own_headers(settings)

    async def upload(
        self, session: aiohttp.ClientSession, members: Sequence[Member], *, remove: bool
    ) -> Outcome:
        """One call."""
        login = await self._login.headers(session)
        if isinstance(login, Outcome):
            return login
        verb = "remove" if remove else "create"
        consent = {"adUserData": "GRANTED", "adPersonalization": "GRANTED"}
        body = {
            "operations": [{verb: {"userIdentifiers": _identifiers(member)}} for member in members],
            "customerMatchUserListMetadata": {"userList": self._list, "consent": consent},
        }
        answer = await ask(session, "POST", self._url, json=body, headers={**login, **self._headers})
        return answer if isinstance(answer, Outcome) else self._outcome(answer)

    def _outcome(self, answer: Answer) -> Outcome:
        fields = answer.fields
        if answer.ok:
            return Outcome.sent() if "receivedOperationsCount" in fields else malformed(answer)
        status, code, words = google_detail(fields)
        plain = answer.outcome()
        detail = f"{words} ({code})" if code else plain.detail
        if answer.status == 401 or status in ACCOUNT:
            self._login.forget()
            return Outcome.retry("login_refused", detail, connection_error=True)
        if plain.reason == "throttled":
            return Outcome.retry("throttled", detail, retry_after=plain.retry_after or THROTTLE_SECONDS)
        if plain.kind == "retry":
            return Outcome.retry(plain.reason, detail, retry_after=plain.retry_after)
        return Outcome.failed("refused", detail)


def own_headers(settings: Mapping[str, Any]) -> dict[str, str]:
    """What every call carries besides the login."""
    headers = {"developer-token": settings["developer_token"]}
    if settings["login_customer_id"]:
        headers["login-customer-id"] = settings["login_customer_id"]
    return headers


def _identifiers(member: Member) -> list[dict[str, str]]:
    email, phone = sha256(_google_address(member.email)), member.phone_hash(plus=True)
    found = []
    if email:
        found.append({"hashedEmail": email})
    if phone:
        found.append({"hashedPhoneNumber": phone})
    return found


def _google_address(email: str) -> str:
    """As Google wants Gmail addresses before they are hashed: without dots, and without what follows a plus sign."""
    local, at, domain = email.rpartition("@")
    if domain in ("gmail.com", "googlemail.com"):
        local = local.partition("+")[0].replace(".", "")
    return f"{local}{at}{domain}"

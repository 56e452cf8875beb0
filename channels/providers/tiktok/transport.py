"""Members as TikTok's API for Business takes them (segment/mapping)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import aiohttp

from channels.providers.base import Outcome
from channels.providers.http.client import Answer, ask, malformed
from channels.providers.http.members import AudienceTransport, Member

MOST_MEMBERS = 1000
#: Codes in the answer, which is HTTP 200 whatever happened.
THROTTLED = {40016, 40100, 40132, 40133}
ACCOUNT = {40001, 40101, 40102, 40103, 40104, 40105, 40110, 40300}
FIRST_SERVER_ERROR = 50_000
THROTTLE_SECONDS = 60.0


class TikTokTransport(AudienceTransport):
    """One POST for many members."""

    name = "tiktok"
    most_at_once = MOST_MEMBERS

    def __init__(self, settings: Any) -> None:
        self._url = f"{settings['base_url']}/open_api/v1.3/segment/mapping/"
        self._headers = {"Access-Token": settings["access_token"]}
        self._advertiser = settings["advertiser_id"]
        self._audience = settings["audience_id"]

    async def upload(
        self, session: aiohttp.ClientSession, members: Sequence[Member], *, remove: bool
    ) -> Outcome:
        """One call."""
        body = {
            "advertiser_ids": [self._advertiser],
            "action": "delete" if remove else "add",
            "id_schema": ["EMAIL_SHA256", "PHONE_SHA256"],
            "batch_data": [
                [self._slot(member.email_hash()), self._slot(member.phone_hash(plus=True))]
                for member in members
            ],
        }
        answer = await ask(session, "POST", self._url, json=body, headers=self._headers)
        return answer if isinstance(answer, Outcome) else _outcome(answer)

    def _slot(self, hashed: str) -> dict[str, Any]:
        return {"id": hashed, "audience_ids": [self._audience]} if hashed else {}


def _outcome(answer: Answer) -> Outcome:
    if answer.status != 200:
        return answer.outcome()
    fields = answer.fields
    code = fields.get("code")
    if code == 0:
        return Outcome.sent(str(fields.get("request_id", "")))
    if not isinstance(code, int):
        return malformed(answer)
    detail = f"{fields.get('message', 'Refused')} (TikTok code {code})"
    if code in THROTTLED:
        return Outcome.retry("throttled", detail, retry_after=THROTTLE_SECONDS)
    if code in ACCOUNT:
        return Outcome.retry("login_refused", detail, connection_error=True)
    if code >= FIRST_SERVER_ERROR:
        return Outcome.retry("server_error", detail)
    return Outcome.failed("refused", detail)

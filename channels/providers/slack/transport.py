"""Messages as Slack's Web API takes them (chat.postMessage)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp

from channels.providers.base import Message, Outcome
from channels.providers.http.client import Answer, ask, malformed
from channels.providers.http.sender import Transport

LONGEST_TEXT = 40_000
#: Errors that every other message would meet too.
ACCOUNT = {
    "not_authed", "invalid_auth", "account_inactive", "token_revoked", "token_expired", "no_permission",
    "missing_scope", "not_allowed_token_type", "org_login_required", "ekm_access_denied", "access_denied",
    "two_factor_setup_required", "team_access_not_granted", "restricted_action",
}  # fmt: skip
#: Errors of the place that is posted to: of the connection's own channel they stand for all messages.
PLACE = {"channel_not_found", "not_in_channel", "is_archived", "restricted_action_read_only_channel"}
LATER = {"internal_error", "request_timeout", "service_unavailable", "team_added_to_org"}


class SlackTransport(Transport):
    """One POST a message."""

    name = "slack"

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings
        self._url = f"{settings['base_url']}/api/chat.postMessage"
        self._headers = {"Authorization": f"Bearer {settings['bot_token']}"}

    async def send(self, session: aiohttp.ClientSession, message: Message) -> Outcome:
        """Make one call."""
        own = self._settings["channel"]
        place = str(message.person.get(self._settings["member_attribute"]) or "") or own
        if not place:
            return Outcome.failed("no_address", "The person has no Slack member, and there is no channel.")
        body = {"channel": place, "text": message.body[:LONGEST_TEXT], "unfurl_links": False}
        answer = await ask(session, "POST", self._url, json=body, headers=self._headers)
        return answer if isinstance(answer, Outcome) else _outcome(answer, place == own)


def _outcome(answer: Answer, own_place: bool) -> Outcome:
    if answer.status != 200:
        return answer.outcome()
    fields = answer.fields
    if fields.get("ok") is True and fields.get("ts"):
        return Outcome.sent(f"{fields.get('channel', '')}:{fields['ts']}")
    error = fields.get("error")
    if fields.get("ok") is not False or not error:
        return malformed(answer)
    detail = f"Slack says: {error}"
    if error == "fatal_error":  # "some aspect of the operation may have succeeded"
        return Outcome.unknown("malformed_answer", detail)
    if error in ("ratelimited", "rate_limited"):
        return Outcome.retry("throttled", detail, retry_after=30)
    if error in ACCOUNT:
        return Outcome.retry("login_refused", detail, connection_error=True)
    if error in PLACE and own_place:
        return Outcome.retry("place_refused", detail, connection_error=True)
    if error in LATER:
        return Outcome.retry("server_error", detail)
    return Outcome.failed("refused", detail)

"""Members as Meta's Marketing API takes them: up to ten thousand in a call; we hand over a thousand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import aiohttp

from channels.providers.base import Outcome
from channels.providers.http.client import Answer, ask, malformed
from channels.providers.http.members import AudienceTransport, Member

MOST_MEMBERS = 1000
#: Codes of Graph errors: too many calls, failures that pass, an account that may not.
THROTTLED = {4, 17, 32, 613, 80003, 80004, 80014}
LATER = {1, 2}
ACCOUNT = {3, 10, 102, 190, 200, 294, 298, 2654}
THROTTLE_SECONDS = 60.0


class FacebookTransport(AudienceTransport):
    """POST adds, DELETE removes."""

    name = "facebook"
    most_at_once = MOST_MEMBERS

    def __init__(self, settings: Any) -> None:
        self._url = f"{settings['base_url']}/{settings['api_version']}/{settings['audience_id']}/users"
        self._headers = {"Authorization": f"Bearer {settings['access_token']}"}

    async def upload(
        self, session: aiohttp.ClientSession, members: Sequence[Member], *, remove: bool
    ) -> Outcome:
        """One call."""
        data = [[member.email_hash(), member.phone_hash(plus=False)] for member in members]
        form = {"payload": json.dumps({"schema": ["EMAIL", "PHONE"], "data": data}, separators=(",", ":"))}
        method = "DELETE" if remove else "POST"
        answer = await ask(session, method, self._url, data=form, headers=self._headers)
        return answer if isinstance(answer, Outcome) else _outcome(answer)


def problem_of(answer: Answer) -> tuple[int, str, bool]:
    """Code and words of a Graph error, and whether it says that it will pass; (0, "", False) where there is none."""
    error = answer.fields.get("error")
    if not isinstance(error, dict):
        return 0, "", False
    code = error.get("code")
    words = str(error.get("error_user_msg") or error.get("message") or "")
    return (code if isinstance(code, int) else 0), words, error.get("is_transient") is True


def _outcome(answer: Answer) -> Outcome:
    fields = answer.fields
    if answer.ok:
        known = fields.get("num_received")
        return (
            Outcome.sent(str(fields.get("session_id", ""))) if isinstance(known, int) else malformed(answer)
        )
    code, words, passing = problem_of(answer)
    plain = answer.outcome()
    detail = f"{words} (Facebook error {code})" if code else plain.detail
    if code in THROTTLED or plain.reason == "throttled":
        return Outcome.retry("throttled", detail, retry_after=plain.retry_after or _wait(answer))
    if code in ACCOUNT or plain.connection_error:
        return Outcome.retry("login_refused", detail, connection_error=True)
    if passing or code in LATER or plain.kind == "retry":
        return Outcome.retry("server_error", detail, retry_after=plain.retry_after)
    return Outcome.failed("refused", detail)


def _wait(answer: Answer) -> float:
    """Seconds until calls are allowed again, as far as Facebook says: minutes, somewhere in a header."""
    try:
        usage = json.loads(answer.headers.get("X-Business-Use-Case-Usage", ""))
        minutes = [row["estimated_time_to_regain_access"] for rows in usage.values() for row in rows]
        return max(60.0 * max(minutes), THROTTLE_SECONDS)
    except (ValueError, KeyError, TypeError, AttributeError):
        return THROTTLE_SECONDS

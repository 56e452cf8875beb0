"""The HTTP client of providers: no redirects, no cookies, allowed addresses only, and answers of bounded size."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import aiohttp
from yarl import URL

from channels.providers.base import CheckResult, Outcome, SettingField, SettingsError
from channels.providers.http.addresses import guarded_socket, parse_networks
from channels.providers.http.answers import failure, verdict

MOST_RESPONSE_BYTES = 64 * 1024
"""A longer answer is cut off, and its connection closed."""
MOST_DETAIL_CHARACTERS = 300
LONGEST_URL = 2000
CONNECT_SECONDS = 10.0
KEEP_ALIVE_SECONDS = 4.0
"""Shorter than what servers commonly keep (5 s), so that a request rarely meets a connection being closed."""
TIMEOUT = SettingField(
    "timeout", "Seconds to wait for an answer", "number", default=15, minimum=0.1, maximum=120
)
T = TypeVar("T")


def service_address(default: str) -> SettingField:
    """The field with which a vendor's address can be replaced by that of a proxy, or of a test's own server."""
    return SettingField(
        "base_url", "Address of the service", default=default, help="Change it only to go through a proxy."
    )


def open_session(settings: Mapping[str, Any], parallelism: int) -> aiohttp.ClientSession:
    """An HTTP client that follows no redirects, keeps no cookies and connects to allowed addresses only."""
    allowed = parse_networks(settings.get("allowed_networks", ()))
    timeout = float(settings["timeout"])
    connect = min(CONNECT_SECONDS, timeout)
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=parallelism, keepalive_timeout=KEEP_ALIVE_SECONDS, socket_factory=guarded_socket(allowed)
        ),
        # Connecting has a limit of its own, so that what remains of the total can only run out afterwards.
        timeout=aiohttp.ClientTimeout(total=connect + timeout, connect=connect, ceil_threshold=60),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        headers={"User-Agent": "campaign-console", "Accept-Encoding": "identity"},
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer of a server."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def ok(self) -> bool:
        """Whether the server says that it has done what was asked."""
        return 200 <= self.status < 300

    @property
    def data(self) -> Any:
        """The body read as JSON; None where it is none."""
        try:
            return json.loads(self.text)
        except ValueError:
            return None

    @property
    def fields(self) -> dict[str, Any]:
        """The body as a JSON object; empty where it is none."""
        data = self.data
        return data if isinstance(data, dict) else {}

    def outcome(self) -> Outcome:
        """What the status alone says: 2xx is sent, 429 and 5xx wait, everything else is final."""
        return verdict(self.status, self.headers, brief(self.text), utc_now)


async def ask(
    session: aiohttp.ClientSession, method: str, url: str | URL, **options: Any
) -> Answer | Outcome:
    """One call: the complete answer, or the outcome of having got none."""
    try:
        async with session.request(method, url, allow_redirects=False, **options) as response:
            data = b""
            while len(data) < MOST_RESPONSE_BYTES and (block := await response.content.readany()):
                data += block
            if len(data) >= MOST_RESPONSE_BYTES:
                response.close()
            return Answer(response.status, response.headers, data.decode("utf-8", "replace"))
    except (TimeoutError, aiohttp.ClientError, ValueError) as problem:
        return failure(problem) or Outcome.failed("bad_message", str(problem))


def malformed(answer: Answer) -> Outcome:
    """The server says yes in words that make no sense: the message may be on its way."""
    return Outcome.unknown(
        "malformed_answer", f"HTTP {answer.status}, but no answer as documented: {brief(answer.text, 100)}"
    )


async def check_with(
    settings: Mapping[str, Any], method: str, url: str, **options: Any
) -> Answer | CheckResult:
    """One call of a connection check; what went wrong on the way is the check's result."""
    async with open_session(settings, 1) as session:
        answer = await ask(session, method, url, **options)
    return CheckResult(False, answer.detail) if isinstance(answer, Outcome) else answer


def run_apart(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in a thread of its own: the caller's may run an event loop already."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def brief(text: str, most: int = MOST_DETAIL_CHARACTERS) -> str:
    """The beginning of an answer on one line, for a person to read."""
    return " ".join(text[: 4 * most].split())[:most]


def utc_now() -> datetime:
    """The time of a request."""
    return datetime.now(UTC)


def url_problem(text: str) -> str:
    """What is wrong with the address of a server; "" if it can be called."""
    if len(text) > LONGEST_URL:
        return f"Too long: at most {LONGEST_URL} characters."
    try:
        url = URL(text)
        port = url.port
    except ValueError:
        return "This is not a web address."
    if url.scheme not in ("http", "https") or not url.host or not port:
        return "Enter an address that begins with https:// or http://."
    if url.user is not None or url.password is not None:
        return "Put the login into the Authorization header, not into the address."
    return ""


def clean_address(cleaned: dict[str, Any], name: str = "base_url") -> dict[str, Any]:
    """Settings whose address is known to be one, without a slash at its end. Raises `SettingsError`."""
    if problem := url_problem(cleaned[name]):
        raise SettingsError({name: problem})
    return {**cleaned, name: cleaned[name].rstrip("/")}

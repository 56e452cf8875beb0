"""What an HTTP answer, or its absence, means for the message."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp

from channels.providers.base import Outcome
from channels.providers.http.addresses import BlockedAddress

LONGEST_WAIT = 24 * 3600.0
_TRY_AGAIN = {408, 425}


def verdict(status: int, headers: Mapping[str, str], text: str, now: Callable[[], datetime]) -> Outcome:
    """The outcome of a complete answer: 2xx is sent, 429 and 5xx wait, everything else is final."""
    if 200 <= status < 300:
        return Outcome.sent()
    detail = f"HTTP {status}{f': {text}' if text else ''}"
    wait = read_retry_after(headers.get("Retry-After", ""), now)
    if status == 429:
        return Outcome.retry("throttled", detail, retry_after=wait)
    if status >= 500 or status in _TRY_AGAIN:
        return Outcome.retry("server_error", detail, retry_after=wait)
    if 300 <= status < 400:
        return Outcome.failed("redirect_refused", f"{detail} Redirects are not followed.")
    if status == 401:
        return Outcome.retry("login_refused", detail, connection_error=True)
    return Outcome.failed("refused", detail)


def read_retry_after(value: str, now: Callable[[], datetime]) -> float | None:
    """Seconds to wait by a Retry-After header, in either of its two forms; None if it says nothing."""
    value = value.strip()
    if not value:
        return None
    if value.isdigit() and value.isascii():
        return min(float(value[:9]), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - now()).total_seconds(), 0.0), LONGEST_WAIT)


def failure(problem: Exception) -> Outcome | None:
    """The outcome of a call without an answer; None if the problem is none of the network's."""
    match problem:
        case aiohttp.InvalidURL():
            return Outcome.failed("bad_address", f"This is not a web address: {problem}")
        case aiohttp.ClientConnectorError(os_error=BlockedAddress()):
            return Outcome.failed(
                "address_not_allowed", str(problem.os_error.strerror), connection_error=True
            )
        case aiohttp.ClientConnectorDNSError():
            return _broken("host_unknown", f"There is no host called {problem.host}.")
        case aiohttp.ClientConnectorCertificateError():
            return _broken("certificate_invalid", str(problem.certificate_error))
        case aiohttp.ClientConnectorError():
            return _broken("connection_failed", f"No connection to {problem.host}:{problem.port}.")
        case aiohttp.ConnectionTimeoutError():
            return _broken("timeout", "The server cannot be reached in time.")
        case aiohttp.ClientResponseError():
            return Outcome.unknown("malformed_answer", "The server's answer is not HTTP.")
        case asyncio.TimeoutError():
            return Outcome.unknown("timeout", "The server took the request and did not answer in time.")
        case aiohttp.ClientError():
            return Outcome.unknown("connection_lost", "The connection broke after the request had begun.")
    return None


def _broken(reason: str, detail: str) -> Outcome:
    return Outcome.retry(reason, detail, connection_error=True)

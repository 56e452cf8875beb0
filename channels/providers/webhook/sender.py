"""Many HTTP requests at once: one event loop in one thread, ``parallelism`` kept connections."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import aiohttp
from yarl import URL

from channels.providers.backoff import Backoff
from channels.providers.base import Message, Outcome
from channels.providers.outbox import Outbox
from channels.providers.webhook.addresses import guarded_socket, parse_networks
from channels.providers.webhook.answers import failure, verdict
from channels.providers.webhook.payload import Signer, event, utc_now

logger = logging.getLogger(__name__)

MOST_RESPONSE_BYTES = 64 * 1024
"""A longer answer is cut off, and its connection closed."""
MOST_DETAIL_CHARACTERS = 300
CONNECT_SECONDS = 10.0
KEEP_ALIVE_SECONDS = 4.0
"""Shorter than what servers commonly keep (5 s), so that a request rarely meets a connection being closed."""


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


class WebhookSender:
    """Sends each message as one signed POST."""

    def __init__(self, settings: Mapping[str, Any], parallelism: int) -> None:
        self._settings = settings
        self._limit = max(1, int(parallelism))
        self._url = URL(settings["url"])
        self._signer = Signer([settings.get("secret", ""), settings.get("previous_secret", "")])
        self._headers = {"Content-Type": "application/json"}
        if settings.get("authorization"):
            self._headers["Authorization"] = settings["authorization"]
        self._outbox = Outbox()
        self._backoff = Backoff()
        self._waiting: deque[Message] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None
        self._closing = False
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    # -- what the engine calls, from its own thread

    def submit(self, messages: Sequence[Message]) -> None:
        """Queue the messages; returns at once. After `close` they are released."""
        self._outbox.expect(len(messages))
        with self._lock:
            if not self._closing:
                self._running_loop().call_soon_threadsafe(self._accept, list(messages))
                return
        for message in messages:
            self._outbox.put(message, Outcome.released("sender_closed"))

    def collect(self, timeout: float) -> list[tuple[Message, Outcome]]:
        """What has finished; waits at most ``timeout`` seconds for the first result."""
        return self._outbox.take(timeout)

    def close(self) -> None:
        """Release what waits, finish what has begun, end the thread. Safe to call twice."""
        with self._lock:
            first, self._closing = not self._closing, True
        if first and self._loop is not None and self._thread is not None:
            asyncio.run_coroutine_threadsafe(self._finish(), self._loop).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._loop.run_forever, name="webhook-1", daemon=True)
            self._thread.start()
        return self._loop

    # -- in the loop's thread

    def _accept(self, messages: list[Message]) -> None:
        self._waiting.extend(messages)
        for _ in range(min(len(self._waiting), self._limit - len(self._tasks))):
            task = asyncio.get_running_loop().create_task(self._drain())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _finish(self) -> None:
        released = list(self._waiting)
        self._waiting.clear()
        for message in released:
            self._outbox.put(message, Outcome.released("sender_closed"))
        if self._tasks:
            await asyncio.wait(self._tasks)
        if self._session is not None:
            await self._session.close()

    async def _drain(self) -> None:
        while self._waiting:
            message = self._waiting.popleft()
            if time.monotonic() >= message.start_by:
                self._outbox.put(message, Outcome.released())
                continue
            try:
                outcome = await self._send(message)
            except Exception as problem:  # one bad message must not end the others
                logger.exception("Sending a webhook failed unexpectedly")
                outcome = Outcome.unknown("internal_error", f"{type(problem).__name__}: {problem}")
            self._outbox.put(message, outcome)

    async def _send(self, message: Message) -> Outcome:
        """One call. What is wrong with the connection's own address stands for all; others stand alone."""
        if message.address:
            return replace(await self._call(message.address, message), connection_error=False)
        standing = self._backoff.standing()
        if standing is not None:
            return standing
        outcome = await self._call(self._url, message)
        if outcome.connection_error:
            # Nobody can be reached until the settings are put right: the messages stay to be sent.
            outcome = replace(outcome, kind="retry")
            self._backoff.failed(outcome)
        else:
            self._backoff.worked()
        return outcome

    async def _call(self, url: str | URL, message: Message) -> Outcome:
        if self._session is None:
            self._session = open_session(self._settings, self._limit)
        now = utc_now()
        body = event(message, now)
        headers = {**self._headers, **self._signer.headers(message.idempotency_key, body, now)}
        try:
            async with self._session.post(
                url, data=body.encode(), headers=headers, allow_redirects=False
            ) as response:
                text = await _read_some(response)
                return verdict(response.status, response.headers, text, utc_now)
        except (TimeoutError, aiohttp.ClientError, ValueError) as problem:
            outcome = failure(problem)
            if outcome is None:
                return Outcome.failed("bad_message", str(problem))
            return outcome


async def _read_some(response: aiohttp.ClientResponse) -> str:
    """The beginning of the answer's body. Its status is known by now, so nothing here changes the outcome."""
    data = b""
    try:
        while len(data) < MOST_RESPONSE_BYTES and (block := await response.content.readany()):
            data += block
    except (TimeoutError, aiohttp.ClientError):
        response.close()
    if 200 <= response.status < 300:
        return ""
    return " ".join(data[: 4 * MOST_DETAIL_CHARACTERS].decode("utf-8", "replace").split())[
        :MOST_DETAIL_CHARACTERS
    ]

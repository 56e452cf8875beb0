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

from channels.providers.backoff import Backoff
from channels.providers.base import Message, Outcome
from channels.providers.http.client import open_session
from channels.providers.outbox import Outbox

logger = logging.getLogger(__name__)


class Transport:
    """How the messages of one provider become requests; made for one connection's settings, used by one event loop."""

    name = "http"
    most_at_once = 1
    """Messages in one call."""
    gather_seconds = 0.0
    """How long a call that is not full yet waits for more messages."""

    async def send(self, session: aiohttp.ClientSession, message: Message) -> Outcome:
        """Make one call. What goes wrong is an outcome, not an exception."""
        raise NotImplementedError

    async def send_many(
        self, session: aiohttp.ClientSession, messages: Sequence[Message]
    ) -> Sequence[Outcome]:
        """One call with up to ``most_at_once`` messages; one outcome for each, in their order."""
        return [await self.send(session, message) for message in messages]

    def stands_alone(self, message: Message) -> bool:
        """Whether this message goes elsewhere, so that its end says nothing about the connection."""
        return False


class HttpSender:
    """Sends through a transport, many calls at once.

    After a call that shows the connection to be broken, messages are answered with that failure, without touching the
    network, until a growing back-off has passed.
    """

    def __init__(self, transport: Transport, settings: Mapping[str, Any], parallelism: int) -> None:
        self._transport = transport
        self._settings = settings
        self._limit = max(1, int(parallelism))
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
            self._thread = threading.Thread(
                target=self._loop.run_forever, name=f"{self._transport.name}-1", daemon=True
            )
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
            if self._transport.gather_seconds and len(self._waiting) < self._transport.most_at_once:
                await asyncio.sleep(self._transport.gather_seconds)
            messages = self._take()
            if not messages:
                continue
            try:
                outcomes = await self._send(messages)
            except Exception as problem:  # one bad message must not end the others
                logger.exception("%s: sending failed unexpectedly", self._transport.name)
                doubt = Outcome.unknown("internal_error", f"{type(problem).__name__}: {problem}")
                outcomes = [doubt] * len(messages)
            for message, outcome in zip(messages, outcomes, strict=True):
                self._outbox.put(message, outcome)

    def _take(self) -> list[Message]:
        """The messages of the next call; those that may not start any more are released."""
        messages: list[Message] = []
        while self._waiting and len(messages) < self._transport.most_at_once:
            message = self._waiting.popleft()
            if time.monotonic() < message.start_by:
                messages.append(message)
            else:
                self._outbox.put(message, Outcome.released())
        return messages

    async def _send(self, messages: list[Message]) -> Sequence[Outcome]:
        """One call. What is wrong with the connection's own address stands for all; others stand alone."""
        if self._session is None:
            self._session = open_session(self._settings, self._limit)
        if self._transport.stands_alone(messages[0]):
            outcomes = await self._transport.send_many(self._session, messages)
            return [replace(outcome, connection_error=False) for outcome in outcomes]
        standing = self._backoff.standing()
        if standing is not None:
            return [standing] * len(messages)
        return self._conclude(await self._transport.send_many(self._session, messages))

    def _conclude(self, outcomes: Sequence[Outcome]) -> Sequence[Outcome]:
        broken = next((outcome for outcome in outcomes if outcome.connection_error), None)
        if broken is None:
            self._backoff.worked()
            return outcomes
        # Nobody can be reached until the settings are put right: the messages stay to be sent.
        self._backoff.failed(replace(broken, kind="retry"))
        return [replace(o, kind="retry") if o.connection_error else o for o in outcomes]

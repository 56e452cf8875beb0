"""Senders that run blocking calls: some threads, each with a session of its own that it keeps."""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence

from channels.providers.backoff import Backoff
from channels.providers.base import Message, Outcome
from channels.providers.outbox import Outbox

logger = logging.getLogger(__name__)

IDLE_SECONDS = 30.0
"""An unused session is closed after this long: servers drop idle connections without a word."""


class CannotOpen(Exception):
    """No session can be opened just now; ``outcome`` is what that means for every waiting message."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        super().__init__(outcome.detail or outcome.reason)


class Session(ABC):
    """One kept line to a provider, used by one thread at a time."""

    usable: bool = True
    """Turned off by a session that must not be used again; the next message gets a new one."""

    @abstractmethod
    def send(self, message: Message) -> Outcome:
        """Make one call. What goes wrong is an outcome, not an exception."""

    def run(self, first: Message, feed: Feed) -> None:
        """Send ``first`` and whatever else is waiting; returns when nothing is, or when unusable."""
        message: Message | None = first
        while message is not None:
            feed.report(message, self.send(message))
            message = feed.next() if self.usable else None

    def close(self) -> None:  # noqa: B027 - many sessions have nothing to close
        """Say goodbye; must not raise."""


class Feed:
    """What a session may ask of its sender while it runs."""

    def __init__(self, sender: ThreadedSender) -> None:
        self._sender = sender
        self._current: list[Message] = []

    def begin(self, message: Message) -> None:
        """A call to the provider begins with this message (the sender remembers what a thread holds)."""
        self._current.append(message)

    def next(self) -> Message | None:
        """The next message if one is waiting and may still start; never waits."""
        message = self._sender._take_waiting()
        if message is not None:
            self.begin(message)
        return message

    def report(self, message: Message, outcome: Outcome) -> None:
        """Hand in how the message ended."""
        self._current.remove(message)
        self._sender._finish(message, outcome)

    def again(self, message: Message, otherwise: Outcome) -> None:
        """Nothing of the message was handed over: try it once more on a new session, else ``otherwise``."""
        self._current.remove(message)
        self._sender._put_back(message, otherwise)

    def abandon(self, outcome: Outcome) -> None:
        """Report everything that has begun and not been reported."""
        for message in list(self._current):
            self.report(message, outcome)


class ThreadedSender:
    """``parallelism`` threads fed from one queue, their results in one outbox.

    A thread checks ``start_by`` immediately before each call. After a failure to connect, messages are
    answered with that failure, without touching the network, until a growing back-off has passed.
    """

    def __init__(
        self,
        open_session: Callable[[], Session],
        parallelism: int,
        *,
        name: str = "sender",
        clock: Callable[[], float] = time.monotonic,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._open_session = open_session
        self._clock = clock
        self._idle_seconds = idle_seconds
        self._outbox = Outbox()
        self._changed = threading.Condition(threading.Lock())
        self._waiting: deque[Message] = deque()
        self._second_try: set[int] = set()
        self._idle = 0
        self._closing = False
        self._backoff = Backoff(clock)
        self._limit = max(1, int(parallelism))
        self._name = name
        self._threads: list[threading.Thread] = []

    # -- what the engine calls

    def submit(self, messages: Sequence[Message]) -> None:
        """Queue the messages; returns at once. After `close` they are released."""
        self._outbox.expect(len(messages))
        with self._changed:
            if not self._closing:
                self._waiting.extend(messages)
                self._start_threads(len(messages))
                self._changed.notify(len(messages))
                return
        for message in messages:
            self._outbox.put(message, Outcome.released("sender_closed"))

    def collect(self, timeout: float) -> list[tuple[Message, Outcome]]:
        """What has finished; waits at most ``timeout`` seconds for the first result."""
        return self._outbox.take(timeout)

    def close(self) -> None:
        """Release what waits, finish what has begun, end the threads. Safe to call twice."""
        with self._changed:
            self._closing = True
            released = list(self._waiting)
            self._waiting.clear()
            self._changed.notify_all()
        for message in released:
            self._finish(message, Outcome.released("sender_closed"))
        for thread in self._threads:
            thread.join()

    # -- what the threads call

    def _start_threads(self, wanted: int) -> None:
        missing = min(wanted - self._idle, self._limit - len(self._threads))
        for _ in range(missing):
            number = len(self._threads) + 1
            thread = threading.Thread(target=self._work, name=f"{self._name}-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _work(self) -> None:
        session: Session | None = None
        feed = Feed(self)
        while True:
            message = self._wait_for_message(self._idle_seconds if session else None)
            if message is None:
                if session is not None:
                    session.close()
                    session = None
                if self._closing:
                    return
                continue
            session = self._serve(session, message, feed)

    def _serve(self, session: Session | None, message: Message, feed: Feed) -> Session | None:
        feed.begin(message)
        try:
            session = session or self._open()
            session.run(message, feed)
        except CannotOpen as problem:
            feed.abandon(problem.outcome)
            return None
        except Exception as problem:  # one bad message or a provider's bug must not end the thread
            logger.exception("%s: sending failed unexpectedly", self._name)
            feed.abandon(Outcome.unknown("internal_error", f"{type(problem).__name__}: {problem}"))
            if session is not None:
                session.close()
            return None
        if session.usable:
            return session
        session.close()
        return None

    def _open(self) -> Session:
        standing = self._backoff.standing()
        if standing is not None:
            raise CannotOpen(standing)
        try:
            session = self._open_session()
        except CannotOpen as problem:
            self._backoff.failed(problem.outcome)
            raise
        self._backoff.worked()
        return session

    def _wait_for_message(self, idle_seconds: float | None) -> Message | None:
        """The next message that may start; None when closing, or after ``idle_seconds`` without any."""
        while True:
            with self._changed:
                if not self._waiting:
                    if self._closing:
                        return None
                    self._idle += 1
                    woken = self._changed.wait(idle_seconds)
                    self._idle -= 1
                    if not woken and not self._waiting:
                        return None
                    continue
                message = self._waiting.popleft()
            if self._may_start(message):
                return message

    def _take_waiting(self) -> Message | None:
        """The next message, unless none waits or a thread with nothing to do will take it at once."""
        while True:
            with self._changed:
                if len(self._waiting) <= self._idle:
                    return None
                message = self._waiting.popleft()
            if self._may_start(message):
                return message

    def _may_start(self, message: Message) -> bool:
        if self._clock() < message.start_by:
            return True
        self._finish(message, Outcome.released())
        return False

    def _put_back(self, message: Message, otherwise: Outcome) -> None:
        with self._changed:
            if message.key not in self._second_try and not self._closing:
                self._second_try.add(message.key)
                self._waiting.appendleft(message)
                self._changed.notify()
                return
        self._finish(message, otherwise)

    def _finish(self, message: Message, outcome: Outcome) -> None:
        self._second_try.discard(message.key)
        self._outbox.put(message, outcome)

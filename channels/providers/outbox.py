"""The results of a sender, between the threads that make them and the one that collects them."""

from __future__ import annotations

import threading
import time

from channels.providers.base import Message, Outcome

LINGER_SECONDS = 0.004
"""How long a collector waits for company after the first result: waking it for every single message
would cost more than sending one. It never waits when nothing more is to come."""


class Outbox:
    """Finished messages; safe to fill from any thread."""

    def __init__(self, linger: float = LINGER_SECONDS) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._finished: list[tuple[Message, Outcome]] = []
        self._outstanding = 0
        self._linger = linger

    def expect(self, count: int) -> None:
        """Say that ``count`` more results will come."""
        with self._changed:
            self._outstanding += count

    def put(self, message: Message, outcome: Outcome) -> None:
        """Add one result; wakes the collector for the first one and for the last one."""
        with self._changed:
            self._finished.append((message, outcome))
            self._outstanding -= 1
            if len(self._finished) == 1 or self._outstanding <= 0:
                self._changed.notify()

    def take(self, timeout: float) -> list[tuple[Message, Outcome]]:
        """Everything finished so far; waits at most ``timeout`` seconds for the first result."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while not self._finished:
                remaining = deadline - time.monotonic()
                if remaining <= 0 or not self._changed.wait(remaining):
                    break
            linger = min(self._linger, deadline - time.monotonic())
            if self._finished and self._outstanding > 0 and linger > 0:
                self._changed.wait(linger)
            finished, self._finished = self._finished, []
            return finished

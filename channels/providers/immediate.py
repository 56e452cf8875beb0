"""A sender for calls that take no time: the outcome is known when the message is submitted."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from channels.providers.base import Message, Outcome
from channels.providers.outbox import Outbox


class ImmediateSender:
    """Answers each message with ``decide(message)``, in the caller's own thread."""

    def __init__(
        self, decide: Callable[[Message], Outcome], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._decide = decide
        self._clock = clock
        self._outbox = Outbox(linger=0)
        self._closed = False

    def submit(self, messages: Sequence[Message]) -> None:
        """Decide every message now."""
        self._outbox.expect(len(messages))
        for message in messages:
            if self._closed or self._clock() >= message.start_by:
                self._outbox.put(message, Outcome.released())
            else:
                self._outbox.put(message, self._decide(message))

    def collect(self, timeout: float) -> list[tuple[Message, Outcome]]:
        """What was decided since the last call."""
        return self._outbox.take(timeout)

    def close(self) -> None:
        """Release everything that is submitted from now on."""
        self._closed = True

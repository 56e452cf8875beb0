"""Remembering that a connection is broken, so that it is not tried again for every single message."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from channels.providers.base import Outcome

FIRST_SECONDS = 0.5
LONGEST_SECONDS = 30.0


class Backoff:
    """The latest failure to connect, and until when it stands for every message; shared by threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._outcome: Outcome | None = None
        self._failures = 0
        self._until = 0.0

    def standing(self) -> Outcome | None:
        """The failure that still stands; None: try the network."""
        with self._lock:
            return self._outcome if self._outcome is not None and self._clock() < self._until else None

    def failed(self, outcome: Outcome) -> None:
        """It failed again: wait twice as long as the last time."""
        with self._lock:
            self._outcome = outcome
            self._until = self._clock() + min(FIRST_SECONDS * 2**self._failures, LONGEST_SECONDS)
            self._failures = min(self._failures + 1, 16)

    def worked(self) -> None:
        """It works: forget what was."""
        if self._outcome is not None:
            with self._lock:
                self._outcome, self._failures = None, 0

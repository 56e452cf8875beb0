"""How much a worker takes at a time: the window of unrecorded messages, and a connection's messages a second."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from django.db import connection

#: At most so many messages of one worker are claimed and not recorded, unless it may make more calls than that at once.
#: That is what a crash leaves in doubt, and what may still leave after a stop.
LARGEST_WINDOW = 50
#: A limited connection is claimed for at most so many times a second.
CLAIMS_A_SECOND = 20


class Window:
    """How many messages may be in a worker's hands: half a second's worth at the rate it measures."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._most = max(slots, LARGEST_WINDOW)
        self._rate = 0.0
        self._exchange_seconds = 0.0
        self.size = slots

    @property
    def refill(self) -> int:
        """With so much room the worker claims again. What is still out by then keeps the provider's lines busy until the
        next messages are there; the rest makes the group, and the larger the group, the less it costs a message.
        """
        needed = self._slots + math.ceil(self._rate * self._exchange_seconds)
        return max(1, self.size // 4, self.size - needed)

    def measure(self, finished: int, seconds: float) -> None:
        """Learn from ``finished`` messages in ``seconds``; the window at most doubles each time."""
        if not finished or seconds <= 0:
            return
        self._rate = _smooth(self._rate, finished / seconds)
        self.size = max(self._slots, min(self._most, self.size * 2, int(self._rate / 2)))

    def measure_exchange(self, seconds: float) -> None:
        """Learn how long it takes from asking for rows until they are on their way."""
        self._exchange_seconds = _smooth(self._exchange_seconds, seconds)

    def shrink(self) -> None:
        """The provider throttles: begin again from the smallest window."""
        self.size, self._rate = self._slots, 0.0


def _smooth(before: float, latest: float) -> float:
    return 0.7 * before + 0.3 * latest if before else latest


def quantum(rate: float) -> tuple[int, float]:
    """How many messages may be claimed at once at this rate a second, and how many seconds must then pass.

    >>> quantum(0.5), quantum(10), quantum(55)
    ((1, 2.0), (1, 0.1), (2, 0.037037037037037035))
    """
    count = max(1, int(rate / CLAIMS_A_SECOND))
    return count, 1 / math.floor(rate / count) if rate >= 1 else 1 / rate


def allowance(connection_id: int, rate: float, now: datetime) -> tuple[int, float]:
    """What may be claimed of a rate-limited connection: ``(count, 0)``, or ``(0, seconds to wait)``.

    Locks the connection's row: its workers take turns. Within any second at most ``max(1, rate)`` messages are given
    out, because quanta are spaced and unused time is not saved up.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT next_send_at FROM channels_connection WHERE id = %s FOR UPDATE", [connection_id]
        )
        row = cursor.fetchone()
    if row is None or row[0] is None or row[0] <= now:
        return quantum(rate)[0], 0.0
    return 0, (row[0] - now).total_seconds()


def spend(connection_id: int, rate: float, now: datetime) -> None:
    """The allowance has been used: the next one is due a quantum's spacing later."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE channels_connection SET next_send_at = %s WHERE id = %s",
            [now + timedelta(seconds=quantum(rate)[1]), connection_id],
        )

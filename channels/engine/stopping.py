"""Ends sending gracefully: claim no more, finish what has begun, record it, then end. Nothing stays in doubt.

A worker is told to stop in two ways. A signal reaches this process itself (`manage.py work`, a service manager that
signals the whole group); or only Celery's main process gets it, which then sets a flag that its forked children share.
"""

from __future__ import annotations

import mmap
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)
#: How often a wait looks at the shared flag.
LOOK_SECONDS = 0.25

#: One byte of anonymous memory; made before Celery forks, so that parent and children see the same one.
_family = mmap.mmap(-1, 1)


def stop_family() -> None:
    """Ask this process and every process forked from it to stop sending."""
    _family[0] = 1


class StopRequest:
    """Whether somebody has asked for the end; `wait` is a sleep that such a request cuts short."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self.signal_number: int | None = None

    def __bool__(self) -> bool:
        return self._event.is_set() or _family[0] == 1

    def set(self) -> None:
        """Ask for the end."""
        self._event.set()

    def wait(self, seconds: float) -> None:
        """Sleep, but not past a request to stop."""
        while seconds > 0 and not self:
            self._event.wait(min(seconds, LOOK_SECONDS))
            seconds -= LOOK_SECONDS

    def receive(self, number: int, frame: FrameType | None) -> None:
        """The signal handler."""
        self.signal_number = number
        self._event.set()


@contextmanager
def deferred_signals(stop: StopRequest, *, deliver: bool = True) -> Iterator[StopRequest]:
    """Within the block, SIGTERM and SIGINT only set ``stop``; afterwards they do what they did before.

    ``deliver``: a signal that came meanwhile is raised again at the end. Only the main thread can take signals; in any
    other thread this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    # A signal that is ignored (SIGINT in Celery's children) stays ignored.
    former = {number: signal.getsignal(number) for number in SIGNALS}
    taken = [number for number, handler in former.items() if handler is not signal.SIG_IGN]
    for number in taken:
        signal.signal(number, stop.receive)
    try:
        yield stop
    finally:
        for number in taken:
            signal.signal(number, former[number])
        if deliver and stop.signal_number is not None:
            signal.raise_signal(stop.signal_number)

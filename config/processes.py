"""Processes and the processes they start."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent(with_signal: int = signal.SIGKILL, *, parent: int | None = None) -> None:
    """Ask Linux to signal this (child) process when its parent dies; elsewhere nothing (the next start cleans up).

    ``parent`` is its process id: where that one is gone already, no signal will come, and this process ends here.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, with_signal)
        if parent is not None and os.getppid() != parent:
            os._exit(1)

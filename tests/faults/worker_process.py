"""A real worker process on the test's database, to be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]


def database_url() -> str:
    """The address of the test's database."""
    chosen = connection.settings_dict
    host, port = str(chosen["HOST"] or ""), chosen["PORT"] or 5432
    user = quote(str(chosen["USER"] or ""))
    if host.startswith("/"):
        return f"postgres://{user}@/{chosen['NAME']}?host={host}"
    return f"postgres://{user}@{host}:{port}/{chosen['NAME']}"


def environment(**extra: str) -> dict[str, str]:
    """What a process needs to be one of ours: the same database and the same keys."""
    return {
        **os.environ,
        "DATABASE_URL": database_url(),
        "SECRET_KEY": settings.SECRET_KEY,
        "DATA_DIR": str(settings.DATA_DIR),
        "LOG_LEVEL": "WARNING",
        **extra,
    }


class Worker:
    """`manage.py work` as a process; the keyword arguments are its environment."""

    def __init__(self, *arguments: str, **extra: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "work", *arguments],
            cwd=ROOT,
            env=environment(**extra),
            stdout=subprocess.PIPE,
            text=True,
        )

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        if self.process.returncode is None:
            self.process.kill()
            self.process.communicate()

    def wait(self, seconds: float = 120, *, may_be_starting: bool = False) -> str:
        """Wait until it ends in good order; answers what it printed.

        ``may_be_starting``: a SIGTERM may have met it before it had begun, and ended it at once.
        """
        output, _ = self.process.communicate(timeout=seconds)
        allowed = (0, -signal.SIGTERM) if may_be_starting else (0,)
        assert self.process.returncode in allowed, f"The worker ended with {self.process.returncode}."
        return output


def wait_until(happened: Callable[[], bool], what: str, seconds: float = 120) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"It did not happen within {seconds} s: {what}"
        time.sleep(0.01)

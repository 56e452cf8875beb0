"""Our side of the process that a strategy runs in: start it, ask it with a time limit, end it. See runner.py."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from campaigns.domain.strategies import Contact

#: An answer is longer than this only where something has gone wrong.
LONGEST_ANSWER = 16 * 1024 * 1024
#: Of the console itself: a strategy needs none of them, and shall not print one by mistake.
SECRETS = ("SECRET_KEY", "DATABASE_URL", "CELERY_BROKER_URL", "CONNECTION_SECRET_KEYS", "EMAIL_URL")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a strategy may take: seconds to be imported, seconds for a contact, mebibytes of memory."""

    start_seconds: float = 20.0
    contact_seconds: float = 5.0
    memory: int = 512


class StrategyDied(Exception):
    """The process is gone, or was ended because it took too long; the message says which.

    ``killed``: by a signal that was not ours, as by a machine that is short of memory; it may go better the next time.
    """

    def __init__(self, message: str, *, killed: bool = False) -> None:
        super().__init__(message)
        self.killed = killed


class StrategyProcess:
    """One strategy in its own process; a context manager that always ends it."""

    def __init__(self, target: str, limits: Limits) -> None:
        self._limits = limits
        self._buffer = b""
        command = [sys.executable, "-m", "campaigns.strategies.runner", target]
        environment = {name: value for name, value in os.environ.items() if name not in SECRETS}
        environment["PYTHONPATH"] = os.pathsep.join(path or str(Path.cwd()) for path in sys.path)
        self._process = subprocess.Popen(
            [*command, str(limits.memory), str(limits.contact_seconds), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def described(self) -> dict[str, Any]:
        """What the strategy says of itself, under ``is``; or the ``problem``. Once, before anything is asked."""
        return self._read(self._limits.start_seconds, "to be imported")

    def ask(self, contact: Contact, now: datetime) -> dict[str, Any]:
        """The answer about one contact: ``plan`` or ``problem`` and ``traceback``, and ``lines``. `StrategyDied`."""
        request = json.dumps({"contact": asdict(contact), "now": now.isoformat()}) + "\n"
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(request.encode())
            self._process.stdin.flush()
        except OSError as error:
            raise self._died() from error
        return self._read(self._limits.contact_seconds, "for this contact")

    def close(self) -> None:
        """End it, and whatever it has started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if pipe:
                    pipe.close()
        self._process.wait()

    def _read(self, seconds: float, what_for: str) -> dict[str, Any]:
        line = self._line(seconds, what_for)
        try:
            answer = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise StrategyDied("Its process answered something that is no answer.") from error
        if not isinstance(answer, dict):
            raise StrategyDied("Its process answered something that is no answer.")
        return answer

    def _line(self, seconds: float, what_for: str) -> bytes:
        assert self._process.stdout is not None
        deadline, parts = time.monotonic() + seconds, [self._buffer]
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while b"\n" not in parts[-1]:
                left = deadline - time.monotonic()
                if left <= 0 or not selector.select(left):
                    raise StrategyDied(f"It took longer than {seconds:g} seconds {what_for} and was ended.")
                part = os.read(self._process.stdout.fileno(), 65_536)
                if not part:
                    raise self._died()
                parts.append(part)
                if sum(map(len, parts)) > LONGEST_ANSWER:
                    raise StrategyDied("Its answer was too long.")
        line, _, self._buffer = b"".join(parts).partition(b"\n")
        return line

    def _died(self) -> StrategyDied:
        try:
            code = self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            return StrategyDied("Its process closed the line and was ended.")
        how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        return StrategyDied(f"Its process ended by itself, {how}.", killed=code < 0)

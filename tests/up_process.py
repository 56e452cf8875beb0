"""Runs `manage.py up` as a real process, for tests: what it says line by line, and how it ends."""

import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
# Far above what anything takes here; only a hang reaches it.
PATIENCE = 300.0


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Up:
    """One `manage.py up` on a data folder of its own."""

    def __init__(self, data_dir: Path, *arguments: str, port: int | None = None, **environment: str) -> None:
        self.data_dir = data_dir
        self.port = port or free_port()
        self.said: list[str] = []
        self.lines: queue.Queue[str | None] = queue.Queue()
        inherited = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "CELERY_BROKER_URL"}}
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "up", f"--port={self.port}", *arguments],
            cwd=ROOT,
            env={**inherited, "DEMO_CONTENT": "0", "DATA_DIR": str(data_dir), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def wait_for(self, pattern: str) -> str:
        """Return the first line from now on that matches; fails when the process ends without saying it."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                line = self.lines.get(timeout=max(0.1, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"did not say {pattern!r}:\n" + "\n".join(self.said)) from None
            assert line is not None, f"ended without saying {pattern!r}:\n" + "\n".join(self.said)
            self.said.append(line)
            if re.search(pattern, line):
                return line

    def ends(self) -> int:
        """Wait for the end and return the exit code; everything said is then in `said`."""
        code = self.process.wait(PATIENCE)
        while (line := self.lines.get(timeout=PATIENCE)) is not None:
            self.said.append(line)
        return code

    def interrupt(self) -> int:
        """Do what Ctrl-C does; returns the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.ends()

    def children(self) -> list[psutil.Process]:
        """Return every process it started, their own children too."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def child(self, word: str) -> psutil.Process:
        """Return the process it started itself that has `word` in its command line."""
        for process in psutil.Process(self.process.pid).children():
            if _runs(process) and word in process.cmdline():
                return process
        raise AssertionError(f"no process of {word!r} runs")

    def kill(self) -> list[psutil.Process]:
        """End it as `kill -9` would; returns the processes it left behind for the moment."""
        children = self.children()
        self.process.kill()
        self.process.wait(PATIENCE)
        return children

    def close(self) -> None:
        """End it whatever state it is in."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Return those still running after a moment's grace; waiting to be reaped does not count as running."""
    _, left = psutil.wait_procs(processes, timeout=0)
    deadline = time.monotonic() + 120
    while left and time.monotonic() < deadline:
        left = [process for process in left if _runs(process)]
        threading.Event().wait(0.05)
    return left


def _runs(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False

"""Runs the processes of `manage.py up` side by side: prefixes their output, restarts what dies, stops them."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import IO

from config.processes import die_with_parent

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
# A child that ran this long was healthy: its next fall starts again with the first pause.
HEALTHY_SECONDS = 60.0
# Between two looks at the children; a signal cuts it short.
LOOK_SECONDS = 0.5
# One Ctrl-C may reach us twice, from the terminal and from `uv`; a second one on purpose comes later than this.
SAME_SIGNAL_SECONDS = 1.0
COLOURS = (36, 32, 33, 35, 34, 31)

Say = Callable[[str, str], None]


class Output:
    """Writes lines with the name of who said them in front, one at a time."""

    def __init__(self, stream: IO[str] | None = None, width: int = 9) -> None:
        self.stream = stream or sys.stdout
        self.width = width
        self.names: dict[str, int] = {}
        self.lock = threading.Lock()

    def __call__(self, name: str, line: str) -> None:
        """Print `line` as said by `name`."""
        with self.lock:
            colour = self.names.setdefault(name, COLOURS[len(self.names) % len(COLOURS)])
            label = f"{name:<{self.width}} |"
            if self.stream.isatty():
                label = f"\033[{colour}m{label}\033[0m"
            self.stream.write(f"{label} {line}\n")
            self.stream.flush()


@dataclass
class Child:
    """One process that should always run: its name, its command line and how long it may take to stop."""

    name: str
    command: Sequence[str]
    stop_seconds: float = 20.0
    process: subprocess.Popen[str] | None = field(default=None, init=False)
    started_at: float = field(default=0.0, init=False)
    start_at: float = field(default=0.0, init=False)
    pause: float = field(default=FIRST_PAUSE, init=False)

    @property
    def running(self) -> bool:
        """Whether the process is there now."""
        return self.process is not None and self.process.poll() is None

    def start(self, say: Say) -> None:
        """Start the process in a session of its own, dying with us, its output passed on line by line."""
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            # Ctrl-C in the terminal is ours alone: we then ask the children to stop.
            start_new_session=True,
            # Nothing gentler: who waits for a database or a broker that went with us may never hear it. Their own
            # children end with them in turn (Celery sees to it, and so does config/gunicorn.py).
            preexec_fn=partial(die_with_parent, parent=os.getpid()),
        )
        assert self.process.stdout is not None
        threading.Thread(target=_pass_on, args=(self.process.stdout, self.name, say), daemon=True).start()

    def plan_restart(self) -> float:
        """Set when to start the fallen process again; returns the seconds until then."""
        now = time.monotonic()
        if now - self.started_at > HEALTHY_SECONDS:
            self.pause = FIRST_PAUSE
        self.start_at = now + self.pause
        pause, self.pause = self.pause, min(self.pause * 2, LONGEST_PAUSE)
        return pause

    def kill(self) -> None:
        """End the process and everything it started, now."""
        if self.process is not None and self.running:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Supervisor:
    """Keeps `children` running until `stop()`; they start in their order, and stop all at once.

    `between` is called at every look (twice a second): what else has to be watched.
    """

    def __init__(
        self, children: Sequence[Child], say: Say, between: Callable[[], None] | None = None
    ) -> None:
        self.children = children
        self.say = say
        self.between = between or (lambda: None)
        self.asked_to_stop = threading.Event()
        self.asked_at = 0.0
        self.impatient = False

    def run(self) -> None:
        """Start everything, watch until asked to stop (SIGINT, SIGTERM or `ask_to_stop`), stop everything.

        Must be called in the main thread: children die with the thread that started them.
        """
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: self.ask_to_stop())
        try:
            for child in self.children:
                child.start(self.say)
            while not self.asked_to_stop.wait(LOOK_SECONDS):
                self.look()
                self.between()
        finally:
            self.stop()

    def ask_to_stop(self) -> None:
        """End `run()` soon; asked a second time, children still stopping are killed."""
        now = time.monotonic()
        if self.asked_to_stop.is_set():
            self.impatient = now - self.asked_at > SAME_SIGNAL_SECONDS
            return
        self.asked_at = now
        self.asked_to_stop.set()

    def look(self) -> None:
        """Notice children that ended and start those whose pause is over."""
        for child in self.children:
            if child.process is not None and not child.running:
                code = child.process.returncode
                child.process = None
                seconds = child.plan_restart()
                self.say(child.name, f"ended ({_how(code)}); starts again in {seconds:.0f} s")
            elif child.process is None and time.monotonic() >= child.start_at:
                child.start(self.say)

    def stop(self) -> None:
        """Ask all children to finish, the last started first, and kill those that take longer than they may."""
        stopping = [child for child in reversed(self.children) if child.running]
        for child in stopping:
            assert child.process is not None
            self.say(child.name, "stopping")
            child.process.terminate()
        asked = time.monotonic()
        for child in stopping:
            deadline = asked + child.stop_seconds
            while child.running and time.monotonic() < deadline and not self.impatient:
                time.sleep(0.05)
            if child.running:
                self.say(child.name, "did not stop in time; killed")
                child.kill()


def _pass_on(stream: IO[str], name: str, say: Say) -> None:
    """Say every line of `stream` until it ends."""
    for line in stream:
        say(name, line.rstrip("\n"))
    stream.close()


def _how(code: int) -> str:
    """Return how a process ended, in words."""
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"

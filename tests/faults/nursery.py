"""Workers by the dozen: forked from one process that has everything loaded, as Celery's are, and killed one by one.

Run as a program it is that process: it does what the lines it reads ask for and answers each with a line of JSON.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import traceback
from typing import Any

from tests.faults.worker_process import ROOT, environment


class Nursery:
    """Starts workers in a moment; they are real processes of their own. Ends with `close`, and with the test run."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.nursery"],
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._alive: list[ForkedWorker] = []
        self._ask({})

    def start(self) -> ForkedWorker:
        """One more worker."""
        name = f"forked-{len(self._alive)}"
        worker = ForkedWorker(self, name, self._ask({"start": name}))
        self._alive.append(worker)
        return worker

    def wait(self, pid: int) -> int:
        """The exit code of a worker, once it has ended."""
        return self._ask({"wait": pid})

    def close(self) -> None:
        """Kill whatever is left."""
        for worker in self._alive:
            worker.kill()
        self._process.communicate(timeout=60)

    def _ask(self, order: dict[str, Any]) -> int:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(json.loads(self._process.stdout.readline()))


class ForkedWorker:
    """`manage.py work` in a process of the nursery; ``name`` is what its sessions are called in the database."""

    def __init__(self, nursery: Nursery, name: str, pid: int) -> None:
        self.name = name
        self._nursery, self._pid = nursery, pid
        self._code: int | None = None

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self._pid, number)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        if self._code is None:
            self.send(signal.SIGKILL)
            self.wait()

    def wait(self) -> int:
        """The exit code, once it has ended."""
        if self._code is None:
            self._code = self._nursery.wait(self._pid)
        return self._code


def main() -> None:
    """Be the nursery: never touch the database, so that there is nothing to share."""
    import django

    django.setup()
    from campaigns.management.commands.work import Command

    for line in sys.stdin:
        order = json.loads(line)
        answer = 0
        if "start" in order:
            answer = os.fork()
            if answer == 0:
                _work(Command(), order["start"])
        elif "wait" in order:
            answer = os.waitstatus_to_exitcode(os.waitpid(order["wait"], 0)[1])
        print(answer, flush=True)


def _work(command: Any, name: str) -> None:
    """The child: a worker until it is told to stop."""
    os.environ["PGAPPNAME"] = name
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    code = 1
    try:
        command.handle(once=False, seconds=20.0)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()

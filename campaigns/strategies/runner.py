"""The other process: runs one strategy's code, contact by contact, and answers in JSON lines. Started by process.py.

Whatever the strategy does happens here: what it prints is kept (and cut), what it raises becomes a traceback, memory and
time are limited. Its standard output is not the pipe that the answers go through. It ends with the worker that asks it.
"""

from __future__ import annotations

import ctypes
import importlib
import io
import itertools
import json
import logging
import os
import resource
import signal
import sys
import traceback
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from campaigns.domain.strategies import MOST_COMMUNICATIONS, Contact, Nonsense, as_answer

#: What is kept of one contact's output: entries, and characters over all of them.
MOST_ENTRIES, MOST_CHARACTERS = 20, 8_000
_LEVELS = ((logging.ERROR, "error"), (logging.WARNING, "warning"))
MEBIBYTE = 1024 * 1024
_PR_SET_PDEATHSIG = 1


class Journal(io.TextIOBase):
    """What one contact's turn has said: printed or logged. The rest of too much is counted, not kept."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Begin with the next contact."""
        self.entries: list[list[str]] = []
        self._room, self._left_out = MOST_CHARACTERS, 0

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        """What `print` calls; what is printed in a row is one entry."""
        self.add("output", text)
        return len(text)

    def add(self, level: str, text: str) -> None:
        """One entry, as far as there is room."""
        kept = text[: self._room]
        joins = level == "output" and bool(self.entries) and self.entries[-1][0] == "output"
        if not joins and len(self.entries) >= MOST_ENTRIES:
            kept = ""
        self._room -= len(kept)
        self._left_out += len(text) - len(kept)
        if kept and joins:
            self.entries[-1][1] += kept
        elif kept:
            self.entries.append([level, kept])

    def taken(self) -> list[list[str]]:
        """The entries, with a note where something was left out."""
        found = [[level, text.strip("\n")] for level, text in self.entries if text.strip()]
        if self._left_out:
            found.append(["warning", f"… {self._left_out:,} more characters of output are left out."])
        return found


class JournalHandler(logging.Handler):
    """Whatever is logged, by whichever logger, goes to the journal."""

    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self._journal = journal

    def emit(self, record: logging.LogRecord) -> None:
        """One entry a record; a traceback with it."""
        level = next((name for number, name in _LEVELS if record.levelno >= number), "info")
        try:
            self._journal.add(level, self.format(record))
        except Exception as problem:  # a wrong format string is the strategy's mistake, not a reason to fail
            self._journal.add("warning", f"A log line could not be formatted: {problem}")


def main(arguments: list[str]) -> None:
    """``module:Class``, mebibytes of memory, seconds a contact may take, the process that asks."""
    target, memory, seconds = arguments[0], int(arguments[1]), float(arguments[2])
    _end_with(int(arguments[3]))
    requests, answers = _own_pipes()
    _limit(memory)
    journal = Journal()
    sys.stdout = sys.stderr = journal
    logging.basicConfig(
        handlers=[JournalHandler(journal)], level=logging.INFO, format="%(message)s", force=True
    )
    strategy, described = _prepared(target)
    _say(answers, described)
    if strategy is None:
        return
    for line in requests:
        # Where the system does not end us with our parent, nobody else ends an endless loop once that is gone.
        signal.setitimer(signal.ITIMER_REAL, seconds + 2)
        _say(answers, _turn(strategy, json.loads(line), journal))
        signal.setitimer(signal.ITIMER_REAL, 0)


def _own_pipes() -> tuple[Any, Any]:
    """The pipes to the parent, away from the standard streams, which lead nowhere from now on."""
    requests, answers = (
        os.fdopen(os.dup(0), "r", encoding="utf-8"),
        os.fdopen(os.dup(1), "w", encoding="utf-8"),
    )
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    return requests, answers


def _end_with(parent: int) -> None:
    """Linux ends this process as soon as its parent is gone, whatever it is at: an import, a loop, a wait."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("The process that asks is gone already.")


def _limit(memory: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory * MEBIBYTE, memory * MEBIBYTE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _prepared(target: str) -> tuple[Any, dict[str, Any]]:
    """The strategy's object and what it says of itself; or no object and the reason."""
    module, _, name = target.partition(":")
    try:
        made = getattr(importlib.import_module(module), name)()
        if not callable(getattr(made, "load", None)):
            raise Nonsense("It has no method load(contact, now, log).")
        return made, {"is": _described(made)}
    except BaseException as problem:  # an import may even try to end the process
        return None, {"problem": _in_one_line(problem), "traceback": _traceback(problem)}


def _described(strategy: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in ("name", "title", "description"):
        found[name] = getattr(strategy, name, None)
        if not isinstance(found[name], str) or not found[name].strip():
            raise Nonsense(f"Its {name} must be text.")
    stages = getattr(strategy, "stages", None)
    try:
        found["stages"] = [[str(key), str(label)] for key, label in stages or ()]
    except (TypeError, ValueError):
        found["stages"] = []
    if not found["stages"]:
        raise Nonsense('Its stages must be pairs such as ("reminder", "Reminder"), at least one.')
    return found


def _turn(strategy: Any, request: dict[str, Any], journal: Journal) -> dict[str, Any]:
    """One contact: the plan, or the traceback; and what was said meanwhile."""
    journal.clear()
    answer: dict[str, Any] = {}
    try:
        now = datetime.fromisoformat(request["now"])
        contact = Contact(**request["contact"])
        answer["plan"] = _plan(strategy.load(contact, now, logging.getLogger("strategy")))
        json.dumps(answer)  # values may be anything
    except BaseException as problem:  # SystemExit is no reason to leave the other contacts
        answer = {"problem": _in_one_line(problem), "traceback": _traceback(problem)}
    return {**answer, "lines": journal.taken()}


def _plan(given: object) -> list[dict[str, Any]]:
    if not isinstance(given, Iterable) or isinstance(given, str | bytes | dict):
        raise Nonsense(f"load must give an iterable of PlannedCommunication; it gave {type(given).__name__}.")
    found = [as_answer(item) for item in itertools.islice(given, MOST_COMMUNICATIONS + 1)]
    if len(found) > MOST_COMMUNICATIONS:
        raise Nonsense(f"load gave more than {MOST_COMMUNICATIONS} communications for one contact.")
    return found


def _in_one_line(problem: BaseException) -> str:
    said = " ".join(str(problem).split())[:200]
    if isinstance(problem, Nonsense):
        return said
    return f"{type(problem).__name__}: {said}" if said else type(problem).__name__


def _traceback(problem: BaseException) -> str:
    """From the strategy's own code on; "" where it is about what it answered."""
    if isinstance(problem, Nonsense):
        return ""
    below = problem.__traceback__.tb_next if problem.__traceback__ else None
    return "".join(traceback.format_exception(type(problem), problem, below))[-6_000:]


def _say(answers: Any, message: dict[str, Any]) -> None:
    answers.write(json.dumps(message) + "\n")
    answers.flush()


if __name__ == "__main__":
    main(sys.argv[1:])

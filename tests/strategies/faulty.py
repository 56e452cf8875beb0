"""Strategies to be killed: they tell a file what they are at (``STRATEGY_JOURNAL`` names it), line by line."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from campaigns.strategies import PlannedCommunication
from tests.strategies.good import EveryoneAtOnce

JOURNAL = "STRATEGY_JOURNAL"
#: Lines and characters of what `Chatty` says of each contact, as of a strategy with all its debugging left in.
LINES, LONG = 300, 200


def tell(what: str) -> None:
    """Add a line, where there is a file to tell."""
    if path := os.environ.get(JOURNAL):
        with Path(path).open("a") as file:
            file.write(f"{what}\n")


class Quiet(EveryoneAtOnce):
    """One e-mail to everybody, in no hurry: there is always a contact whom it is asked about."""

    name = "quiet"

    def load(self, contact, now, log):
        tell(contact.external_id)
        time.sleep(0.003)
        return [PlannedCommunication("hello", "email")]


class Chatty(Quiet):
    """The same, and prints much of each contact."""

    name = "chatty"

    def load(self, contact, now, log):
        for number in range(LINES):
            print(number, "x" * LONG)
        log.warning("said enough of %s", contact.external_id)
        return super().load(contact, now, log)


class Stubborn(EveryoneAtOnce):
    """Loops for ever, and lets no alarm end it."""

    name = "stubborn"

    def load(self, contact, now, log):
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        tell("looping")
        while True:
            pass


class Idle(EveryoneAtOnce):
    """Answers at once."""

    name = "idle"

    def load(self, contact, now, log):
        tell("answered")
        return []


class Wordy(EveryoneAtOnce):
    """Plans texts of a million characters for everybody."""

    name = "wordy"

    def load(self, contact, now, log):
        for number in range(10):
            yield PlannedCommunication("hello", "email", body="x" * 100_000, key=str(number))

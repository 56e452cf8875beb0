"""Strategies that do what they should not."""

from __future__ import annotations

import os
import sys

from campaigns.strategies import PlannedCommunication
from tests.strategies.good import EveryoneAtOnce

FLOOD = 1_000_000


class Raises(EveryoneAtOnce):
    """Raises for everybody."""

    name = "raises"

    def load(self, contact, now, log):
        return self._deeper(contact)

    def _deeper(self, contact):
        raise RuntimeError("the customer system does not answer")


class PrintsAMegabyte(EveryoneAtOnce):
    """Prints a megabyte for everybody, in every way there is."""

    name = "prints_a_megabyte"

    def load(self, contact, now, log):
        print("x" * FLOOD)
        print("y" * FLOOD, file=sys.stderr)
        os.write(1, b"z" * FLOOD)
        for _ in range(1_000):
            log.info("line after line %s", "w" * 1_000)
        yield PlannedCommunication("hello", "email")


class LoopsForEver(EveryoneAtOnce):
    """Never answers."""

    name = "loops_for_ever"

    def load(self, contact, now, log):
        print("before the loop")
        while True:
            pass


class ReturnsNonsense(EveryoneAtOnce):
    """Answers something else."""

    name = "returns_nonsense"

    def load(self, contact, now, log):
        return 42


class EndsTheProcess(EveryoneAtOnce):
    """Leaves."""

    name = "ends_the_process"

    def load(self, contact, now, log):
        os._exit(7)


class TakesAllMemory(EveryoneAtOnce):
    """Wants more than there is."""

    name = "takes_all_memory"

    def load(self, contact, now, log):
        return [bytes(10**12)]


class EndlessPlan(EveryoneAtOnce):
    """Plans and plans."""

    name = "endless_plan"

    def load(self, contact, now, log):
        while True:
            yield PlannedCommunication("hello", "email")


class Exits(EveryoneAtOnce):
    """Calls sys.exit."""

    name = "exits"

    def load(self, contact, now, log):
        sys.exit("enough")


class WrongStage(EveryoneAtOnce):
    """Plans for a stage that nobody has."""

    name = "wrong_stage"

    def load(self, contact, now, log):
        yield PlannedCommunication("goodbye", "email")


class NoLoad:
    """Has not what a strategy needs."""

    name = title = description = "no_load"
    stages = (("a", "A"),)


class NoName(EveryoneAtOnce):
    """Says nothing of itself."""

    name = ""


class SameName(EveryoneAtOnce):
    """Called like another."""

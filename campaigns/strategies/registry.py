"""Which strategies an installation has: the setting's dotted paths, the entry points, and what is wrong with each.

Their code is never imported here: each is asked what it is in a process of its own, so that a registration that raises,
hangs or ends the process is a sentence on a page.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import entry_points
from typing import Any

from campaigns.strategies.process import Limits, StrategyDied, StrategyProcess

GROUP = "campaign_console.strategies"
#: A registration that does not work is tried again after so many seconds; one that works stays what it is.
TRY_AGAIN_SECONDS = 60.0
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,79}", re.ASCII)
_STAGE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}", re.ASCII)
_kept: dict[str, tuple[float, Registered | Broken]] = {}


@dataclass(frozen=True, slots=True)
class Registered:
    """A strategy that works: ``target`` is ``module:Class``, stages are (key, name)."""

    name: str
    title: str
    description: str
    stages: tuple[tuple[str, str], ...]
    target: str


@dataclass(frozen=True, slots=True)
class Broken:
    """A registration that does not work, and why."""

    target: str
    problem: str


@dataclass(frozen=True, slots=True)
class Registry:
    """The strategies by name, and what could not be registered."""

    strategies: dict[str, Registered]
    broken: tuple[Broken, ...]

    def problem(self, name: str) -> str:
        """Why the strategy of this name cannot be used, or ""."""
        if name in self.strategies:
            return ""
        known = ", ".join(self.strategies) or "none"
        said = "; ".join(f"{one.target}: {one.problem}" for one in self.broken)
        more = f" What could not be registered: {said}" if said else ""
        return f"No strategy “{name}” is registered here; registered are: {known}.{more}"


def find(paths: Iterable[str], limits: Limits | None = None) -> Registry:
    """Everything that is registered: ``paths`` (module.Class or module:Class) and the entry points."""
    targets = tuple(dict.fromkeys([*(_target(path) for path in paths), *_entry_points()]))
    answers = _ask(targets, limits or Limits())
    strategies: dict[str, Registered] = {}
    broken = []
    for target in targets:
        answer = answers[target]
        if isinstance(answer, Registered) and answer.name in strategies:
            other = strategies[answer.name].target
            answer = Broken(target, f"Its name “{answer.name}” is already that of {other}.")
        if isinstance(answer, Broken):
            broken.append(answer)
        else:
            strategies[answer.name] = answer
    return Registry(strategies, tuple(broken))


def forget() -> None:
    """Ask everybody again; for tests."""
    _kept.clear()


def _target(path: str) -> str:
    path = path.strip()
    if ":" in path or "." not in path:
        return path
    module, _, name = path.rpartition(".")
    return f"{module}:{name}"


@lru_cache(maxsize=1)
def _entry_points() -> tuple[str, ...]:
    return tuple(point.value for point in entry_points(group=GROUP))


def _ask(targets: Sequence[str], limits: Limits) -> dict[str, Registered | Broken]:
    """What each one is; those that are not known yet are asked at once, one process each."""
    moment = time.monotonic()
    found = {target: kept for target in targets if (kept := _known(target, moment))}
    asked = {target: StrategyProcess(target, limits) for target in targets if target not in found}
    for target, process in asked.items():
        try:
            found[target] = _read(target, process)
        except StrategyDied:
            # Somebody killed it: that says nothing of the strategy, and running campaigns would fail for it.
            found[target] = _once_more(target, limits)
        _kept[target] = (moment, found[target])
    return found


def _once_more(target: str, limits: Limits) -> Registered | Broken:
    try:
        return _read(target, StrategyProcess(target, limits))
    except StrategyDied as problem:
        return Broken(target, str(problem))


def _known(target: str, moment: float) -> Registered | Broken | None:
    since, answer = _kept.get(target, (0.0, None))
    if isinstance(answer, Broken) and moment - since > TRY_AGAIN_SECONDS:
        return None
    return answer


def _read(target: str, process: StrategyProcess) -> Registered | Broken:
    """What it says of itself; ends it. Raises `StrategyDied` where it was killed."""
    try:
        with process:
            answer = process.described()
    except StrategyDied as problem:
        if problem.killed:
            raise
        return Broken(target, str(problem))
    described = answer.get("is")
    if not isinstance(described, dict):
        return Broken(target, str(answer.get("problem") or "It says nothing of itself."))
    return _checked(target, described)


def _checked(target: str, described: dict[str, Any]) -> Registered | Broken:
    name, stages = str(described.get("name")), described.get("stages") or []
    if not _NAME.fullmatch(name):
        return Broken(target, f"Its name must have a-z, 0-9, _ and - only; it is “{name[:40]}”.")
    for key, _ in stages:
        if not _STAGE.fullmatch(key):
            return Broken(target, f"A stage's key must have a-z, 0-9, _ and - only; “{key[:40]}” has not.")
    title, description = str(described.get("title"))[:120], str(described.get("description"))[:1_000]
    return Registered(name, title, description, tuple((key, label[:60]) for key, label in stages), target)

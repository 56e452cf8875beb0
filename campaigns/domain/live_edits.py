"""What an edit of a workflow means for the people who are inside: step by step, in words. Pure.

People keep their place by the key of their step, so what is compared is what stands under each key, and where.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from campaigns.domain.steps import (
    BRANCH,
    DELAY,
    EXIT,
    MESSAGE,
    SPLIT,
    UPDATE,
    WAIT_UNTIL,
    WEBHOOK,
    WINDOW,
    branches_of,
)
from campaigns.domain.workflow import own_part, qualified

REMOVED, CHANGED, MOVED, ADDED, RETYPED = "removed", "changed", "moved", "added", "retyped"
#: People at one of these wait for something that the edit may have changed: they are looked at again at once.
LOOKED_AT_AGAIN = (WAIT_UNTIL, WINDOW)


@dataclass(frozen=True, slots=True)
class Change:
    """One step that the edit changes. ``key`` is what journeys call the step, ``sentence`` what it means for people."""

    key: str
    what: str
    type: str
    sentence: str
    path: str = ""
    """Where the step stands in the new workflow; "" where it has been removed."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A step, what it says apart from the steps inside it, and where it stands."""

    type: str
    own: Mapping[str, Any]
    inside: str
    """The list that holds it: the key of the step around it and the name of the way."""
    path: str


def changes(
    old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]], flow: str = ""
) -> list[Change]:
    """Every difference that matters to somebody inside: removed steps first, then in the order of the new workflow.

    A step that was both moved and changed is told once for each. The name of a step matters to nobody.
    """
    before, after = _places(old), _places(new)
    found = [
        Change(qualified(flow, key), REMOVED, place.type, _REMOVED)
        for key, place in before.items()
        if key not in after
    ]
    moved = _moved(before, after)
    for key, place in after.items():
        for what, sentence in _said(before.get(key), place, key in moved):
            found.append(Change(qualified(flow, key), what, place.type, sentence, place.path))
    return found


def retyped(old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, str]]:
    """Path in the new workflow → (key, type before) of steps whose key belonged to a step of another type."""
    before = _places(old)
    return {
        place.path: (key, before[key].type)
        for key, place in _places(new).items()
        if key in before and before[key].type != place.type
    }


def _said(before: _Place | None, after: _Place, moved: bool) -> list[tuple[str, str]]:
    if before is None:
        return [(ADDED, _ADDED)]
    if before.type != after.type:
        return [(RETYPED, _REMOVED)]
    said = [(CHANGED, _CHANGED[after.type])] if before.own != after.own else []
    return [*said, (MOVED, _MOVED)] if moved else said


def _places(workflow: Sequence[Mapping[str, Any]]) -> dict[str, _Place]:
    found: dict[str, _Place] = {}
    _collect(workflow, "", "workflow", found)
    return found


def _collect(steps: Sequence[Mapping[str, Any]], inside: str, path: str, found: dict[str, _Place]) -> None:
    for index, step in enumerate(steps):
        here = f"{path}.{index}"
        found[step["key"]] = _Place(step["type"], _own(step), inside, here)
        for way, below, below_steps in branches_of(step):
            _collect(below_steps, f"{step['key']} {way}", f"{here}.{below}", found)


def _own(step: Mapping[str, Any]) -> dict[str, Any]:
    """What the step itself says: not its name, not the steps inside it."""
    # Not given and given as nothing are the same.
    return {
        name: value
        for name, value in own_part(step).items()
        if name != "name" and value not in (None, "", {}, [])
    }


def _moved(before: Mapping[str, _Place], after: Mapping[str, _Place]) -> set[str]:
    """Steps in another list than before, or out of the order that most of their list has kept."""
    kept = [key for key in after if key in before]
    moved = {key for key in kept if before[key].inside != after[key].inside}
    order = {key: place for place, key in enumerate(before)}
    for inside in {after[key].inside for key in kept}:
        here = [key for key in kept if key not in moved and after[key].inside == inside]
        stayed = _longest_rise([order[key] for key in here])
        moved |= {key for key in here if order[key] not in stayed}
    return moved


def _longest_rise(numbers: Sequence[int]) -> set[int]:
    """The longest part of a sequence, gaps allowed, in which every number is larger than the one before."""
    if all(one < other for one, other in pairwise(numbers)):
        return set(numbers)
    rises: list[list[int]] = []
    for number in numbers:
        before = _longest([rise for rise in rises if rise[-1] < number])
        rises.append([*before, number])
    return set(_longest(rises))


def _longest(rises: Sequence[list[int]]) -> list[int]:
    return max(rises, key=lambda rise: len(rise), default=[])


_REMOVED = "Whoever is at it leaves the journey at once; nothing more is written to them."
_ADDED = "Whoever has not passed this place yet comes to it; nobody is sent back to it."
_MOVED = (
    "Whoever is at it stays at it and goes on from its new place; a message that they have had already is not sent to "
    "them again."
)
_CHANGED: dict[str, str] = {
    MESSAGE: "Messages that have not left yet go out as it says now; what was sent stays as it was.",
    WEBHOOK: "Calls that have not been made yet are made as it says now.",
    DELAY: "Whoever waits at it keeps the time at which they go on; the new time is for those who come to it later.",
    WINDOW: "Whoever waits at it goes by the new hours at once; what is queued already keeps the end of its window.",
    WAIT_UNTIL: (
        "Whoever waits at it is looked at with the new condition at once, and gives up when they would have before; a "
        "new limit is for those who come to it later."
    ),
    BRANCH: "Whoever has passed it keeps to their way; those who come to it later go by the new condition.",
    SPLIT: "Whoever has passed it keeps to their way; those who come to it later go by the new shares.",
    UPDATE: "What it has set already stays; those who come to it later get the new values.",
    EXIT: "Whoever comes to it leaves the journey.",
}

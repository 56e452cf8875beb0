"""Changes to a workflow as somebody draws it: add, move, duplicate, remove, copy. Pure: a new workflow is answered.

A place is the path of a step, or of the end of a list: ``workflow.2``, ``workflow.1.then.0``,
``workflow.4.variants.1.steps.0``. What is drawn need not be right yet: steps may lack anything but their keys.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from campaigns.domain.steps import BRANCH, SPLIT, branches_of
from campaigns.domain.workflow import DEEPEST, MOST_STEPS, Place, steps_in

Workflow = list[dict[str, Any]]
#: Makes a key that was never given in this campaign, for a step of a type.
NewKey = Callable[[str], str]


class EditError(ValueError):
    """It cannot be changed like that; the message says why."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A place where a step can be put: behind the step ``after``, or first in the way ``way`` of the step ``inside``."""

    place: str
    depth: int
    after: str = ""
    inside: str = ""
    way: str = ""


def place_of(workflow: Sequence[Mapping[str, Any]], key: str) -> Place:
    """Where the step with this key stands. Raises `EditError`."""
    for place in steps_in(workflow):
        if place.step.get("key") == key:
            return place
    raise EditError("That step is not there any more.")


def inserted(workflow: Workflow, place: str, steps: Sequence[Mapping[str, Any]]) -> Workflow:
    """With these steps at the place. Raises `EditError` where there is no such place, or no room."""
    made = copy.deepcopy(workflow)
    found, at = _list_at(made, place)
    found[at:at] = [copy.deepcopy(dict(step)) for step in steps]
    return _small_enough(made)


def removed(workflow: Workflow, key: str) -> Workflow:
    """Without this step and what is inside it."""
    made = copy.deepcopy(workflow)
    found, at = _list_at(made, place_of(made, key).path)
    del found[at]
    return made


def replaced(workflow: Workflow, key: str, step: Mapping[str, Any]) -> Workflow:
    """With this step in the place of the one with the key; the steps inside it stay, by the names of their ways."""
    made = copy.deepcopy(workflow)
    found, at = _list_at(made, place_of(made, key).path)
    found[at] = dict(step)
    return made


def moved(workflow: Workflow, key: str, place: str) -> Workflow:
    """With the step at another place, which is named as of now. Raises `EditError` where that is inside itself."""
    here = place_of(workflow, key).path
    if place.startswith(f"{here}."):
        raise EditError("A step cannot be moved into itself.")
    made = copy.deepcopy(workflow)
    source, at = _list_at(made, here)
    target, to = _list_at(made, place)
    step = source.pop(at)
    target.insert(to - (1 if source is target and at < to else 0), step)
    return _small_enough(made)


def nudged(workflow: Workflow, key: str, down: bool) -> Workflow:
    """One place further up or down, into branches and out of them: by such moves every place can be reached."""
    here = place_of(workflow, key).path
    found, at = _list_at(workflow, here)
    owner, _, _ = here.rpartition(".")
    beside = at + 1 if down else at - 1
    if not 0 <= beside < len(found):
        place = _outside(workflow, owner, down)
        return moved(workflow, key, place) if place else copy.deepcopy(workflow)
    ways = branches_of(found[beside])
    if ways:
        _, below, inside = ways[0 if down else -1]
        return moved(workflow, key, f"{owner}.{beside}.{below}.{0 if down else len(inside)}")
    return moved(workflow, key, f"{owner}.{at + 2 if down else beside}")


def _outside(workflow: Workflow, owner: str, down: bool) -> str:
    """The place behind or before a list of steps: in the way beside it, or beside the step that holds it; "" at the edge."""
    if owner == "workflow":
        return ""
    for place in steps_in(workflow):
        ways = branches_of(place.step)
        paths = [f"{place.path}.{below}" for _, below, _ in ways]
        if owner in paths:
            beside = paths.index(owner) + (1 if down else -1)
            if 0 <= beside < len(ways):
                return f"{paths[beside]}.{0 if down else len(ways[beside][2])}"
            above, _, at = place.path.rpartition(".")
            return f"{above}.{int(at) + 1}" if down else place.path
    return ""


def duplicated(workflow: Workflow, key: str, new_key: NewKey) -> tuple[Workflow, str]:
    """With a copy right behind the step, under fresh keys; answers the copy's key too."""
    place = place_of(workflow, key)
    made = with_fresh_keys([place.step], new_key)[0]
    if made.get("name"):
        made["name"] = f"{made['name']} (copy)"[:80]
    owner, _, at = place.path.rpartition(".")
    return inserted(workflow, f"{owner}.{int(at) + 1}", [made]), made["key"]


def with_fresh_keys(steps: Sequence[Mapping[str, Any]], new_key: NewKey) -> Workflow:
    """Copies of these steps and all inside them, each with a key of its own."""
    made = [copy.deepcopy(dict(step)) for step in steps]
    for place in steps_in(made):
        place.step["key"] = new_key(str(place.step.get("type", "step")))  # type: ignore[index]
    return made


def key_maker(used: Collection[str], token: Callable[[], str] | None = None) -> NewKey:
    """Keys like ``message-2`` that nobody has; with a ``token`` at the end where earlier steps are not known any more.

    People inside keep their place by key, and the ledger knows their messages by it: a key is never given twice.
    """
    taken = set(used)

    def make(kind: str) -> str:
        kind = kind.replace("_", "-")
        for number in range(1, MOST_STEPS * 10):
            key = f"{kind}-{token() if token else number}"
            if key not in taken:
                taken.add(key)
                return key
        raise AssertionError("a workflow has far fewer steps than there are keys")

    return make


def chosen(workflow: Sequence[Mapping[str, Any]], keys: Collection[str]) -> Workflow:
    """The steps with these keys in their order, each with all that is inside it, none twice."""
    found: Workflow = []
    taken: list[str] = []
    for place in steps_in(workflow):
        if place.step.get("key") in keys and not any(place.path.startswith(f"{path}.") for path in taken):
            taken.append(place.path)
            found.append(copy.deepcopy(dict(place.step)))
    return found


def gaps_of(workflow: Sequence[Mapping[str, Any]]) -> list[Gap]:
    """Every place where a step can be put, from top to bottom."""
    return list(_gaps(workflow, "workflow", 0, "", ""))


def _gaps(steps: Sequence[Mapping[str, Any]], path: str, depth: int, inside: str, way: str) -> Iterator[Gap]:
    if depth > DEEPEST:
        return
    yield Gap(f"{path}.0", depth, inside=inside, way=way)
    for at, step in enumerate(steps):
        key = str(step.get("key", ""))
        for name, below, listed in branches_of(step):
            yield from _gaps(listed, f"{path}.{at}.{below}", depth + 1, key, name)
        yield Gap(f"{path}.{at + 1}", depth, after=key)


def _small_enough(workflow: Workflow) -> Workflow:
    places = list(steps_in(workflow))
    if len(places) > MOST_STEPS:
        raise EditError(f"A workflow has at most {MOST_STEPS} steps; this would make {len(places)}.")
    if any(place.depth > DEEPEST for place in places):
        raise EditError(f"Branches lie at most {DEEPEST} levels deep.")
    return workflow


def _list_at(workflow: Workflow, place: str) -> tuple[Workflow, int]:
    """The list that a place is in, itself and no copy, and the place in it. Raises `EditError`."""
    first, *parts = place.split(".")
    if first != "workflow" or not parts or not parts[-1].isdecimal():
        raise EditError("There is no such place in the workflow.")
    here: Any = workflow
    try:
        for part in parts[:-1]:
            here = here[int(part)] if part.isdecimal() else _way(here, part)
        at = int(parts[-1])
        if isinstance(here, list) and at <= len(here):
            return here, at
    except (LookupError, TypeError, ValueError):
        pass
    raise EditError("There is no such place in the workflow any more.")


def _way(step: Any, name: str) -> Any:
    """What a step holds under this name; an empty list is made where a way has none yet."""
    allowed = {BRANCH: ("then", "else"), SPLIT: ("variants",)}.get(step.get("type", ""), ())
    if name == "steps" and "type" not in step:
        allowed = ("steps",)
    if name not in allowed:
        raise LookupError(name)
    if name == "variants":
        return step[name]
    if not isinstance(step.get(name), list):
        step[name] = []
    return step[name]

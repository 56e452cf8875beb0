"""The workflow of a journey or a flow: a tree of steps, everything that can be wrong with it, and the graph it stands for.

Pure. Keys are stable: people inside a live campaign keep their place by key.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from campaigns.domain.steps import (
    EXIT,
    SENDING,
    SPLIT,
    Step,
    branches_of,
    channel_kind_of,
    read_step,
    step_errors,
)
from channels.domain.kinds import KINDS

MOST_STEPS = 200
DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Way:
    """Where a step may lead: ``name`` is "", "then", "else" or a variant's; ``to`` a node's key, None at the end."""

    name: str
    to: str | None


@dataclass(frozen=True, slots=True)
class Node:
    """A step at its place: ``key`` is what journeys and ledger rows call it, ``path`` where it stands in the tree."""

    key: str
    step: Step
    ways: tuple[Way, ...]
    path: str
    depth: int


@dataclass(frozen=True, slots=True)
class Place:
    """A step as stored, where it stands."""

    path: str
    depth: int
    step: Mapping[str, Any]


def steps_in(workflow: Sequence[Mapping[str, Any]], path: str = "workflow") -> Iterator[Place]:
    """Every step from top to bottom, those inside branches and variants right after their step."""
    yield from _places(workflow, path, 0)


def _places(steps: Sequence[Any], path: str, depth: int) -> Iterator[Place]:
    for index, step in enumerate(steps):
        if isinstance(step, Mapping):
            here = f"{path}.{index}"
            yield Place(here, depth, step)
            for _, below, inside in branches_of(step):
                yield from _places(inside, f"{here}.{below}", depth + 1)


def channel_kinds_in(workflow: Sequence[Mapping[str, Any]]) -> list[str]:
    """The kinds of channel that its steps send by, each once, in the order in which people come to them."""
    used = (channel_kind_of(place.step) for place in steps_in(workflow))
    return [kind for kind in dict.fromkeys(used) if kind in KINDS]


def own_part(step: Mapping[str, Any]) -> dict[str, Any]:
    """A step without what is inside it."""
    own = {name: value for name, value in step.items() if name not in ("then", "else")}
    if step.get("type") == SPLIT and isinstance(step.get("variants"), list):
        own["variants"] = [
            {name: value for name, value in one.items() if name != "steps"}
            if isinstance(one, Mapping)
            else one
            for one in step["variants"]
        ]
    return own


def graph_of(workflow: Sequence[Mapping[str, Any]], flow: str = "") -> dict[str, Node]:
    """The nodes by key, the first one first; every way leads further down, so one pass in order goes every way.

    After the last step inside a branch or variant, people go on behind the step that holds it.
    """
    nodes: dict[str, Node] = {}
    _lay_out(workflow, None, flow, "workflow", 0, nodes)
    return nodes


def qualified(flow: str, key: str) -> str:
    """What journeys and the ledger call a step of this flow; "" is the only workflow of a journey."""
    return f"{flow}:{key}" if flow else key


def flow_of(key: str) -> str:
    """The flow of a step as journeys and ledger rows call it; "" of a journey's."""
    return key.rpartition(":")[0]


def _lay_out(
    steps: Sequence[Mapping[str, Any]],
    behind: str | None,
    flow: str,
    path: str,
    depth: int,
    nodes: dict[str, Node],
) -> str | None:
    """Add a list of steps to the graph; answers the key of its first (``behind`` where there is none)."""
    keys = [qualified(flow, step["key"]) for step in steps]
    for index, raw in enumerate(steps):
        following = keys[index + 1] if index + 1 < len(keys) else behind
        here, key, step = f"{path}.{index}", keys[index], read_step(raw)
        inside = branches_of(raw)
        # Its place in the order first, its ways when those inside are known.
        nodes[key] = Node(key, step, (Way("", None if step.type == EXIT else following),), here, depth)
        if inside:
            ways = tuple(
                Way(name, _lay_out(list_of, following, flow, f"{here}.{below}", depth + 1, nodes))
                for name, below, list_of in inside
            )
            nodes[key] = Node(key, step, ways, here, depth)
    return keys[0] if keys else behind


def workflow_errors(workflow: Any, path: str = "workflow") -> dict[str, str]:
    """Everything wrong with a workflow, path → what would be right; {} where all is well. An empty one is no error."""
    if not isinstance(workflow, list):
        return {path: "A workflow must be a list of steps."}
    errors: dict[str, str] = {}
    keys: set[str] = set()
    _list_errors(workflow, path, 0, keys, errors)
    number = sum(1 for _ in steps_in(workflow)) if not errors else 0
    if number > MOST_STEPS:
        return {path: f"A workflow has at most {MOST_STEPS} steps; this one has {number}."}
    return errors


def _list_errors(steps: Any, path: str, depth: int, keys: set[str], errors: dict[str, str]) -> None:
    if depth > DEEPEST:
        errors[path] = f"Branches lie at most {DEEPEST} levels deep."
        return
    if not isinstance(steps, list):
        return  # said of the step that holds it
    if len(steps) > MOST_STEPS:
        errors[path] = f"A workflow has at most {MOST_STEPS} steps; this one has {len(steps)}."
        return
    for index, step in enumerate(steps):
        here = f"{path}.{index}"
        errors |= step_errors(step, here, keys)
        if isinstance(step, Mapping):
            for _, below, inside in branches_of(step):
                _list_errors(inside, f"{here}.{below}", depth + 1, keys, errors)


def workflow_problem(workflow: Any, channel_kinds: Collection[str]) -> str:
    """Why a campaign with these channels cannot run this workflow: one sentence, or ""."""
    errors = workflow_errors(workflow)
    if errors:
        path, message = next(iter(errors.items()))
        return f"{path}: {message}"
    steps = [read_step(place.step) for place in steps_in(workflow)]
    messages = [step for step in steps if step.type in SENDING]
    if not messages:
        return "The workflow has no message yet: add one under What."
    for step in messages:
        if step.channel not in channel_kinds:
            label = KINDS[step.channel].label
            return f"The step “{step.key}” sends by {label}, but the campaign has no {label} channel."
    return ""

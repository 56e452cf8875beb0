"""Where people at a step go, as SQL: one builder for each type of step.

A route is a list of outcomes and an expression that picks one for each person. What is due late goes on from when it was
due, so that a late beat makes nobody later still; only what sends counts from the moment at which it was done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from campaigns.domain.condition_reading import parse_condition
from campaigns.domain.conditions import LabelSent, leaves_of
from campaigns.domain.moments import NEVER_SQL
from campaigns.domain.programs import Program
from campaigns.domain.splits import way_sql
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
)
from campaigns.domain.windows import opening
from campaigns.domain.workflow import Node
from campaigns.engine.arrivals import NOTHING, arrival
from campaigns.engine.conditions import Where, compile_condition
from campaigns.models import Campaign

#: Why a journey ended before its last step.
STEP_REMOVED, EXIT_STEP, EXIT_CRITERIA, PERSON_DELETED = (
    "step_removed",
    "exit_step",
    "exit_criteria",
    "person_deleted",
)

#: Columns of the journey ``j`` after the step: name → SQL. ``d`` is what was decided about it.
Outcome = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Stop:
    """A node at which people are to be moved on, and what is known about it."""

    campaign: Campaign
    program: Program
    nodes: Mapping[str, Node]
    node: Node
    now: datetime


@dataclass(frozen=True, slots=True)
class Route:
    """``way`` is SQL for the place of a person's outcome, over ``due`` (their row) and ``p`` (the person, or nulls).

    Without it everybody gets the only outcome. Whose way is null stays as they are.
    """

    outcomes: tuple[Outcome, ...]
    way: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    more: str = ""
    """Further columns of what is decided."""
    by_zone: bool = False
    """Needs ``%(openings)s``: by time zone when the window opens and closes (see moving.py)."""
    leaving: Where | None = None
    """Of a message: who meets this leaves instead."""


def route_of(stop: Stop) -> Route:
    """The way on from this node as of now."""
    return _ROUTES[stop.node.step.type](stop)


def leave(reason: str) -> Outcome:
    """The journey ends here, for a reason of ours."""
    return {"status": "'exited'", "reason": f"'{reason}'", "ended_at": "%(now)s"}


def reach(
    stop: Stop, way: int, params: dict[str, Any], *, moment: str = "%(now)s", carried: str = "j.until"
) -> Outcome:
    """People come to where this way leads; at its end the journey is finished. Its values are added to ``params``."""
    to = stop.node.ways[way].to
    if to is None:
        return {"status": "'finished'", "ended_at": "%(now)s"}
    name = f"way{way}"
    there = arrival(stop.nodes[to], moment=moment, carried=carried, name=name)
    params |= there.params | {f"{name}_step": to}
    return {"step": f"%({name}_step)s", "due_at": there.due_sql, "until": there.until_sql}


def _onward(stop: Stop) -> Route:
    """A delay that is over, attributes that are set: on to the only way."""
    params: dict[str, Any] = {}
    return Route((reach(stop, 0, params, moment="j.due_at"),), params=params)


def _sending(stop: Stop) -> Route:
    """A message is written; who meets the exit criteria by now gets none and leaves."""
    params: dict[str, Any] = {}
    there = reach(stop, 0, params)
    if not (asked := stop.campaign.exit.get("condition")):
        return Route((there,), params=params)
    leaving = condition_of(stop, asked, "exit")
    way = f"CASE WHEN {leaving.sql('p')} THEN 1 ELSE 0 END"
    return Route((there, leave(EXIT_CRITERIA)), way, params | leaving.params, leaving=leaving)


def _exit(stop: Stop) -> Route:
    return Route((leave(EXIT_STEP),))


def _branch(stop: Stop) -> Route:
    params: dict[str, Any] = {}
    met = condition_of(stop, stop.node.step.condition, "asked")
    outcomes = (*_reach_all(stop, params), leave(PERSON_DELETED))
    way = f"CASE WHEN p.id IS NULL THEN 2 WHEN {met.sql('p')} THEN 0 ELSE 1 END"
    return Route(outcomes, way, params | met.params)


def _split(stop: Stop) -> Route:
    """By lot, always the same for the same person; everybody to the winner where there is one."""
    step, params = stop.node.step, dict[str, Any]()
    outcomes = _reach_all(stop, params)
    names = [share.name for share in step.shares]
    if step.winner in names:
        return Route((outcomes[names.index(step.winner)],), params=params)
    return Route(outcomes, way_sql("%(campaign)s", "%(step)s", "due.person_id", step.shares), params)


def _reach_all(stop: Stop, params: dict[str, Any]) -> tuple[Outcome, ...]:
    ways = range(len(stop.node.ways))
    return tuple(reach(stop, way, params, moment="j.due_at") for way in ways)


def _wait(stop: Stop) -> Route:
    """On where the condition is met or its time is up. Otherwise people sleep until then: changes wake them."""
    params: dict[str, Any] = {}
    asked = stop.node.step.condition
    met = condition_of(stop, asked, "asked")
    there = reach(stop, 0, params, moment="j.due_at", carried=NOTHING)
    again = f"coalesce(j.until, {NEVER_SQL})"
    leaves = leaves_of(parse_condition(asked))
    if any(isinstance(leaf, LabelSent) or getattr(leaf, "within", None) for leaf in leaves):
        # Time alone, or a message sent, can make it true: nothing happens that would wake them.
        again = f"least({again}, %(now)s + interval '{LOOK_AGAIN}')"
    over = f"{met.sql('p')} OR due.until <= %(now)s"
    way = f"CASE WHEN p.id IS NULL THEN 2 WHEN {over} THEN 0 ELSE 1 END"
    return Route((there, {"due_at": again}, leave(PERSON_DELETED)), way, params | met.params)


#: How often a condition with a time window in it is looked at again.
LOOK_AGAIN = "10 minutes"


def _window(stop: Stop) -> Route:
    """On while it is open, with the time at which it closes; otherwise people stay until it opens."""
    window, params = stop.node.step.window, dict[str, Any]()
    assert window is not None
    if window.by_person:
        opens, closes = (f"(due_window.times ->> {at})::timestamptz" for at in (0, 1))
        there = reach(stop, 0, params, carried="d.closes")
        way = f"CASE WHEN {opens} <= %(now)s THEN 0 ELSE 1 END"
        more = f", {opens} AS opens, {closes} AS closes"
        return Route((there, {"due_at": "d.opens"}), way, params, more, by_zone=True)
    next_one = opening(window, stop.campaign.timezone, stop.now)
    params |= dict(zip(("opens", "closes"), next_one, strict=True))
    if next_one[0] > stop.now:
        return Route(({"due_at": "%(opens)s"},), params=params)
    return Route((reach(stop, 0, params, carried="%(closes)s::timestamptz"),), params=params)


def condition_of(stop: Stop, given: Mapping[str, Any], prefix: str) -> Where:
    """A condition of the campaign about a person as of now."""
    return compile_condition(parse_condition(given), stop.campaign.workspace_id, stop.now, prefix=prefix)


_ROUTES: dict[str, Callable[[Stop], Route]] = {
    MESSAGE: _sending, WEBHOOK: _sending, DELAY: _onward, UPDATE: _onward, EXIT: _exit, BRANCH: _branch,
    SPLIT: _split, WAIT_UNTIL: _wait, WINDOW: _window,
}  # fmt: skip

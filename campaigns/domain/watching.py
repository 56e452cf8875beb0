"""What a campaign watches people for as of now: conditions they wait for, exit criteria, a goal. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from campaigns.domain import states as s
from campaigns.domain.condition_reading import parse_condition
from campaigns.domain.conditions import Condition, uses_of
from campaigns.domain.durations import after
from campaigns.domain.goals import Goal, exit_of, goal_of
from campaigns.domain.programs import BY_STEPS, programs_of
from campaigns.domain.steps import WAIT_UNTIL

WAIT, EXIT, GOAL = "wait", "exit", "goal"
#: While it is in one of these, people who are inside move.
MOVING_PEOPLE = (s.RUNNING, s.STOPPING)
#: While it is in one of these, further messages may go out.
_SENDING = (*MOVING_PEOPLE, s.AWAITING_NEXT_RUN)


class Watcher(Protocol):
    """What is needed of a campaign."""

    kind: str
    name: str
    status: str
    status_since: datetime
    started_at: datetime | None
    deleted_at: datetime | None
    goal: Mapping[str, Any]
    exit: Mapping[str, Any]
    trigger: Mapping[str, Any]
    frequency: Mapping[str, Any]
    workflow: Sequence[Mapping[str, Any]]
    flows: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Watched:
    """``waits``: what people at a step wait for, by its key. ``until``: afterwards nobody reaches the goal any more."""

    waits: Mapping[str, Condition] = field(default_factory=dict)
    leaving: Condition | None = None
    goal: Goal | None = None
    until: datetime | None = None

    @property
    def what(self) -> list[str]:
        """Which of the three there are."""
        there = {WAIT: self.waits, EXIT: self.leaving, GOAL: self.goal}
        return [name for name, found in there.items() if found]

    @property
    def digest(self) -> str:
        """What is asked of those inside, as a hash; "" where nothing is."""
        asked = repr((sorted(self.waits.items(), key=lambda item: item[0]), self.leaving))
        there = self.waits or self.leaving
        return hashlib.sha256(asked.encode(errors="surrogatepass")).hexdigest() if there else ""

    @property
    def uses(self) -> dict[str, list[Any]]:
        """What all the conditions together look at (`uses_of`)."""
        conditions = [*self.waits.values()]
        conditions += [self.leaving] if self.leaving else []
        conditions += [self.goal.condition] if self.goal else []
        found: dict[str, set[Any]] = {}
        for condition in conditions:
            for kind, names in uses_of(condition).items():
                found.setdefault(kind, set()).update(names)
        return {kind: sorted(names) for kind, names in found.items()}


def watched_by(campaign: Watcher, now: datetime) -> Watched:
    """What it watches for; nothing before it has begun, after its goal's time is over, or once it is deleted."""
    if campaign.deleted_at is not None:
        return Watched()
    moves = campaign.kind in BY_STEPS and campaign.status in MOVING_PEOPLE
    goal, until = _goal(campaign, now)
    return Watched(
        waits=_waits(campaign) if moves else {},
        leaving=exit_of(campaign.exit) if moves else None,
        goal=goal,
        until=until,
    )


def _waits(campaign: Watcher) -> dict[str, Condition]:
    """Of every workflow that is at work, the inactive flows left out."""
    return {
        key: parse_condition(node.step.condition)
        for program in programs_of(campaign)
        if program.active
        for key, node in program.graph().items()
        if node.step.type == WAIT_UNTIL
    }


def _goal(campaign: Watcher, now: datetime) -> tuple[Goal | None, datetime | None]:
    goal = goal_of(campaign.goal)
    begun = campaign.started_at is not None or campaign.status in _SENDING
    # An outreach campaign is started by its channels: a draft is one of which none ever was.
    begun = begun or (campaign.kind == "outreach" and campaign.status != s.DRAFT)
    if goal is None or not begun:
        return None, None
    if campaign.status in _SENDING:
        return goal, None
    until = after(campaign.status_since, goal.within, "UTC")
    return (goal, until) if until > now else (None, None)

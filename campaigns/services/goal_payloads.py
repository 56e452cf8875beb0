"""Reads goals and exit criteria in the API's shape (interface.md, *goal*, *exit*); every refusal names its path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from campaigns.domain.conditions import LabelSent, leaves_of
from campaigns.domain.durations import DurationError, parse_duration
from campaigns.domain.programs import BY_STEPS
from campaigns.models import Workspace
from campaigns.services.errors import Invalid
from campaigns.services.segments import read_condition

_GOAL = 'goal must look like {"condition": …, "within": "7 days"}.'
_EXIT = 'exit must look like {"condition": …}.'


def read_goal(data: Mapping[str, Any], workspace: Workspace, kind: str) -> dict[str, Any]:
    """What counts as a conversion: ``{"condition", "within"}``; {} or null for none. Any kind of campaign has one."""
    goal = data["goal"]
    if goal in (None, {}):
        return {"goal": {}}
    _refuse_other_keys(goal, "goal", ("condition", "within"), _GOAL)
    problems: dict[str, str] = {}
    try:
        parse_duration(goal.get("within"))
    except DurationError as error:
        problems["goal.within"] = str(error)
    try:
        condition = read_condition(goal.get("condition"), workspace, "goal.condition")
        if any(isinstance(leaf, LabelSent) for leaf in leaves_of(condition)):
            problems["goal.condition"] = (
                "A goal is about what people do or become, not about what they were sent."
            )
    except Invalid as error:
        problems |= error.fields
    if problems:
        raise Invalid(next(iter(problems.values())), problems)
    return {"goal": {"condition": goal["condition"], "within": goal["within"]}}


def read_exit(data: Mapping[str, Any], workspace: Workspace, kind: str) -> dict[str, Any]:
    """Who leaves the workflow early: ``{"condition"}``; {} or null for nobody. Journeys and flows only."""
    given = data["exit"]
    if given in (None, {}):
        return {"exit": {}}
    if kind not in BY_STEPS:
        raise Invalid.field(
            "exit", "Only journeys and flows have exit criteria: nobody is inside of other campaigns."
        )
    _refuse_other_keys(given, "exit", ("condition",), _EXIT)
    read_condition(given.get("condition"), workspace, "exit.condition")
    return {"exit": {"condition": given["condition"]}}


def _refuse_other_keys(given: Any, path: str, known: tuple[str, ...], shape: str) -> None:
    if not isinstance(given, Mapping):
        raise Invalid.field(path, shape)
    for key in given:
        if key not in known:
            raise Invalid.field(f"{path}.{str(key)[:60]}", f"Unknown key; {shape}")

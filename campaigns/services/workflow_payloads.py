"""Reads a workflow from the API's shape: its steps, and that what their conditions name is there in the workspace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from campaigns.domain.steps import BRANCH, WAIT_UNTIL
from campaigns.domain.workflow import steps_in, workflow_errors
from campaigns.models import Workspace
from campaigns.services.errors import Invalid
from campaigns.services.segments import read_condition

#: The key under which a step of this type has its condition.
CONDITION_OF = {BRANCH: "if", WAIT_UNTIL: "condition"}


def read_workflow(given: Any, workspace: Workspace, path: str = "workflow") -> list[dict[str, Any]]:
    """The workflow as it is stored. Raises `Invalid` with every problem by its path."""
    workflow = given or []
    problems = workflow_errors(workflow, path) or names_missing(workflow, workspace, path)
    if problems:
        raise Invalid(next(iter(problems.values())), problems)
    return list(workflow)


def names_missing(
    workflow: list[Mapping[str, Any]], workspace: Workspace, path: str = "workflow"
) -> dict[str, str]:
    """What conditions name and the workspace has not: segments, labels, types of objects; {} where all are there."""
    problems: dict[str, str] = {}
    for place in steps_in(workflow, path):
        if name := CONDITION_OF.get(str(place.step.get("type"))):
            try:
                read_condition(place.step.get(name), workspace, f"{place.path}.{name}")
            except Invalid as refused:
                problems |= refused.fields
    return problems

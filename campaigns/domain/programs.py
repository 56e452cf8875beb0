"""What people of a campaign go through: the one workflow of a journey, or each flow of a flow campaign. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from campaigns.domain.workflow import Node, graph_of, steps_in

#: Kinds of campaign whose people walk through workflows; their steps make the rows of the ledger.
BY_STEPS = ("journey", "flow")


class HasPrograms(Protocol):
    """What is needed of a campaign."""

    kind: str
    name: str
    trigger: Mapping[str, Any]
    frequency: Mapping[str, Any]
    workflow: Sequence[Mapping[str, Any]]
    flows: Sequence[Mapping[str, Any]]
    goal: Mapping[str, Any]
    exit: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Program:
    """One workflow with the way into it. ``flow`` is the flow's key, "" for a journey's only one."""

    flow: str
    name: str
    active: bool
    trigger: Mapping[str, Any]
    frequency: Mapping[str, Any]
    workflow: Sequence[Mapping[str, Any]]

    def graph(self) -> dict[str, Node]:
        """Its nodes by key, the first one first."""
        return graph_of(self.workflow, self.flow)


def programs_of(campaign: HasPrograms) -> tuple[Program, ...]:
    """All of them, the inactive flows too; none for kinds that have no steps."""
    if campaign.kind == "journey":
        return (Program("", campaign.name, True, campaign.trigger, campaign.frequency, campaign.workflow),)
    return flows_as_programs(campaign.flows) if campaign.kind == "flow" else ()


def flows_as_programs(flows: Sequence[Mapping[str, Any]]) -> tuple[Program, ...]:
    """Flows in the API's shape."""
    return tuple(
        Program(
            flow["key"], flow.get("name") or flow["key"], bool(flow.get("active", True)),
            flow.get("trigger") or {}, flow.get("frequency") or {}, flow.get("workflow") or [],
        )
        for flow in flows
    )  # fmt: skip


def conditions_within(campaign: HasPrograms) -> list[Mapping[str, Any]]:
    """Every condition that its workflows, its goal and its exit criteria look at, in the API's shape."""
    steps = [place.step for program in programs_of(campaign) for place in steps_in(program.workflow)]
    asked = [step.get(name) for step in steps for name in ("if", "condition")]
    asked += [campaign.goal.get("condition"), campaign.exit.get("condition")]
    return [condition for condition in asked if condition]


def node_of(campaign: HasPrograms, key: str) -> Node | None:
    """The step that journeys and ledger rows call so; None where the campaign has it no more."""
    for program in programs_of(campaign):
        if (node := program.graph().get(key)) is not None:
            return node
    return None

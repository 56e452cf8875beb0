"""Edits of workflows with people inside: how many stand where, what becomes of them, and what an edit must not do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from campaigns.domain.live_edits import LOOKED_AT_AGAIN, Change, changes, retyped
from campaigns.domain.programs import BY_STEPS
from campaigns.engine.rechecking import RECHECK
from campaigns.models import Campaign
from campaigns.services.counts import journey_counts
from campaigns.services.errors import Invalid


@dataclass(frozen=True, slots=True)
class LiveChange:
    """A change with the number of people who stand at the step now."""

    change: Change
    people: int


def standing_at(campaign: Campaign) -> dict[str, int]:
    """Key of a step as journeys call it → people there now; steps at which nobody is are left out. One query."""
    return dict(journey_counts([campaign.pk])[campaign.pk]["at"])


def preview(
    campaign: Campaign, old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]], flow: str = ""
) -> list[LiveChange]:
    """What an edit of this workflow would mean, with how many people are at each step."""
    people = standing_at(campaign)
    return [LiveChange(change, people.get(change.key, 0)) for change in changes(old, new, flow)]


def workflows_of(campaign: Campaign) -> dict[str, Sequence[Mapping[str, Any]]]:
    """The workflows as stored, by the key of the flow; a journey's by ""."""
    if campaign.kind == "flow":
        return {flow["key"]: flow.get("workflow") or [] for flow in campaign.flows}
    return {"": campaign.workflow}


def refuse_retyped(campaign: Campaign, workflows: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """A key that people and the ledger know a step by is not given to a step of another type. Raises `Invalid`."""
    if campaign.kind not in BY_STEPS or campaign.started_at is None:
        return
    new = workflows_of(campaign)
    problems = {}
    for flow, before in workflows.items():
        for path, (key, kind) in retyped(before, new.get(flow, [])).items():
            place = path if campaign.kind == "journey" else f"flows.{list(new).index(flow)}.{path}"
            problems[f"{place}.type"] = (
                f"The step {key!r} is a {kind} step, and stays one: people may be at it. A step of another type needs "
                "a key of its own."
            )
    if problems:
        raise Invalid(next(iter(problems.values())), problems)


def look_again(campaign: Campaign, before: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Have people looked at again who wait for what the edit has changed; the caller saves the campaign's ``sweep``."""
    # Nobody is inside a journey that has stopped; inside a flow people stay.
    inside = campaign.kind == "flow" or campaign.status in ("running", "stopping")
    if campaign.kind not in BY_STEPS or not inside or campaign.started_at is None or campaign.sweep:
        return
    new = workflows_of(campaign)
    for flow, old in before.items():
        for change in changes(old, new.get(flow, []), flow):
            if change.type in LOOKED_AT_AGAIN and change.what == "changed":
                campaign.sweep = RECHECK

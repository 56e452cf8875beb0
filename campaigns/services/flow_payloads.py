"""Reads the flows of a campaign from the API's shape: every refusal names its path, ``flows.1.workflow.0.body``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from campaigns.domain.flows import MOST_FLOWS, flow_errors, locked_change
from campaigns.models import Campaign
from campaigns.services.errors import EditsDiscarded, Invalid

#: Reads a part of a flow that journeys have as well: its name (``trigger``, ``frequency``, ``workflow``) and what was
#: sent. What its conditions name is looked up in the workspace.
Reader = Callable[[str, Any], Any]


def read_flows(given: Any, read_part: Reader) -> list[dict[str, Any]]:
    """The flows as they are stored; all problems at once in one `Invalid`."""
    if not isinstance(given, list):
        raise Invalid.field(
            "flows", "flows must be a list of objects with key, name, active, trigger and workflow."
        )
    if len(given) > MOST_FLOWS:
        raise Invalid.field("flows", f"A campaign has at most {MOST_FLOWS} flows; these are {len(given)}.")
    problems: dict[str, str] = {}
    keys: set[str] = set()
    names: set[str] = set()
    found = []
    for index, flow in enumerate(given):
        path = f"flows.{index}"
        errors = flow_errors(flow, path, keys, names)
        problems |= errors
        if isinstance(flow, Mapping):
            found.append(_read(flow, path, read_part, problems))
    if problems:
        raise Invalid(next(iter(problems.values())), problems)
    return found


def _read(flow: Mapping[str, Any], path: str, read_part: Reader, problems: dict[str, str]) -> dict[str, Any]:
    read: dict[str, Any] = {
        "key": flow.get("key"),
        "name": str(flow.get("name") or flow.get("key") or "").strip(),
        "active": flow.get("active", True),
    }
    for part, nothing in (("trigger", {}), ("frequency", {}), ("workflow", [])):
        try:
            read[part] = read_part(part, flow.get(part) or nothing)
        except Invalid as error:
            problems |= {f"{path}.{name}": text for name, text in error.fields.items()}
    return read


def refuse_active(campaign: Campaign, data: Mapping[str, Any], flows: Any) -> None:
    """While it is Active only inactive flows may change (seed 002); `EditsDiscarded` says what would have to be stopped.

    ``flows``: those of the edit as read, None where it names none.
    """
    if campaign.kind != "flow" or campaign.status != "running":
        return
    if flows is not None and (reason := locked_change(campaign.flows, flows)):
        raise EditsDiscarded(reason)
    if "channels" in data:
        raise EditsDiscarded("The channels cannot be changed while the campaign is Active: stop it first.")

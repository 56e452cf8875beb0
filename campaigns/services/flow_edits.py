"""What an edit does to the flows of a campaign: the list of flows as it would be, for the edit to save."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from campaigns.domain.flows import new_key, new_name
from campaigns.services.errors import NotFound

Flows = list[dict[str, Any]]


def flow_named(flows: Sequence[Mapping[str, Any]], key: str) -> Mapping[str, Any]:
    """The flow with this key. Raises `NotFound`."""
    for flow in flows:
        if flow.get("key") == key:
            return flow
    raise NotFound("There is no such flow in this campaign.")


def added(flows: Sequence[Mapping[str, Any]], name: str) -> Flows:
    """With a new flow at the end, inactive until it has a trigger and a workflow."""
    kept = [dict(flow) for flow in flows]
    made = {"key": new_key(kept), "name": new_name(name.strip() or f"Flow {len(kept) + 1}", kept)}
    return [*kept, {**made, "active": False, "trigger": {}, "frequency": {}, "workflow": []}]


def switched(flows: Sequence[Mapping[str, Any]], key: str, active: bool) -> Flows:
    """With this flow active or inactive."""
    return changed(flows, key, {"active": active})


def changed(flows: Sequence[Mapping[str, Any]], key: str, values: Mapping[str, Any]) -> Flows:
    """With these values of one flow. Raises `NotFound` where there is none."""
    flow_named(flows, key)
    return [{**flow, **(values if flow.get("key") == key else {})} for flow in flows]


def duplicated(flows: Sequence[Mapping[str, Any]], key: str) -> Flows:
    """With an inactive copy behind the flow; a webhook's copy gets a URL of its own."""
    original = copy.deepcopy(dict(flow_named(flows, key)))
    kept = [dict(flow) for flow in flows]
    name = new_name(f"{original.get('name') or key} copy", kept)
    copied = {**original, "key": new_key(kept), "name": name, "active": False}
    at = next(index for index, flow in enumerate(kept) if flow["key"] == key) + 1
    return [*kept[:at], copied, *kept[at:]]

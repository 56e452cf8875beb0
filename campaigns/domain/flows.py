"""The flows of a campaign (seed 002): their keys and names, and what may change while it is Active. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

MOST_FLOWS = 50
LONGEST_NAME = 80
FLOW_KEYS = ("key", "name", "active", "trigger", "frequency", "workflow")
_KEY = re.compile(r"[A-Za-z0-9_-]{1,60}", re.ASCII)

Flow = Mapping[str, Any]


def flow_errors(flow: Any, path: str, keys: set[str], names: set[str]) -> dict[str, str]:
    """What is wrong with a flow beside its trigger, frequency and workflow; its key and name are added to the sets."""
    if not isinstance(flow, Mapping):
        return {path: "A flow must be an object with key, name, active, trigger, frequency and workflow."}
    errors = {
        f"{path}.{name}": f"Unknown key of a flow; known keys are {', '.join(FLOW_KEYS)}."
        for name in sorted(set(map(str, flow)) - set(FLOW_KEYS))
    }
    if not isinstance(flow.get("active", True), bool):
        errors[f"{path}.active"] = "active must be true or false."
    key, name = flow.get("key"), flow.get("name") or flow.get("key")
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        errors[f"{path}.key"] = "A flow needs a key: 1 to 60 letters, digits, hyphens or underscores."
    elif key in keys:
        errors[f"{path}.key"] = f"The key {key!r} is used by an earlier flow; every key is used once."
    else:
        keys.add(key)
    if not isinstance(name, str) or not 1 <= len(name.strip()) <= LONGEST_NAME:
        errors[f"{path}.name"] = f"A flow needs a name of 1 to {LONGEST_NAME} characters."
    elif name.strip().casefold() in names:
        errors[f"{path}.name"] = f"There is already a flow “{name.strip()}”; give each a name of its own."
    else:
        names.add(name.strip().casefold())
    return errors


def locked_change(before: Sequence[Flow], after: Sequence[Flow]) -> str:
    """Why these flows cannot be stored while the campaign is Active, or "": what is active then is read-only (seed 002)."""
    running = {flow["key"]: flow for flow in before if is_active(flow)}
    for flow in after:
        was = running.pop(flow["key"], None)
        if was is not None and _content(was) != _content(flow):
            return f"The flow “{_name(was)}” is active and read-only while the campaign is Active: stop it first."
        if was is None and is_active(flow):
            return (
                f"The flow “{_name(flow)}” cannot be activated while the campaign is Active: stop it first."
            )
    for flow in running.values():
        return f"The flow “{_name(flow)}” is active and cannot be taken away while the campaign is Active: stop it first."
    return ""


def is_active(flow: Flow) -> bool:
    """Whether people enter and move through it while the campaign is Active."""
    return bool(flow.get("active", True))


def is_locked(campaign: Any, key: str) -> bool:
    """Whether this flow of the campaign is read-only now: it is active, and so is the campaign."""
    return campaign.status == "running" and any(
        flow["key"] == key and is_active(flow) for flow in campaign.flows
    )


def new_key(flows: Sequence[Flow]) -> str:
    """A key that no flow has: flow-1, flow-2 …"""
    taken = {str(flow.get("key", "")).casefold() for flow in flows}
    return next(key for number in range(1, len(taken) + 2) if (key := f"flow-{number}") not in taken)


def new_name(wanted: str, flows: Sequence[Flow]) -> str:
    """The name wanted, numbered where a flow has it already."""
    wanted = wanted[: LONGEST_NAME - 4].strip()
    taken = {_name(flow).casefold() for flow in flows}
    tries = (wanted, *(f"{wanted} {number}" for number in range(2, len(taken) + 3)))
    return next(name for name in tries if name.casefold() not in taken)


def _name(flow: Flow) -> str:
    return str(flow.get("name") or flow.get("key", ""))


def _content(flow: Flow) -> tuple[Any, ...]:
    parts = (flow.get(name) or None for name in ("trigger", "frequency", "workflow"))
    return (is_active(flow), _name(flow), *parts)

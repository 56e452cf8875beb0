"""Reads what a person or program sends to make or change a campaign (the shapes of the HTTP API) into model fields.

Every refusal names the path of the field and says what would be right; nothing unknown is ignored.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from campaigns.domain.deliveries import IN_RUNS, MULTIPLE_DATES, ONE_TIME, delivery_problems
from campaigns.domain.planned_times import windows_errors
from campaigns.domain.recurrence import next_occurrence
from campaigns.domain.stages import stages_errors
from campaigns.models import Campaign, Topic, Workspace
from campaigns.services.errors import Invalid
from campaigns.services.flow_payloads import read_flows
from campaigns.services.goal_payloads import read_exit, read_goal
from campaigns.services.parameters import read_text, read_time
from campaigns.services.segments import read_condition
from campaigns.services.strategies import refuse_unknown
from campaigns.services.trigger_payloads import read_frequency, read_trigger, segment_id
from campaigns.services.workflow_payloads import read_workflow

#: Which section each key belongs to: what `editable_sections` is asked about.
SECTION_OF = {
    "audience": "who", "trigger": "who", "frequency": "who", "strategy": "what", "stages": "what", "windows": "when",
    "channels": "what", "workflow": "what", "flows": "what", "goal": "what", "exit": "what",
    "starts_at": "when", "stops_at": "when", "timezone": "when", "delivery": "when",
    "send_schedule": "when",
    "name": "name", "labels": "labels", "topic": "labels",
}  # fmt: skip
_READ_ELSEWHERE = ("labels", "channels", "send_schedule")


def read_fields(data: Mapping[str, Any], workspace: Workspace, kind: str) -> dict[str, Any]:
    """The campaign's model fields that ``data`` sets; all problems at once in one `Invalid`."""
    problems: dict[str, str] = {}
    values: dict[str, Any] = {}
    # The delivery comes last: of a message it says when it starts.
    for key in sorted(data, key=lambda key: key == "delivery"):
        if key not in SECTION_OF:
            problems[key] = f"Unknown field; known are: {', '.join(SECTION_OF)}."
            continue
        if key in _READ_ELSEWHERE:
            continue
        try:
            values |= _READERS[key](data, workspace, kind)
        except Invalid as error:
            problems |= error.fields
    if values.get("starts_at") and values.get("stops_at") and values["stops_at"] <= values["starts_at"]:
        problems["stops_at"] = "stops_at must be after starts_at."
    if problems:
        raise Invalid(next(iter(problems.values())), problems)
    return values


def _name(data: Mapping[str, Any], workspace: Workspace, kind: str) -> dict[str, Any]:
    return {"name": read_text(data, "name", required="A campaign needs a name.", longest=200)}


def _audience(data: Mapping[str, Any], workspace: Workspace, kind: str) -> dict[str, Any]:
    audience = data["audience"]
    values: dict[str, Any] = {"segment_id": None, "audience_condition": {}, "audience_filter": {}}
    if audience in (None, {}):
        return values
    keys = set(audience) if isinstance(audience, Mapping) else set()
    if len(keys & {"segment", "condition"}) != 1 or keys - {"segment", "condition", "filter"}:
        raise Invalid.field(
            "audience",
            'audience must look like {"segment": 12} or {"condition": …}, with "filter" or without.',
        )
    if "segment" in audience:
        values["segment_id"] = segment_id(audience["segment"], workspace, "audience.segment")
    elif kind == "journey":
        raise Invalid.field(
            "audience.condition", "People enter a journey by a segment: make one of the condition."
        )
    else:
        read_condition(audience["condition"], workspace, "audience.condition")
        values["audience_condition"] = audience["condition"]
    if audience.get("filter"):
        read_condition(audience["filter"], workspace, "audience.filter")
        values["audience_filter"] = audience["filter"]
    return values


def _trigger(data: Mapping[str, Any], workspace: Workspace, kind: str) -> dict[str, Any]:
    if kind != "journey":
        if data["trigger"] in (None, {}):
            return {"trigger": {}}
        where = "each flow has its own, under flows" if kind == "flow" else "choose an audience instead"
        raise Invalid.field("trigger", f"Only a journey has a trigger; {where}.")
    return {"trigger": read_trigger(data["trigger"], workspace)}


def _frequency(data: Mapping[str, Any], workspace: Workspace, kind: str) -> dict[str, Any]:
    return {"frequency": read_frequency(data["frequency"])}


def _workflow(data: Mapping[str, Any], workspace: Workspace, kind: str) -> dict[str, Any]:
    if kind != "journey":
        if data["workflow"] in (None, []):
            return {}
        raise Invalid.field("workflow", "Only a journey has a workflow.")
    return {"workflow": read_workflow(data["workflow"], workspace)}


def _flows(data: Mapping[str, Any], workspace: Workspace, kind: str) -> dict[str, Any]:
    flows = data["flows"] or []
    if kind != "flow" and flows:
        raise Invalid.field("flows", "Only a flow campaign has flows.")

    def read_part(part: str, given: Any) -> Any:
        if part == "frequency":
            return read_frequency(given)
        return (read_trigger if part == "trigger" else read_workflow)(given, workspace)

    return {"flows": read_flows(flows, read_part)}


def _strategy(data: Mapping[str, Any], workspace: Workspace, kind: str) -> dict[str, Any]:
    strategy = read_text(data, "strategy", longest=120)
    if kind != "python" and strategy:
        raise Invalid.field("strategy", "Only a python campaign has a strategy.")
    refuse_unknown(strategy)
    return {"strategy": strategy}


def _stages(data: Mapping[str, Any], workspace: Workspace, kind: str) -> dict[str, Any]:
    return {"stages": _of_python("stages", data["stages"] or [], kind, stages_errors)}


def _windows(data: Mapping[str, Any], workspace: Workspace, kind: str) -> dict[str, Any]:
    return {"windows": _of_python("windows", data["windows"] or [], kind, windows_errors)}


def _of_python(name: str, given: Any, kind: str, errors_of: Callable[[Any], dict[str, str]]) -> Any:
    if kind != "python" and given:
        raise Invalid.field(name, f"Only a python campaign has {name}.")
    if errors := errors_of(given):
        raise Invalid(next(iter(errors.values())), errors)
    return given


def _starts_at(data: Mapping[str, Any], workspace: Workspace, kind: str) -> dict[str, Any]:
    if kind in ("python", "flow") and data["starts_at"]:
        raise Invalid.field("starts_at", f"A {kind} campaign is started by hand.")
    if kind == "outreach" and data["starts_at"]:
        raise Invalid.field("starts_at", "Each channel of an outreach campaign is started by hand.")
    return {"starts_at": read_time(data, "starts_at")}


def _stops_at(data: Mapping[str, Any], workspace: Workspace, kind: str) -> dict[str, Any]:
    if kind == "python" and data["stops_at"]:
        raise Invalid.field("stops_at", "A python campaign is stopped by hand.")
    if kind == "outreach" and data["stops_at"]:
        raise Invalid.field("stops_at", "Each channel of an outreach campaign is stopped by hand.")
    return {"stops_at": read_time(data, "stops_at")}


def _timezone(data: Mapping[str, Any], workspace: Workspace, kind: str) -> dict[str, Any]:
    name = read_text(data, "timezone") or workspace.timezone
    if name not in zoneinfo.available_timezones():
        raise Invalid.field(
            "timezone", f"“{name}” is not a time zone; use a name like Europe/Istanbul or UTC."
        )
    return {"timezone": name}


def _delivery(data: Mapping[str, Any], workspace: Workspace, kind: str) -> dict[str, Any]:
    delivery = data["delivery"]
    if delivery in (None, {}):
        return {"delivery": {}}
    delivery = _as_text(delivery)
    zone = _zone_of(data, workspace)
    if problems := delivery_problems(delivery, kind, zone):
        raise Invalid(next(iter(problems.values())), problems)
    values: dict[str, Any] = {
        "delivery": {key: value for key, value in delivery.items() if value not in (None, "")}
    }
    if delivery["type"] == ONE_TIME:
        values["delivery"].pop("at", None)
        return values | {"starts_at": read_time(delivery, "at")}
    if delivery["type"] == MULTIPLE_DATES:
        values["delivery"]["at"] = sorted(delivery["at"], key=datetime.fromisoformat)
    if delivery["type"] in IN_RUNS:
        first = next_occurrence(values["delivery"], zone)
        return values | {"starts_at": first.at if first else None}
    return values if "starts_at" in data else values | {"starts_at": None}


def first_start(campaign: Campaign) -> datetime | None:
    """The moment of its first run, where its delivery says so; else the start that the campaign has."""
    if campaign.delivery.get("type") not in IN_RUNS:
        return campaign.starts_at
    first = next_occurrence(campaign.delivery, campaign.timezone)
    return first.at if first else None


def _as_text(value: Any) -> Any:
    """A delivery from a form has times where the API has text; kept is text."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: _as_text(inner) for key, inner in value.items()}
    return [_as_text(inner) for inner in value] if isinstance(value, list) else value


def _zone_of(data: Mapping[str, Any], workspace: Workspace) -> str:
    try:
        return str(_timezone(data, workspace, "message")["timezone"])
    except Invalid:  # said where the time zone itself is read
        return workspace.timezone


def _topic(data: Mapping[str, Any], workspace: Workspace, kind: str) -> dict[str, Any]:
    name = read_text(data, "topic")
    found = Topic.objects.filter(workspace=workspace, name__iexact=name).first() if name else None
    if name and found is None:
        raise Invalid.field("topic", f"There is no topic “{name[:60]}” in this workspace.")
    return {"topic_id": found.pk if found else None}


_READERS = {
    "name": _name, "audience": _audience, "trigger": _trigger, "frequency": _frequency, "workflow": _workflow,
    "topic": _topic, "goal": read_goal, "exit": read_exit,
    "flows": _flows, "strategy": _strategy, "stages": _stages, "windows": _windows,
    "starts_at": _starts_at, "stops_at": _stops_at, "timezone": _timezone,
    "delivery": _delivery,
}  # fmt: skip

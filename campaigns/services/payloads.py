"""Reads what a person or program sends to make or change a campaign (the shapes of the HTTP API) into model fields.

Every refusal names the path of the field and says what would be right; nothing unknown is ignored.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from campaigns.domain.deliveries import IN_RUNS, MULTIPLE_DATES, ONE_TIME, delivery_problems
from campaigns.domain.recurrence import next_occurrence
from campaigns.domain.workflow import parse_duration_problem, workflow_errors
from campaigns.models import Campaign, Segment, Topic, Workspace
from campaigns.services.errors import Invalid
from campaigns.services.parameters import read_text, read_time
from campaigns.services.segments import read_condition

#: Which section each key belongs to: what `editable_sections` is asked about.
SECTION_OF = {
    "audience": "who", "trigger": "who", "frequency": "who", "strategy": "what",
    "channels": "what", "workflow": "what", "flows": "what",
    "starts_at": "when", "stops_at": "when", "timezone": "when", "delivery": "when",
    "name": "name", "labels": "labels", "topic": "labels",
}  # fmt: skip
_READ_ELSEWHERE = ("labels", "channels")


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


def segment_id(value: Any, workspace: Workspace, path: str) -> int:
    """The id of a list of this workspace that is not archived."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise Invalid.field(path, "The id of a list must be a whole number.")
    if not Segment.objects.filter(pk=value, workspace=workspace, archived_at__isnull=True).exists():
        raise Invalid.field(path, f"There is no active list {value} in this workspace.")
    return value


def _trigger(data: Mapping[str, Any], workspace: Workspace, kind: str) -> dict[str, Any]:
    trigger = data["trigger"]
    if trigger in (None, {}):
        return {"trigger": {}}
    if kind not in ("journey", "flow"):
        raise Invalid.field("trigger", "Only journeys and flows have a trigger; choose an audience instead.")
    if not isinstance(trigger, Mapping) or trigger.get("type") != "segment":
        raise Invalid.field("trigger.type", "The trigger's type must be segment in this release.")
    unknown = set(trigger) - {"type", "in", "not_in", "filter"}
    if unknown:
        known = "type, in, not_in and filter"
        raise Invalid.field(f"trigger.{sorted(unknown, key=str)[0]}", f"Unknown key; known are {known}.")
    inside = trigger.get("in")
    if not isinstance(inside, list) or not inside or not all(isinstance(g, list) and g for g in inside):
        raise Invalid.field(
            "trigger.in", "A segment trigger needs at least one *in*: a list of lists of ids."
        )
    for row, group in enumerate(inside):
        for column, value in enumerate(group):
            segment_id(value, workspace, f"trigger.in.{row}.{column}")
    outside = trigger.get("not_in") or []
    if not isinstance(outside, list):
        raise Invalid.field("trigger.not_in", "not_in must be a list of ids.")
    for row, value in enumerate(outside):
        segment_id(value, workspace, f"trigger.not_in.{row}")
    values = {"type": "segment", "in": inside, "not_in": outside}
    if trigger.get("filter"):
        read_condition(trigger["filter"], workspace, "trigger.filter")
        values["filter"] = trigger["filter"]
    return {"trigger": values}


def _frequency(data: Mapping[str, Any], workspace: Workspace, kind: str) -> dict[str, Any]:
    frequency = data["frequency"] or {}
    if frequency in ({}, {"once": True}, {"every_time": True}):
        return {"frequency": frequency}
    if isinstance(frequency, Mapping) and set(frequency) == {"at_most_every"}:
        if problem := parse_duration_problem(frequency["at_most_every"]):
            raise Invalid.field("frequency.at_most_every", problem)
        return {"frequency": dict(frequency)}
    raise Invalid.field(
        "frequency", 'frequency must be {"once": true}, {"every_time": true} or {"at_most_every": "30 days"}.'
    )


def _workflow(data: Mapping[str, Any], workspace: Workspace, kind: str) -> dict[str, Any]:
    if kind != "journey":
        if data["workflow"] in (None, []):
            return {}
        raise Invalid.field("workflow", "Only a journey has a workflow.")
    errors = workflow_errors(data["workflow"] or [])
    if errors:
        raise Invalid(next(iter(errors.values())), errors)
    return {"workflow": data["workflow"] or []}


def _flows(data: Mapping[str, Any], workspace: Workspace, kind: str) -> dict[str, Any]:
    flows = data["flows"] or []
    if kind != "flow" and flows:
        raise Invalid.field("flows", "Only a flow campaign has flows.")
    if not isinstance(flows, list) or not all(
        isinstance(flow, Mapping) and flow.get("key") for flow in flows
    ):
        raise Invalid.field("flows", "flows must be a list of objects with key, name, active and workflow.")
    return {"flows": flows}


def _strategy(data: Mapping[str, Any], workspace: Workspace, kind: str) -> dict[str, Any]:
    strategy = read_text(data, "strategy", longest=120)
    if kind != "python" and strategy:
        raise Invalid.field("strategy", "Only a python campaign has a strategy.")
    return {"strategy": strategy}


def _starts_at(data: Mapping[str, Any], workspace: Workspace, kind: str) -> dict[str, Any]:
    if kind == "outreach" and data["starts_at"]:
        raise Invalid.field("starts_at", "Each channel of an outreach campaign is started by hand.")
    return {"starts_at": read_time(data, "starts_at")}


def _stops_at(data: Mapping[str, Any], workspace: Workspace, kind: str) -> dict[str, Any]:
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
    "topic": _topic,
    "flows": _flows, "strategy": _strategy, "starts_at": _starts_at, "stops_at": _stops_at, "timezone": _timezone,
    "delivery": _delivery,
}  # fmt: skip

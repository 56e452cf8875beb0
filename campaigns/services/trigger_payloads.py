"""Reads what lets people into a journey or flow, and how often, from the shape of the HTTP API.

Every refusal names the path of the field and says what would be right. The type of a trigger never changes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from campaigns.domain.condition_reading import LONGEST_EVENT
from campaigns.domain.durations import DurationError, parse_duration_problem
from campaigns.domain.headers import LONGEST_KEY
from campaigns.domain.programs import Program
from campaigns.domain.triggers import (
    ATTRIBUTE,
    DATE,
    EVENT,
    LABELS,
    OBJECT,
    RELATIONSHIP,
    SEGMENT,
    TYPES,
    WEBHOOK,
    kept_condition,
    read_offset,
    type_of,
)
from campaigns.models import Segment, Workspace
from campaigns.services.errors import Invalid
from campaigns.services.segments import read_condition

#: The keys of each type beside ``type``: those that it needs, those that it may have.
KEYS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    SEGMENT: (("in",), ("not_in", "filter")),
    ATTRIBUTE: (("condition",), ()),
    EVENT: (("name",), ("condition",)),
    WEBHOOK: ((), ("condition", "url")),
    OBJECT: (("object_type",), ("condition",)),
    RELATIONSHIP: (("object_type",), ("condition",)),
    DATE: (("attribute", "at"), ("offset",)),
}
_MISSING = {
    "in": "A segment trigger needs at least one *in*: a list of lists of ids.",
    "condition": 'It needs a condition on the person, such as {"attribute": "plan", "op": "eq", "value": "gold"}.',
    "name": "It needs name: the event that lets a person in.",
    "object_type": "It needs object_type: the name of the type of object, such as company.",
    "attribute": "It needs attribute: the key of the attribute that holds each person's date.",
    "at": "It needs at: the time of day by the person's clock, such as 09:00.",
}
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)


def read_trigger(given: object, workspace: Workspace, path: str = "trigger") -> dict[str, Any]:
    """The trigger as it is kept; {} for none. Raises `Invalid` with every problem by its path."""
    if given in (None, {}):
        return {}
    kind = given.get("type") if isinstance(given, Mapping) else None
    if not isinstance(given, Mapping) or not isinstance(kind, str) or kind not in KEYS:
        raise Invalid.field(f"{path}.type", f"The trigger's type must be one of: {', '.join(TYPES)}.")
    needed, possible = KEYS[kind]
    known = ("type", *needed, *possible)
    problems = {
        f"{path}.{key}": f"Unknown key; a trigger of type {kind} knows {', '.join(known)}."
        for key in sorted(map(str, given))
        if key not in known
    }
    kept: dict[str, Any] = {"type": kind}
    for key in (*needed, *possible):
        if given.get(key) in (None, "", [], {}):
            if key in needed:
                problems[f"{path}.{key}"] = _MISSING[key]
            continue
        try:
            kept |= _READERS[key](given, workspace, f"{path}.{key}")
        except Invalid as refused:
            problems |= refused.fields
    if kind == SEGMENT:
        kept.setdefault("not_in", [])
    if problems:
        raise Invalid(next(iter(problems.values())), problems)
    return kept


def segment_id(value: Any, workspace: Workspace, path: str) -> int:
    """The id of a list of this workspace that is not archived."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise Invalid.field(path, "The id of a list must be a whole number.")
    active = Segment.objects.filter(workspace=workspace, archived_at__isnull=True, hidden=False)
    if not 0 < value < 2**63 or not active.filter(pk=value).exists():
        raise Invalid.field(path, f"There is no active list {value} in this workspace.")
    return value


def _inside(given: Mapping[str, Any], workspace: Workspace, path: str) -> dict[str, Any]:
    groups = given["in"]
    if not isinstance(groups, list) or not all(isinstance(group, list) and group for group in groups):
        raise Invalid.field(path, _MISSING["in"])
    for row, group in enumerate(groups):
        for column, value in enumerate(group):
            segment_id(value, workspace, f"{path}.{row}.{column}")
    return {"in": groups}


def _outside(given: Mapping[str, Any], workspace: Workspace, path: str) -> dict[str, Any]:
    lists = given["not_in"]
    if not isinstance(lists, list):
        raise Invalid.field(path, "not_in must be a list of ids.")
    for row, value in enumerate(lists):
        segment_id(value, workspace, f"{path}.{row}")
    return {"not_in": lists}


def _filter(given: Mapping[str, Any], workspace: Workspace, path: str) -> dict[str, Any]:
    read_condition(given["filter"], workspace, path)
    return {"filter": given["filter"]}


def _condition(given: Mapping[str, Any], workspace: Workspace, path: str) -> dict[str, Any]:
    """Of the person; where an event lets people in, of the event too; of an object or relationship, of its attributes."""
    kind = given["type"]
    if kind in (OBJECT, RELATIONSHIP):
        if isinstance(given.get("object_type"), str) and given["object_type"]:
            try:
                read_condition(kept_condition(given), workspace, path)
            except Invalid as refused:
                raise Invalid(refused.message, _from_where(refused.fields, path)) from None
    else:
        read_condition(given["condition"], workspace, path, of_event=kind in (EVENT, WEBHOOK))
    return {"condition": given["condition"]}


def _from_where(fields: Mapping[str, str], path: str) -> dict[str, str]:
    """What is wrong with the leaf that is made of the trigger is said of the trigger's own fields."""
    own = path.rpartition(".")[0]
    renamed = {f"{path}.object": f"{own}.object_type", f"{path}.relationship": f"{own}.object_type"}
    return {renamed.get(at, at.replace(f"{path}.where", path, 1)): text for at, text in fields.items()}


def _object_type(given: Mapping[str, Any], workspace: Workspace, path: str) -> dict[str, Any]:
    name = _name(given["object_type"], path, 60)
    if not given.get("condition"):
        try:
            read_condition(kept_condition(given), workspace, path)
        except Invalid as refused:
            raise Invalid.field(path, refused.message) from None
    return {"object_type": name}


def _event_name(given: Mapping[str, Any], workspace: Workspace, path: str) -> dict[str, Any]:
    name = _name(given["name"], path, LONGEST_EVENT)
    if name.startswith("$"):
        raise Invalid.field(path, "name must not begin with $: those names are the console's own.")
    return {"name": name}


def _attribute(given: Mapping[str, Any], workspace: Workspace, path: str) -> dict[str, Any]:
    return {"attribute": _name(given["attribute"], path, LONGEST_KEY)}


def _name(written: object, path: str, longest: int) -> str:
    if not isinstance(written, str) or not written.strip():
        raise Invalid.field(path, "It must be a name.")
    if len(written) > longest or "\0" in written or any("\ud800" <= one <= "\udfff" for one in written):
        raise Invalid.field(path, f"A name has at most {longest} characters, and none that no text may hold.")
    return written.strip()


def _offset(given: Mapping[str, Any], workspace: Workspace, path: str) -> dict[str, Any]:
    try:
        offset = read_offset(given["offset"])
    except DurationError as error:
        raise Invalid.field(path, str(error)) from None
    if offset.duration is None:
        return {"offset": "0 days"}
    return {"offset": f"{'-' if offset.sign < 0 else ''}{offset.duration}"}


def _at(given: Mapping[str, Any], workspace: Workspace, path: str) -> dict[str, Any]:
    if not isinstance(given["at"], str) or not _CLOCK.fullmatch(given["at"]):
        raise Invalid.field(path, "at must be a time of day such as 09:00.")
    return {"at": given["at"]}


def _url(given: Mapping[str, Any], workspace: Workspace, path: str) -> dict[str, Any]:
    """Shown where a trigger is read, so it may come back with it; the console gives it, nobody sets it."""
    if not isinstance(given["url"], str):
        raise Invalid.field(path, "The console gives the URL; leave it out.")
    return {}


_READERS: dict[str, Callable[[Mapping[str, Any], Workspace, str], dict[str, Any]]] = {
    "in": _inside, "not_in": _outside, "filter": _filter, "condition": _condition, "name": _event_name,
    "object_type": _object_type, "attribute": _attribute, "offset": _offset, "at": _at, "url": _url,
}  # fmt: skip


def read_frequency(given: object, path: str = "frequency") -> dict[str, Any]:
    """How often one person may enter; {}: once by a condition, every time by events and dates. Raises `Invalid`."""
    if given in (None, {}, {"once": True}, {"every_time": True}):
        return dict(given or {})  # type: ignore[call-overload,no-any-return]
    if isinstance(given, Mapping) and set(given) == {"at_most_every"}:
        if problem := parse_duration_problem(given["at_most_every"]):
            raise Invalid.field(f"{path}.at_most_every", problem)
        return dict(given)
    raise Invalid.field(
        path, 'frequency must be {"once": true}, {"every_time": true} or {"at_most_every": "30 days"}.'
    )


def refuse_other_types(before: Sequence[Program], after: Sequence[Program]) -> None:
    """The type of a trigger never changes, nor goes (seed 000): not even in a draft. Raises `Invalid`."""
    was = {program.flow: program.trigger for program in before if program.trigger}
    for index, program in enumerate(after):
        old = was.get(program.flow)
        if old and (not program.trigger or type_of(program.trigger) != type_of(old)):
            kind = type_of(old)
            path = f"flows.{index}.trigger.type" if program.flow else "trigger.type"
            raise Invalid.field(
                path,
                f"The type of a trigger never changes; this one's is {kind} ({LABELS[kind].lower()}). Make another "
                "campaign for another type.",
            )

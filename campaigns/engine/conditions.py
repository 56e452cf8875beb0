"""Conditions as SQL about one person: values are parameters only, and whatever a person's attributes hold, it never fails.

Every leaf is true or false, never null, so that *not* is always the exact opposite.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from campaigns.domain.conditions import (
    OBJECT_FIELDS,
    OPPOSITES,
    PERSON_FIELDS,
    AttributeIs,
    Condition,
    EventDone,
    Group,
    InSegment,
    LabelSent,
    Leaf,
    Not,
    PropertyIs,
    Related,
    equal_values,
    uses_of,
    window_start,
)
from campaigns.domain.moments import moment_of
from campaigns.models import Label, ObjectType, Segment
from channels.models import Channel

#: Where the alias of the person goes.
PERSON = "{person}"
#: The alias of the event that triggers a workflow, in a statement whose condition looks at its properties.
HAPPENED = "happened"
_COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_JOINED = {"all": " AND ", "any": " OR "}
#: At the end of a subquery, and beside a list's id: look it up for each person, by the person (see audience.py).
_EACH, _NOT_BY_LIST = "{each}", "{not_by_list}"
_BY_INDEX = {_EACH: "OFFSET 0", _NOT_BY_LIST: "+ 0"}


@dataclass(frozen=True, slots=True)
class Where:
    """A condition of a WHERE clause; its parameters' names begin with the prefix that was asked for."""

    template: str
    params: dict[str, Any]

    def sql(self, person: str = "p", *, by_index: bool = True) -> str:
        """About the person with this alias of ``campaigns_person``.

        ``by_index``: each looked up, for few people out of many; without it the planner may join as wholes.
        """
        found = self.template.replace(PERSON, person)
        for marker, words in _BY_INDEX.items():
            found = found.replace(marker, words if by_index else "")
        return found


@dataclass(slots=True)
class _Known:
    """What names in conditions stand for in one workspace."""

    everyone: set[int] = field(default_factory=set)
    segments: set[int] = field(default_factory=set)
    channels: dict[str, list[int]] = field(default_factory=dict)
    types: dict[str, int] = field(default_factory=dict)


def compile_condition(
    condition: Condition, workspace_id: int, now: datetime, *, prefix: str = "c", done_after: str = ""
) -> Where:
    """The condition as of ``now``. A segment, label or type that is no longer there has nobody in it.

    ``done_after``: more SQL about the events ``e`` that count, such as those after a message ``d``.
    """
    compiler = _Compiler(_known(workspace_id, condition), now, prefix, done_after)
    template = compiler.compile(condition)
    return Where(template, compiler.params)


def _known(workspace_id: int, condition: Condition) -> _Known:
    used = uses_of(condition)
    known = _Known()
    if used["segments"]:
        rows = Segment.objects.filter(workspace_id=workspace_id, pk__in=used["segments"])
        for pk, kind in rows.values_list("pk", "kind"):
            known.segments.add(pk)
            if kind == Segment.EVERYONE:
                known.everyone.add(pk)
    for name in used["labels"]:
        labels = Label.objects.filter(workspace_id=workspace_id, name__iexact=name)
        channels = Channel.objects.filter(campaign__labels__in=labels).order_by("pk").distinct()
        known.channels[name] = list(channels.values_list("pk", flat=True))
    if used["objects"]:
        types = ObjectType.objects.filter(workspace_id=workspace_id).values_list("name", "pk")
        known.types = {name.lower(): pk for name, pk in types}
    return known


class _Compiler:
    """One compilation: collects the parameters."""

    def __init__(self, known: _Known, now: datetime, prefix: str, done_after: str) -> None:
        self.params: dict[str, Any] = {}
        self._known, self._now, self._prefix, self._done_after = known, now, prefix, done_after
        #: Whose attributes are looked at, and which of them are fields: the person's, inside ``where`` an object's.
        self._subject = PERSON
        self._fields: tuple[str, ...] = PERSON_FIELDS

    def _param(self, value: Any, cast: str = "") -> str:
        name = f"{self._prefix}{len(self.params)}"
        self.params[name] = value
        return f"%({name})s{cast}"

    def compile(self, condition: Condition) -> str:
        match condition:
            case Group(word, parts):
                return f"({_JOINED[word].join(self.compile(part) for part in parts)})"
            case Not(part):
                return f"NOT {self.compile(part)}"
        if condition.op in OPPOSITES:
            return f"NOT {self._leaf(condition, OPPOSITES[condition.op])}"
        return self._leaf(condition, condition.op)

    def _leaf(self, leaf: Leaf, op: str) -> str:
        match leaf:
            case AttributeIs(key, _, value):
                return f"coalesce({self._attribute(key, op, value)}, false)"
            case PropertyIs(key, _, value):
                return f"coalesce({self._property(key, op, value)}, false)"
            case EventDone():
                return self._event(leaf)
            case InSegment(segment, _):
                return self._segment(segment)
            case LabelSent():
                return self._label(leaf)
            case Related():
                return self._related(leaf)

    # --- attributes

    def _attribute(self, key: str, op: str, value: Any) -> str:
        if op in ("eq", "in"):
            return self._equals(key, [value] if op == "eq" else value)
        if key in self._fields:
            held = f"to_jsonb({self._subject}.{key})"
        else:
            held = f"({self._subject}.attributes -> {self._param(key, '::text')})"
        return self._compare(held, op, value)

    def _property(self, key: str, op: str, value: Any) -> str:
        held = f"({HAPPENED}.properties -> {self._param(key, '::text')})"
        if op in ("eq", "in"):
            equal = [one for single in ([value] if op == "eq" else value) for one in equal_values(single)]
            return f"{held} = ANY({self._param([json.dumps(one) for one in equal], '::jsonb[]')})"
        return self._compare(held, op, value)

    def _compare(self, held: str, op: str, value: Any) -> str:
        """What is held (jsonb) compared by any operator but those of equality."""
        if op == "exists":
            return f"""{held} NOT IN ('null'::jsonb, '""'::jsonb)"""
        if op == "contains":
            listed = f"{held} @> {self._param(json.dumps(value), '::jsonb')}"
            found = f"strpos({_text(held)}, {self._param(value, '::text')}) > 0"
            return f"CASE WHEN jsonb_typeof({held}) = 'array' THEN {listed} ELSE {found} END"
        if op == "starts_with":
            return f"starts_with({_text(held)}, {self._param(value, '::text')})"
        if isinstance(value, str):
            moment = self._param(moment_of(value), "::timestamptz")
            return f"campaigns_moment({held}) {_COMPARISONS[op]} {moment}"
        number = self._param(Decimal(repr(value)), "::numeric")
        return f"campaigns_number({held}) {_COMPARISONS[op]} {number}"

    def _equals(self, key: str, values: Iterable[Any]) -> str:
        """Containment, which an index over the attributes serves."""
        equal = [one for value in values for one in equal_values(value)]
        if key in self._fields:
            texts = [one for one in equal if isinstance(one, str)]
            return f"{self._subject}.{key} = ANY({self._param(texts, '::text[]')})"
        objects = [json.dumps({key: one}) for one in equal]
        return f"{self._subject}.attributes @> ANY({self._param(objects, '::jsonb[]')})"

    # --- objects, events, segments, labels

    def _related(self, leaf: Related) -> str:
        kind = self._known.types.get(leaf.type.lower())
        if kind is None:
            return "false"
        where = ""
        if leaf.where:
            before = self._subject, self._fields
            self._subject, self._fields = ("o", OBJECT_FIELDS) if leaf.by == "object" else ("r", ())
            where = f" AND {self.compile(leaf.where)}"
            self._subject, self._fields = before
        # By the person, never by the type: see audience.py.
        return (
            "EXISTS (SELECT 1 FROM campaigns_relationship r JOIN campaigns_relatedobject o ON o.id = r.object_id"
            f" WHERE r.person_id = {PERSON}.id AND o.type_id {_NOT_BY_LIST} = {self._param(kind, '::bigint')}"
            f"{where} {_EACH})"
        )

    def _event(self, leaf: EventDone) -> str:
        where = f"e.person_id = {PERSON}.id AND e.name = {self._param(leaf.name, '::text')}"
        since = window_start(leaf.within, self._now)
        if since:
            where += f" AND e.occurred_at > {self._param(since, '::timestamptz')}"
        where += f" {self._done_after}" if self._done_after else ""
        if leaf.at_least == 1:
            return f"EXISTS (SELECT 1 FROM campaigns_event e WHERE {where} {_EACH})"
        times = self._param(leaf.at_least, "::int")
        return (
            f"(SELECT count(*) FROM (SELECT 1 FROM campaigns_event e WHERE {where} LIMIT {times}) done)"
            f" >= {times}"
        )

    def _segment(self, segment: int) -> str:
        if segment not in self._known.segments:
            return "false"
        if segment in self._known.everyone:
            return "true"
        # By the person, never by the list: see audience.py.
        return (
            f"EXISTS (SELECT 1 FROM campaigns_segmentmember i WHERE i.person_id = {PERSON}.id"
            f" AND i.segment_id {_NOT_BY_LIST} = {self._param(segment, '::bigint')} {_EACH})"
        )

    def _label(self, leaf: LabelSent) -> str:
        channels = self._known.channels[leaf.label]
        if not channels:
            return "false"
        since = window_start(leaf.within, self._now)
        recent = f" AND d.sent_at > {self._param(since, '::timestamptz')}" if since else ""
        return (
            f"EXISTS (SELECT 1 FROM channels_delivery d WHERE d.person_id = {PERSON}.id AND d.status = 'sent'"
            f" AND d.channel_id = ANY({self._param(channels, '::bigint[]')}){recent} {_EACH})"
        )


def _text(held: str) -> str:
    """What a scalar looks like as text; null for lists and objects."""
    return f"CASE WHEN jsonb_typeof({held}) IN ('string', 'number', 'boolean') THEN {held} #>> '{{}}' END"

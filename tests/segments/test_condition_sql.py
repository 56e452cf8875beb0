"""Conditions as SQL: they agree with an evaluation by hand, whatever people's attributes hold."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from campaigns.domain.condition_reading import parse_condition
from campaigns.engine.conditions import compile_condition
from campaigns.models import (
    Event,
    Label,
    ObjectType,
    Person,
    RelatedObject,
    Relationship,
    Segment,
    SegmentMember,
)
from channels.models import Delivery
from tests.engine.world import make_campaign, make_channel, make_workspace
from tests.segments.naive import Somebody, meets

pytestmark = [pytest.mark.django_db, pytest.mark.engine]

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
#: What a column of a million people really holds, sooner or later.
NASTY: list[Any] = [
    "gold", "Gold", "", " ", "42", "42.0", "042", "-7", "1e3", "NaN", "infinity", ".", "-", "1.", ".5", "9" * 40,
    "true", "false", "null", "2026-01-31", "2026-02-30", "2024-02-29", "2026-01-31T09:00:00+01:00", "2026-01-31 08:00",
    "0000-00-00", "now", "today", "12:00", "'; DROP TABLE campaigns_person; --", "%", "_", "\\", "%(x)s", "{person}",
    "ünï", "gold\n", "❤", 42, 42.5, -7, 0, 1, True, False, None, [], ["gold"], ["gold", 42], [["gold"]], {},
    {"gold": 1}, {"plan": "gold"},
]  # fmt: skip
KEYS = ["plan", "age", "born", "vip", "a.b", 'quo"te', "email"]
NAMES = ["purchase", "visit"]
LABELS = ["Onboarding", "Sale"]
TYPES = ["company", "Account"]


class World:
    """Random people with events, lists and messages, in the database and as plain data."""

    def __init__(self, number: int = 120) -> None:
        chance = random.Random(7)
        self.workspace = make_workspace()
        self.lists = [Segment.objects.create(workspace=self.workspace, name=f"L{n}") for n in range(3)]
        self.channels = {}
        for name in LABELS:
            campaign = make_campaign(self.lists[0], name=name)
            campaign.labels.add(Label.objects.create(workspace=self.workspace, name=name))
            self.channels[name] = make_channel(campaign)
        kinds = [ObjectType.objects.create(workspace=self.workspace, name=name) for name in TYPES]
        self.objects = [(kind.name, self._object(kind, n, chance)) for kind in kinds for n in range(8)]
        self.people: dict[int, Somebody] = {}
        for index in range(number):
            self._add(index, chance)

    def _add(self, index: int, chance: random.Random) -> None:
        keys = chance.sample(KEYS[:-1], chance.randint(0, 6))
        attributes = {key: chance.choice(NASTY) for key in keys}
        fields = {
            "external_id": f"p{index}",
            "email": chance.choice(["", "a@x.test", "42"]),
            "phone": "",
            "timezone": "",
        }
        person = Person.objects.create(workspace=self.workspace, attributes=attributes, **fields)
        who = Somebody(fields, json.loads(json.dumps(attributes)))
        for _ in range(chance.choice([0, 0, 1, 3])):
            who.events.append((chance.choice(NAMES), self._time(chance)))
        for segment in chance.sample(self.lists, chance.randint(0, 2)):
            who.segments.add(segment.pk)
            SegmentMember.objects.create(segment=segment, person=person, since=NOW)
        for label in chance.sample(LABELS, chance.choice([0, 1, 2])):
            self._send(who, person, label, chance)
        for name, thing in chance.sample(self.objects, chance.choice([0, 0, 1, 3])):
            role = {key: chance.choice(NASTY) for key in chance.sample(KEYS, 2)}
            Relationship.objects.create(object=thing, person=person, attributes=role, since=NOW)
            fields = {"external_id": thing.external_id}
            who.related.append((name, fields, json.loads(json.dumps(thing.attributes)), role))
        Event.objects.bulk_create(
            Event(workspace=self.workspace, person=person, name=name, occurred_at=when, received_at=NOW)
            for name, when in who.events
        )
        self.people[person.pk] = who

    @staticmethod
    def _object(kind: ObjectType, index: int, chance: random.Random) -> RelatedObject:
        attributes = {key: chance.choice(NASTY) for key in chance.sample(KEYS, 3)}
        return RelatedObject.objects.create(type=kind, external_id=f"{index}", attributes=attributes)

    def _send(self, who: Somebody, person: Person, label: str, chance: random.Random) -> None:
        status = chance.choice(["sent", "sent", "failed", "pending"])
        when = self._time(chance) if status == "sent" else None
        Delivery.objects.create(
            channel=self.channels[label], person=person, status=status, sent_at=when, due_at=NOW
        )
        if when:
            who.sent.append((label, when))

    @staticmethod
    def _time(chance: random.Random) -> datetime:
        return NOW - timedelta(
            days=chance.choice([0, 1, 2, 7, 28, 29, 30, 31, 60, 400]), minutes=chance.choice([0, 1])
        )


texts = some.sampled_from(
    [value for value in NASTY if isinstance(value, str) and value and "\0" not in value]
)
numbers = some.sampled_from([42, 42.5, 42.0, -7, 0, 1, 0.1, 1000])
dates = some.sampled_from(["2026-01-31", "2024-02-29", "2026-01-31T08:00:00Z", "2030-01-01"])
scalars = texts | numbers | some.booleans()
withins = some.none() | some.sampled_from(
    ["1 day", "30 days", "1 month", "2 weeks", "90 minutes", "12 months"]
)


def _leaf(kind: str, **parts: Any) -> some.SearchStrategy[dict[str, Any]]:
    given_parts = some.fixed_dictionaries(parts)
    return given_parts.map(lambda found: {key: value for key, value in found.items() if value is not None})


def attributes(keys: some.SearchStrategy[str]) -> some.SearchStrategy[dict[str, Any]]:
    return some.one_of(
        _leaf("attribute", attribute=keys, op=some.sampled_from(["eq", "ne"]), value=scalars),
        _leaf("attribute", attribute=keys, op=some.sampled_from(["gt", "gte", "lt", "lte"]), value=numbers | dates),
        _leaf("attribute", attribute=keys, op=some.sampled_from(["contains", "starts_with"]), value=texts),
        _leaf("attribute", attribute=keys, op=some.just("in"), value=some.lists(scalars, min_size=1, max_size=3)),
        _leaf("attribute", attribute=keys, op=some.sampled_from(["exists", "not_exists"])),
    )  # fmt: skip


def related() -> some.SearchStrategy[dict[str, Any]]:
    where = attributes(some.sampled_from([*KEYS, "external_id"]))
    asked = some.none() | where | where.map(lambda one: {"not": one})
    asked |= some.lists(where, min_size=1, max_size=2).map(lambda parts: {"any": parts})
    types = some.sampled_from(["Company", "account"])
    ops = some.sampled_from([None, "related", "not_related"])
    return _leaf("object", object=types, op=ops, where=asked) | _leaf(
        "relationship", relationship=types, op=ops, where=asked
    )


def leaves(lists: list[int]) -> some.SearchStrategy[dict[str, Any]]:
    keys = some.sampled_from(KEYS)
    return some.one_of(
        attributes(keys),
        related(),
        _leaf("event", event=some.sampled_from(NAMES), op=some.sampled_from(["done", "not_done"]), within=withins,
              at_least=some.none() | some.integers(1, 3)),
        _leaf("segment", segment=some.sampled_from(lists), op=some.sampled_from(["in", "not_in"])),
        _leaf("label", label=some.sampled_from(LABELS), op=some.sampled_from(["sent", "not_sent"]), within=withins),
    )  # fmt: skip


def conditions(lists: list[int]) -> some.SearchStrategy[dict[str, Any]]:
    def grow(inner: some.SearchStrategy[dict[str, Any]]) -> some.SearchStrategy[dict[str, Any]]:
        several = some.lists(inner, min_size=1, max_size=3)
        return (
            several.map(lambda parts: {"all": parts})
            | several.map(lambda parts: {"any": parts})
            | inner.map(lambda part: {"not": part})
        )

    return some.recursive(leaves(lists), grow, max_leaves=6)


def found_by_sql(world: World, condition: dict[str, Any], *, by_index: bool = True) -> set[int]:
    where = compile_condition(parse_condition(condition), world.workspace.pk, NOW)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT p.id FROM campaigns_person p WHERE p.workspace_id = %(workspace)s AND {where.sql(by_index=by_index)}",
            where.params | {"workspace": world.workspace.pk},
        )
        return {pk for (pk,) in cursor.fetchall()}


def test_the_sql_agrees_with_an_evaluation_by_hand() -> None:
    world = World()
    lists = [segment.pk for segment in world.lists]

    @settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(conditions(lists), some.booleans())
    def agrees(condition: dict[str, Any], by_index: bool) -> None:
        expected = {pk for pk, who in world.people.items() if meets(who, condition, NOW)}
        assert found_by_sql(world, condition, by_index=by_index) == expected

    agrees()


@pytest.mark.parametrize("op", ["eq", "ne", "contains", "starts_with", "gt", "gte", "lt", "lte", "in"])
def test_every_value_against_every_other(op: str) -> None:
    """Each operator with each value that it takes, over people who hold each of the values: nothing ever fails."""
    world = World(0)
    for index, held in enumerate(NASTY):
        person = Person.objects.create(
            workspace=world.workspace, external_id=str(index), attributes={"x": held}
        )
        world.people[person.pk] = Somebody({}, {"x": held})
    wanted: list[Any] = [value for value in NASTY if isinstance(value, str | int | float) and value != ""]
    if op in ("gt", "gte", "lt", "lte"):
        wanted = [42, 42.0, -7, 0.5, "2026-01-31", "2026-01-31T08:00:00Z"]
    elif op in ("contains", "starts_with"):
        wanted = [value for value in wanted if isinstance(value, str)]
    for value in wanted:
        condition = {"attribute": "x", "op": op, "value": [value] if op == "in" else value}
        expected = {pk for pk, who in world.people.items() if meets(who, condition, NOW)}
        assert found_by_sql(world, condition) == expected, condition


def test_what_is_no_longer_there_has_nobody_in_it() -> None:
    world = World(5)
    other = Segment.objects.create(workspace=make_workspace("other"), name="Theirs", kind=Segment.EVERYONE)
    for leaf in (
        {"segment": 999_999, "op": "in"},
        {"segment": other.pk, "op": "in"},
        {"label": "Gone", "op": "sent"},
    ):
        assert found_by_sql(world, leaf) == set()
        assert found_by_sql(world, {"not": leaf}) == set(world.people)


def test_labels_are_found_whatever_their_case() -> None:
    world = World(30)
    upper = {"label": "ONBOARDING", "op": "sent"}
    assert found_by_sql(world, upper) == found_by_sql(world, {**upper, "label": "Onboarding"}) != set()


def test_nothing_that_was_typed_becomes_sql() -> None:
    nasty = "x'); DROP TABLE campaigns_person; --"
    leaf = {"attribute": nasty, "op": "eq", "value": nasty}
    where = compile_condition(parse_condition({"all": [leaf, {"event": nasty, "op": "done"}]}), 1, NOW)
    assert "DROP" not in where.template and nasty in where.params.values()

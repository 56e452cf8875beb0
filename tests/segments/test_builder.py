"""The builder of conditions: rows and blocks to a condition and back, and what they offer."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.domain.condition_blocks import Asked, Block, Draft, Row, blocks_of, condition_of
from campaigns.domain.condition_reading import parse_condition
from campaigns.engine.vocabulary import attribute_types, event_names
from tests.segments.ground import GOLD, do, identify

AGE = {"attribute": "age", "op": "gte", "value": 18}
VIP = {"attribute": "vip", "op": "eq", "value": True}
BOUGHT = {"event": "purchase", "op": "done", "within": "30 days", "at_least": 2}
SENT = {"label": "Onboarding", "op": "not_sent", "within": "2 weeks"}
INSIDE = {"segment": 7, "op": "in"}
COMPANY = {"object": "company", "op": "related", "where": {"attribute": "size", "op": "gt", "value": 10}}
ROLE = {
    "relationship": "company",
    "op": "not_related",
    "where": {"attribute": "role", "op": "in", "value": ["a", "b"]},
}
SEVERAL = {
    "all": [{"attribute": "size", "op": "gt", "value": 10}, GOLD, {"attribute": "city", "op": "exists"}]
}
TYPES = {"plan": "text", "age": "number", "vip": "boolean", "born": "date"}


def _type_of(name: str) -> str:
    return TYPES.get(name, "")


@pytest.mark.parametrize(
    "condition",
    [
        GOLD, AGE, VIP, BOUGHT, SENT, INSIDE, COMPANY, ROLE, {"object": "company", "op": "not_related"},
        {"object": "company", "op": "related", "where": SEVERAL},
        {"relationship": "company", "op": "not_related", "where": {"any": [GOLD, AGE]}},
        {"all": [GOLD, {"object": "company", "op": "related", "where": {"any": [GOLD, AGE, VIP]}}]},
        {"object": "company", "op": "related", "where": {"attribute": "seats", "op": "in", "value": [1, "2", True]}},
        {"attribute": "plan", "op": "in", "value": ["a", "b"]},
        {"attribute": "plan", "op": "not_exists"},
        {"attribute": "born", "op": "lt", "value": "2000-01-01"},
        {"attribute": "age", "op": "eq", "value": 1.5},
        {"all": [GOLD, AGE]}, {"any": [GOLD, BOUGHT, SENT]}, {"not": GOLD}, {"not": {"any": [GOLD, AGE]}},
        {"all": [GOLD, {"any": [AGE, VIP]}, {"not": {"all": [BOUGHT, INSIDE]}}]},
    ],
)  # fmt: skip
def test_a_condition_survives_the_builder(condition: dict[str, Any]) -> None:
    draft = blocks_of(condition)
    assert draft is not None
    assert condition_of(draft, _type_of) == condition
    assert parse_condition(condition_of(draft, _type_of, plain=False))


@pytest.mark.parametrize(
    "condition",
    [
        {"all": [{"any": [{"all": [GOLD, AGE]}, VIP]}, GOLD]},
        {"not": {"not": GOLD}},
        {"object": "company", "op": "related", "where": {"all": [GOLD, {"not": AGE}]}},
        {"object": "company", "op": "related", "where": {"any": [GOLD, {"all": [AGE, VIP]}]}},
        {"object": "company", "op": "related", "where": {"not": GOLD}},
        {"object": "company", "op": "related", "where": {"attribute": " plan", "op": "exists"}},
        {"attribute": "plan", "op": "in", "value": ["a, b"]},
        {"attribute": "plan", "op": "eq", "value": " gold"},
        {"attribute": "plan", "op": "in", "value": [f"plan number {n}" for n in range(200)]},
    ],
)
def test_what_the_page_cannot_show_is_left_to_programs(condition: dict[str, Any]) -> None:
    assert blocks_of(condition) is None


@pytest.mark.parametrize(
    ("written", "typed", "value"),
    [
        ("10", "10", 10), ("10", "11", "11"), ("true", "true", True), ("", "10", "10"), ("[1]", "1", "1"), ("{", "x", "x"),
        ('{"a": 1}', "x", "x"), ("[" * 1_500, "x", "x"), ('[{"a": 1}]', "x", "x"), ("null", "x", "x"),
        ("1" + "0" * 400, "x", "x"), ("NaN", "x", "x"),
    ],
)  # fmt: skip
def test_a_value_stays_what_it_was_as_long_as_its_text_stands_there(
    written: str, typed: str, value: object
) -> None:
    row = Row("object", "company", asked=[Asked("seats", "eq", typed, written)])
    assert condition_of(Draft("all", [Block("all", False, [row])]), _type_of)["where"]["value"] == value


@pytest.mark.django_db
def test_attributes_have_the_type_that_they_hold(creator: Any) -> None:
    people = {
        f"p{n}": {"age": n, "plan": "gold", "vip": n > 3, "born": "2001-02-03", "tags": ["a"], "zip": "01234",
                  "mixed": "x" if n % 2 else 5, "none": None, "deep": {"a": 1}}
        for n in range(20)
    }  # fmt: skip
    identify(creator.workspace, **people)
    for name in ("visit", "purchase", "visit"):
        do(creator.workspace, "p1", name)
    found = attribute_types(creator.workspace.pk)
    assert {name: found[name] for name in ("age", "plan", "vip", "born", "tags", "zip", "mixed", "email")} == {
        "age": "number", "plan": "text", "vip": "boolean", "born": "date", "tags": "list", "zip": "number",
        "mixed": "text", "email": "text",
    }  # fmt: skip
    assert "none" not in found and "deep" not in found
    assert event_names(creator.workspace.pk) == ["purchase", "visit"]

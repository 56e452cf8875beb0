"""The condition language of interface.md: what is accepted, what is refused and where, what it says in words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from campaigns.domain.condition_reading import DEEPEST, MOST_LEAVES, ConditionProblems, parse_condition
from campaigns.domain.conditions import in_words, uses_of, window_start
from campaigns.domain.durations import parse_duration
from campaigns.domain.moments import moment_of

PLAN = {"attribute": "plan", "op": "eq", "value": "gold"}
BOUGHT = {"event": "purchase", "op": "done", "within": "30 days", "at_least": 2}


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (PLAN, "plan is “gold”"),
        ({"attribute": "age", "op": "gte", "value": 18}, "age is at least 18"),
        ({"attribute": "born", "op": "lt", "value": "2000-01-31"}, "born is before “2000-01-31”"),
        ({"attribute": "vip", "op": "ne", "value": True}, "vip is not true"),
        ({"attribute": "plan", "op": "in", "value": ["a", 1]}, "plan is one of “a”, 1"),
        ({"attribute": "plan", "op": "exists"}, "plan is known"),
        (BOUGHT, "has done “purchase” at least 2 times within 30 days"),
        ({"event": "purchase", "op": "not_done"}, "has not done “purchase”"),
        ({"segment": 7, "op": "not_in"}, "is not in “Friends”"),
        ({"label": "Onboarding", "op": "sent", "within": "1 week"},
         "was sent a message labelled “Onboarding” within 1 week"),
        ({"object": "company"}, "is related to a “company”"),
        ({"object": "company", "op": "not_related", "where": PLAN},
         "is not related to a “company” where plan is “gold”"),
        ({"relationship": "company", "where": {"all": [PLAN, {"attribute": "role", "op": "exists"}]}},
         "is related to a “company” by a relationship where (plan is “gold” and role is known)"),
        ({"all": [PLAN, {"any": [BOUGHT, {"not": PLAN}]}]},
         "plan is “gold” and (has done “purchase” at least 2 times within 30 days or not (plan is “gold”))"),
    ],
)  # fmt: skip
def test_in_words(condition: dict[str, Any], words: str) -> None:
    assert in_words(parse_condition(condition), {7: "Friends"}) == words


def _nested(levels: int) -> dict[str, Any]:
    return PLAN if levels == 1 else {"not": _nested(levels - 1)}


@pytest.mark.parametrize(
    ("condition", "path"),
    [
        (None, "condition"),
        ([], "condition"),
        ("plan", "condition"),
        ({}, "condition"),
        ({"attribute": "plan", "event": "x"}, "condition"),
        ({"all": [], "any": []}, "condition"),
        ({"all": []}, "condition.all"),
        ({"any": PLAN}, "condition.any"),
        ({"all": [PLAN, 7]}, "condition.all.1"),
        ({"all": [PLAN], "more": 1}, "condition.more"),
        ({"object": ""}, "condition.object"),
        ({"object": "company", "op": "in"}, "condition.op"),
        ({"object": "company", "relationship": "company"}, "condition"),
        ({"object": "company", "within": "1 day"}, "condition.within"),
        ({"object": "company", "where": []}, "condition.where"),
        ({"object": "company", "where": BOUGHT}, "condition.where"),
        ({"object": "company", "where": {"all": [PLAN, {"segment": 1, "op": "in"}]}}, "condition.where.all.1"),
        ({"relationship": "company", "where": {**PLAN, "op": "like"}}, "condition.where.op"),
        ({"not": [PLAN]}, "condition.not"),
        ({**PLAN, "extra": 1}, "condition.extra"),
        ({**PLAN, "op": "like"}, "condition.op"),
        ({**PLAN, "op": None}, "condition.op"),
        ({**PLAN, "op": ["eq"]}, "condition.op"),
        ({"attribute": "plan", "value": "x"}, "condition.op"),
        ({**PLAN, "attribute": 7}, "condition.attribute"),
        ({**PLAN, "attribute": ""}, "condition.attribute"),
        ({**PLAN, "attribute": "x" * 300}, "condition.attribute"),
        ({**PLAN, "value": None}, "condition.value"),
        ({**PLAN, "value": {}}, "condition.value"),
        ({**PLAN, "value": "a\0"}, "condition.value"),
        ({**PLAN, "value": "\ud800"}, "condition.value"),
        ({**PLAN, "value": float("nan")}, "condition.value"),
        ({**PLAN, "value": 10**20}, "condition.value"),
        ({**PLAN, "value": "x" * 501}, "condition.value"),
        ({**PLAN, "op": "exists"}, "condition.value"),
        ({**PLAN, "op": "in"}, "condition.value"),
        ({**PLAN, "op": "in", "value": []}, "condition.value"),
        ({**PLAN, "op": "in", "value": ["a", None]}, "condition.value.1"),
        ({**PLAN, "op": "contains", "value": 5}, "condition.value"),
        ({**PLAN, "op": "gt", "value": "much"}, "condition.value"),
        ({**PLAN, "op": "gt", "value": "2026-02-31"}, "condition.value"),
        ({**PLAN, "op": "lte", "value": True}, "condition.value"),
        ({"event": "x", "op": "did"}, "condition.op"),
        ({"event": 1, "op": "done"}, "condition.event"),
        ({"event": "x", "op": "done", "within": "soon"}, "condition.within"),
        ({"event": "x", "op": "done", "within": 30}, "condition.within"),
        ({"event": "x", "op": "done", "at_least": 0}, "condition.at_least"),
        ({"event": "x", "op": "done", "at_least": True}, "condition.at_least"),
        ({"event": "x", "op": "done", "value": 1}, "condition.value"),
        ({"segment": "7", "op": "in"}, "condition.segment"),
        ({"segment": True, "op": "in"}, "condition.segment"),
        ({"segment": 0, "op": "in"}, "condition.segment"),
        ({"segment": 7, "op": "sent"}, "condition.op"),
        ({"label": "x" * 61, "op": "sent"}, "condition.label"),
        ({"label": "x", "op": "sent", "at_least": 2}, "condition.at_least"),
        (_nested(DEEPEST + 1), "condition" + ".not" * DEEPEST),
        ({"all": [PLAN] * (MOST_LEAVES + 1)}, "condition.all"),
        ({"all": [{"any": [PLAN] * 60}, {"any": [PLAN] * 60}]}, "condition.all.1.any.40"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_its_path(condition: object, path: str) -> None:
    with pytest.raises(ConditionProblems) as refused:
        parse_condition(condition)
    assert path in refused.value.problems
    assert all(problem.endswith(".") or "“" in problem for problem in refused.value.problems.values())


def test_every_problem_is_named_at_once() -> None:
    with pytest.raises(ConditionProblems) as refused:
        parse_condition({"all": [{**PLAN, "op": "x"}, {"event": "", "op": "done"}]}, "filter")
    assert set(refused.value.problems) == {"filter.all.0.op", "filter.all.1.event"}


def test_the_deepest_and_the_largest_are_accepted() -> None:
    assert parse_condition(_nested(DEEPEST))
    assert parse_condition({"all": [PLAN] * MOST_LEAVES})


def test_what_a_condition_looks_at() -> None:
    condition = {"all": [PLAN, BOUGHT, {"not": {"segment": 3, "op": "in"}}, {"label": "L", "op": "sent"}]}
    assert uses_of(parse_condition(condition)) == {
        "attributes": ["plan"], "events": ["purchase"], "segments": [3], "labels": ["L"], "objects": [],
    }  # fmt: skip


def test_months_are_calendar_months() -> None:
    now = datetime(2026, 3, 31, 12, tzinfo=UTC)
    assert window_start(parse_duration("1 month"), now) == datetime(2026, 2, 28, 12, tzinfo=UTC)
    assert window_start(None, now) is None


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2024-02-29T08:30", datetime(2024, 2, 29, 8, 30, tzinfo=UTC)),
        ("2026-01-31 09:00:00.5+01:00", datetime(2026, 1, 31, 8, 0, 0, 500000, tzinfo=UTC)),
        ("2026-01-31T09:00:00Z", datetime(2026, 1, 31, 9, tzinfo=UTC)),
        ("2023-02-29", None), ("2026-13-01", None), ("2026-1-1", None), ("31.01.2026", None), ("", None), (7, None),
        ("2026-01-31T25:00", None), ("9999-12-31", None), ("0001-01-01", None), ("2026-01-31\n", None),
    ],
)  # fmt: skip
def test_dates_as_attributes_hold_them(text: object, moment: datetime | None) -> None:
    assert moment_of(text) == moment

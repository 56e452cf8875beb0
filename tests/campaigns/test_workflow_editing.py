"""Drawing a workflow: every change by its place, nothing else touched, keys never given twice."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.domain.steps import branches_of
from campaigns.domain.workflow import DEEPEST, steps_in
from campaigns.domain.workflow_editing import (
    EditError,
    chosen,
    duplicated,
    gaps_of,
    inserted,
    key_maker,
    moved,
    nudged,
    removed,
    with_fresh_keys,
)


def step(key: str) -> dict[str, Any]:
    return {"key": key, "type": "delay", "for": "1 days"}


def branch(key: str, then: list[Any], otherwise: list[Any]) -> dict[str, Any]:
    return {
        "key": key,
        "type": "branch",
        "if": {"attribute": "a", "op": "exists"},
        "then": then,
        "else": otherwise,
    }


def split(key: str, *ways: list[Any]) -> dict[str, Any]:
    variants = [{"name": "AB"[at], "weight": 1, "steps": steps} for at, steps in enumerate(ways)]
    return {"key": key, "type": "split", "variants": variants}


def drawn(workflow: Any) -> str:
    """The tree in letters: ``a f(b|c) d``."""
    parts = []
    for one in workflow:
        ways = branches_of(one)
        inside = f"({'|'.join(drawn(steps) for _, _, steps in ways)})" if ways else ""
        parts.append(one["key"] + inside)
    return " ".join(parts)


TREE = [step("a"), branch("f", [step("b")], [split("s", [step("c")], [])]), step("d")]


def test_the_tree_of_these_tests() -> None:
    assert drawn(TREE) == "a f(b|s(c|)) d"


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("workflow.0", "x a f(b|s(c|)) d"),
        ("workflow.3", "a f(b|s(c|)) d x"),
        ("workflow.1.then.0", "a f(x b|s(c|)) d"),
        ("workflow.1.then.1", "a f(b x|s(c|)) d"),
        ("workflow.1.else.1", "a f(b|s(c|) x) d"),
        ("workflow.1.else.0.variants.1.steps.0", "a f(b|s(c|x)) d"),
    ],
)
def test_a_step_is_put_at_any_place(place: str, expected: str) -> None:
    before = copy.deepcopy(TREE)
    assert drawn(inserted(TREE, place, [step("x")])) == expected
    assert before == TREE, "what was given stays as it was"


@pytest.mark.parametrize(
    "place",
    [
        "", "workflow", "workflow.4", "workflow.0.then.0", "workflow.1.if.0", "workflow.1.then.-1", "flows.0",
        "workflow.1.then",
    ],
)  # fmt: skip
def test_a_place_that_is_not_there_is_refused(place: str) -> None:
    with pytest.raises(EditError):
        inserted(TREE, place, [step("x")])


@pytest.mark.parametrize(
    ("key", "down", "expected"),
    [
        ("a", True, "f(a b|s(c|)) d"),
        ("a", False, "a f(b|s(c|)) d"),
        ("d", True, "a f(b|s(c|)) d"),
        ("d", False, "a f(b|s(c|) d)"),
        ("b", True, "a f(|b s(c|)) d"),
        ("b", False, "a b f(|s(c|)) d"),
        ("c", True, "a f(b|s(|c)) d"),
        ("c", False, "a f(b|c s(|)) d"),
        ("s", True, "a f(b|) s(c|) d"),
        ("s", False, "a f(b s(c|)|) d"),
        ("f", True, "a d f(b|s(c|))"),
        ("f", False, "f(b|s(c|)) a d"),
    ],
)
def test_one_place_up_or_down_leads_into_branches_and_out_of_them(
    key: str, down: bool, expected: str
) -> None:
    assert drawn(nudged(TREE, key, down)) == expected


def test_pressing_down_often_enough_reaches_every_place_and_ends_at_the_bottom() -> None:
    workflow, seen = TREE, []
    for _ in range(20):
        workflow = nudged(workflow, "a", True)
        seen.append(drawn(workflow))
    assert seen[-1] == "f(b|s(c|)) d a"
    assert len(set(seen)) == len(gaps_of(removed(TREE, "a"))) - 1


@pytest.mark.parametrize(
    ("key", "place", "expected"),
    [
        ("a", "workflow.2", "f(b|s(c|)) a d"),
        ("a", "workflow.1.else.0.variants.1.steps.0", "f(b|s(c|a)) d"),
        ("c", "workflow.0", "c a f(b|s(|)) d"),
        ("f", "workflow.0", "f(b|s(c|)) a d"),
        ("b", "workflow.1.then.0", "a f(b|s(c|)) d"),
    ],
)
def test_a_step_moves_with_all_that_is_inside_it(key: str, place: str, expected: str) -> None:
    assert drawn(moved(TREE, key, place)) == expected


def test_a_step_does_not_move_into_itself() -> None:
    with pytest.raises(EditError, match="into itself"):
        moved(TREE, "f", "workflow.1.else.0.variants.0.steps.0")


def test_a_copy_stands_right_behind_under_keys_that_nobody_has() -> None:
    used = [place.step["key"] for place in steps_in(TREE)]
    made, key = duplicated(TREE, "f", key_maker(used))
    assert drawn(made) == "a f(b|s(c|)) branch-1(delay-1|split-1(delay-2|)) d"
    assert key == "branch-1"


def test_keys_of_a_campaign_that_has_run_end_in_a_token() -> None:
    tokens = iter(["aaa", "aaa", "bbb"])
    make = key_maker({"delay-aaa"}, lambda: next(tokens))
    assert make("delay") == "delay-bbb"
    assert with_fresh_keys([step("x")], key_maker({"delay-1"}))[0]["key"] == "delay-2"


def test_chosen_steps_come_once_with_what_is_inside() -> None:
    assert drawn(chosen(TREE, {"s", "c", "d"})) == "s(c|) d"
    assert chosen(TREE, {"nothing"}) == []


def test_what_would_be_too_large_or_too_deep_is_refused() -> None:
    with pytest.raises(EditError, match="at most 200"):
        inserted(TREE, "workflow.0", [step(f"k{n}") for n in range(200)])
    deep: list[Any] = []
    place = "workflow.0"
    for level in range(DEEPEST + 1):
        deep = inserted(deep, place, [branch(f"b{level}", [], [])])
        place += ".then.0"
    assert place not in [gap.place for gap in gaps_of(deep)]
    with pytest.raises(EditError, match="levels deep"):
        inserted(deep, place, [step("x")])


@st.composite
def trees(draw: Any, depth: int = 0) -> list[dict[str, Any]]:
    found = []
    for _ in range(draw(st.integers(0, 3))):
        kind = draw(st.sampled_from(["step", "branch", "split"] if depth < 3 else ["step"]))
        inside = [draw(trees(depth + 1)) for _ in range(2)] if kind != "step" else []
        made = {"step": step, "branch": branch, "split": split}[kind]
        found.append(made("", *inside))
    return found


@given(trees(), st.data())
def test_whatever_is_moved_wherever_all_steps_are_still_there_once(tree: Any, data: Any) -> None:
    tree = with_fresh_keys(tree, key_maker(()))
    keys = sorted(place.step["key"] for place in steps_in(tree))
    if not keys:
        return
    key = data.draw(st.sampled_from(keys))
    gap = data.draw(st.sampled_from(gaps_of(tree)))
    for change in (
        lambda: moved(tree, key, gap.place),
        lambda: nudged(tree, key, True),
        lambda: nudged(tree, key, False),
    ):
        try:
            after = change()
        except EditError:
            continue
        assert sorted(place.step["key"] for place in steps_in(after)) == keys

"""Lifecycle diagrams: complete, inside their frame, and no box lies on another."""

from __future__ import annotations

import re

import pytest

from campaigns.console.diagrams import diagram_of
from campaigns.domain import states as s
from campaigns.domain.lifecycles import BY_KIND
from config.console.diagram import Diagram

KINDS = sorted(BY_KIND)


@pytest.fixture(params=[False, True], ids=["full", "compact"])
def compact(request: pytest.FixtureRequest) -> bool:
    return request.param


@pytest.mark.parametrize("kind", KINDS)
def test_every_status_is_drawn_with_its_own_word(kind: str, compact: bool) -> None:
    lifecycle = BY_KIND[kind]
    drawn = {node.key: node.label for node in diagram_of(lifecycle, compact=compact).nodes}
    assert drawn == {status: lifecycle.look(status).label for status in lifecycle.statuses}


@pytest.mark.parametrize("kind", KINDS)
def test_every_way_is_drawn(kind: str) -> None:
    lifecycle = BY_KIND[kind]
    drawn = {(e.source, e.target) for e in diagram_of(lifecycle).edges}
    drawn |= {(target, source) for source, target in drawn}
    for _, source, target, _ in lifecycle.edges():
        if source != target and (kind != "outreach" or s.RUNNING in (source, target)):
            assert (source, target) in drawn


@pytest.mark.parametrize("kind", KINDS)
def test_no_box_lies_on_another_and_all_is_inside(kind: str, compact: bool) -> None:
    diagram = diagram_of(BY_KIND[kind], compact=compact)
    places = [(node.x, node.y) for node in diagram.nodes]
    assert len(set(places)) == len(places)
    for x, y in coordinates(diagram):
        assert 0 <= x <= diagram.width
        assert 0 <= y <= diagram.height


def coordinates(diagram: Diagram) -> list[tuple[float, float]]:
    """Every corner of a box and every absolute point of a curve."""
    corners = [(n.x, n.y) for n in diagram.nodes] + [(n.x + n.width, n.y + n.height) for n in diagram.nodes]
    pairs = [p for e in diagram.edges for p in re.findall(r"(-?\d+),(-?\d+)", e.path)]
    return corners + [(float(x), float(y)) for x, y in pairs]


def test_it_says_where_one_is() -> None:
    here = [node.key for node in diagram_of(BY_KIND["sms"], s.RUNNING, {s.DRAFT}).nodes if node.is_here]
    been = [node.key for node in diagram_of(BY_KIND["sms"], s.RUNNING, {s.DRAFT}).nodes if node.was_here]
    assert (here, been) == ([s.RUNNING], [s.DRAFT])

"""Draws a lifecycle as a diagram: from its statuses and edges to the coordinates that an SVG template needs. Pure.

Every status has its own place on a small grid, the same for all kinds, so that the pictures of two kinds can be
compared; columns and rows that a kind does not use are left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from config.console.diagram_routes import Router
from config.console.diagram_shapes import BOX_HEIGHT, BOX_WIDTH, Edge, Node, Words

ROW_GAP = 58
#: Between columns: room for the arrows' words, or (compact) only for the arrows.
WIDE_GAP, COMPACT_GAP = 112, 44
MARGIN = 12

#: status -> (column, row). Time runs from left to right.
PLACES: dict[str, tuple[int, int]] = {
    "draft": (0, 1),
    "pending_approval": (1, 0),
    "rejected": (1, 2),
    "configured": (1, 1),
    "scheduled": (2, 0),
    "running": (3, 1),
    "awaiting_next_run": (3, 0),
    "errored": (3, 2),
    "stopping": (4, 0),
    "stopped": (4, 1),
    "completed": (4, 2),
    "archived": (5, 1),
}


@dataclass(slots=True)
class Diagram:
    """What the template draws."""

    nodes: list[Node]
    edges: list[Edge]
    captions: list[Words]
    width: float
    height: float
    title: str
    compact: bool = False


def draw(
    title: str,
    statuses: Sequence[tuple[str, str]],
    edges: Iterable[tuple[str, str, str, bool]],
    here: str = "",
    visited: Iterable[str] = (),
    compact: bool = False,
) -> Diagram:
    """Lay out a lifecycle.

    Args:
        title: what the picture is called for those who cannot see it.
        statuses: (key, word) of each status of the kind.
        edges: (source, target, label, by the system itself).
        here: the status to mark as *you are here*.
        visited: the statuses that were passed before.
        compact: leave the arrows' words out.
    """
    gap = COMPACT_GAP if compact else WIDE_GAP
    nodes = _place(statuses, here, set(visited), gap)
    by_key = {node.key: node for node in nodes}
    merged = _merge(edges, here)
    router = Router(nodes, gap)
    common = _common_labels(merged)
    # Short arrows first: they take the places in the middle of a side.
    for edge in sorted(merged, key=lambda edge: router.distance(edge)):
        router.route(edge)
    captions = []
    for edge in merged:
        if compact or edge.text == common.get(edge.target):
            edge.words = None
    if not compact:
        captions = [_caption(by_key[target], text, nodes) for target, text in common.items()]
    width = max(node.x + node.width for node in nodes) + MARGIN
    return Diagram(nodes, merged, captions, width, router.bottom + MARGIN, title, compact)


def _place(statuses: Sequence[tuple[str, str]], here: str, visited: set[str], gap: float) -> list[Node]:
    places = {key: PLACES.get(key, (6, 0)) for key, _ in statuses}
    columns = sorted({column for column, _ in places.values()})
    rows = sorted({row for _, row in places.values()})
    nodes = []
    for key, label in statuses:
        column, row = places[key]
        x = MARGIN + columns.index(column) * (BOX_WIDTH + gap)
        y = MARGIN + rows.index(row) * (BOX_HEIGHT + ROW_GAP)
        nodes.append(Node(key, label, x, y, is_here=key == here, was_here=key in visited))
    return nodes


def _merge(edges: Iterable[tuple[str, str, str, bool]], here: str) -> list[Edge]:
    merged: dict[tuple[str, str], Edge] = {}
    for source, target, label, by_system in edges:
        if source == target:
            continue
        back = merged.get((target, source))
        edge = back or merged.setdefault((source, target), Edge(source, target))
        edge.is_system = edge.is_system and by_system
        edge.from_here = edge.from_here or source == here
        labels = edge.back_labels if back else edge.labels
        if label not in labels:
            labels.append(label)
    return list(merged.values())


def _common_labels(edges: Sequence[Edge]) -> dict[str, str]:
    """Where several arrows into a status say the same, it is said once, beside the status."""
    counted = Counter((edge.target, edge.text) for edge in edges if not edge.both_ways)
    return {target: text for (target, text), number in counted.items() if number > 1}


def _caption(node: Node, text: str, nodes: Sequence[Node]) -> Words:
    """Above the status, or below where another one stands above it."""
    is_below_another = any(other.x == node.x and other.y < node.y for other in nodes)
    y = node.y + node.height + 14 if is_below_another else node.y - 18
    return Words.around(node.centre_x + (26 if is_below_another else 0), y, text, 20)

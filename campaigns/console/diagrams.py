"""The picture of a lifecycle, drawn from its table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from campaigns.domain import states as s
from campaigns.domain.approval import edit_edges
from campaigns.domain.lifecycle import Lifecycle
from config.console.diagram import Diagram, draw


def diagram_of(
    lifecycle: Lifecycle, here: str = "", visited: Iterable[str] = (), compact: bool = False
) -> Diagram:
    """The lifecycle with *you are here* on one of its statuses."""
    statuses = [(status, lifecycle.look(status).label) for status in lifecycle.statuses]
    title = f"Lifecycle of {lifecycle.title}"
    return draw(title, statuses, _edges(lifecycle), here, visited, compact)


def _edges(lifecycle: Lifecycle) -> Iterator[tuple[str, str, str, bool]]:
    by_hand = {
        (entry.name, source, target)
        for source, menu in lifecycle.menus.items()
        for entry in menu
        for target in entry.targets
    }
    meshes = {edge.action for edge in lifecycle.system if len(edge.targets) > 2}
    for action, source, target, label in lifecycle.edges():
        # A status that is derived may follow any other; the picture keeps to the ways through the middle.
        if action in meshes and s.RUNNING not in (source, target):
            continue
        yield source, target, label, (action, source, target) not in by_hand
    drawn = {(source, target) for _, source, target, _ in lifecycle.edges()}
    for outcome, source, target in edit_edges(lifecycle):
        if outcome == "submit" and source != target and (source, target) not in drawn:
            yield source, target, "an edit", False

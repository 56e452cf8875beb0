"""What a lifecycle is: the table that says which statuses and actions a kind of campaign uses and what it calls them.

Pure data; the tables themselves live in ``lifecycles/<kind>.py``, the guards that a table names in ``guards.py``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from campaigns.domain.permissions import ANYONE


@dataclass(frozen=True, slots=True)
class Look:
    """How a status is shown: its word in this kind, a colour, an icon and what it means (the tag's explanation)."""

    label: str
    colour: str
    icon: str
    meaning: str


#: The statuses that any kind has where the workspace's policy asks for its approval.
UNDER_POLICY = {
    "pending_approval": Look(
        "Pending for Approval", "purple", "user-check", "Waits for an approver to approve or reject it."
    ),
    "rejected": Look("Rejected", "pink", "user-x", "An approver sent it back; the comment tells why."),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the actions dropdown in one status.

    ``targets`` are the statuses that the action may lead to; empty means that the status stays. A ``link`` only opens
    a page. ``guards`` name functions of ``guards.py``: each returns the reason that forbids the action, or ``""``.
    """

    name: str
    label: str
    targets: tuple[str, ...] = ()
    roles: frozenset[str] = ANYONE
    guards: tuple[str, ...] = ()
    link: bool = False
    danger: bool = False


@dataclass(frozen=True, slots=True)
class SystemEdge:
    """A transition that nobody clicks: the beat or the engine performs it, unless one of its guards objects."""

    action: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    label: str = ""
    guards: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """A kind of campaign: its words, its menus and what happens by itself."""

    kind: str
    title: str
    seed: str
    summary: str
    looks: dict[str, Look]
    menus: dict[str, tuple[Entry, ...]]
    system: tuple[SystemEdge, ...] = ()
    sections: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def statuses(self) -> tuple[str, ...]:
        """The statuses that this kind has, in the order of its table."""
        return tuple(self.looks)

    def look(self, status: str) -> Look:
        """How this kind shows ``status``; a status the kind never has is shown by its own word."""
        word = Look(status.replace("_", " ").capitalize(), "secondary", "circle", "")
        return self.looks.get(status) or UNDER_POLICY.get(status, word)

    def entry(self, status: str, action: str) -> Entry | None:
        """The menu's entry of this name in this status (links left out), or None where the kind has no such action."""
        for entry in self.menus.get(status, ()):
            if entry.name == action and not entry.link:
                return entry
        return None

    def system_edge(self, status: str, action: str) -> SystemEdge | None:
        """The edge by which the system itself may take this action in this status."""
        for edge in self.system:
            if edge.action == action and status in edge.sources:
                return edge
        return None

    def edges(self) -> list[tuple[str, str, str, str]]:
        """Every (action, source, target, label) of the table: what the diagrams draw and the tests compare."""
        found = [
            (entry.name, source, target, entry.label)
            for source, menu in self.menus.items()
            for entry in menu
            for target in entry.targets
        ]
        for edge in self.system:
            found += [
                (edge.action, source, target, edge.label or edge.action.replace("_", " "))
                for source in edge.sources
                for target in edge.targets
            ]
        return found

    def actions(self) -> set[str]:
        """The names of every action that some status of this kind offers."""
        return {entry.name for menu in self.menus.values() for entry in menu if not entry.link}

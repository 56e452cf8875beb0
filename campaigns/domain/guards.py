"""Guards: pure functions from the facts about a campaign to the reason that forbids an action, or "".

The same sentence shows in the dropdown, in the API's answer and in the log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from campaigns.domain.approval import Approval
from campaigns.domain.lifecycle import Entry

_NO_POLICY = Approval()


@dataclass(frozen=True, slots=True)
class ChannelFacts:
    """What the guards need to know of one channel. The ``…_problem`` are sentences, "" where all is well."""

    label: str
    status: str
    content_problem: str = ""
    connection_problem: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the guards need to know of a campaign."""

    has_audience: bool = False
    by_trigger: bool = False
    """People enter by a trigger, not all at once."""
    filling: str = ""
    """Which segment of the audience is still being filled, and how far it is."""
    channels: tuple[ChannelFacts, ...] = ()
    workflow_problem: str = ""
    sweeping: bool = False
    unsent: int = 0
    has_active_flow: bool = False
    has_contacts: bool = False
    """Of a campaign with a strategy: somebody is there to be asked about."""
    has_strategy: bool = False
    strategy_problem: str = ""
    requested_by: int | None = None
    authors: frozenset[int] = frozenset()
    """Who made or edited what waits for approval."""
    decided: frozenset[int] = frozenset()
    """Who has decided on it already, where it needs several."""
    approval: Approval = _NO_POLICY
    """What the policy says."""
    actor: int | None = None


Guard = Callable[[Facts], str]


def needs_audience(facts: Facts) -> str:
    if facts.has_audience:
        return ""
    if facts.by_trigger:
        return "Start needs a trigger: choose under Who what lets people in."
    return "Start needs contacts: choose a list under Who."


def needs_filled(facts: Facts) -> str:
    if not facts.filling:
        return ""
    return f"{facts.filling} is still being filled; try again when everybody has been looked at."


def needs_channels(facts: Facts) -> str:
    return "" if facts.channels else "It has no channel yet: add one under What."


def needs_content(facts: Facts) -> str:
    return next((channel.content_problem for channel in facts.channels if channel.content_problem), "")


def needs_connections(facts: Facts) -> str:
    return next((channel.connection_problem for channel in facts.channels if channel.connection_problem), "")


def needs_workflow(facts: Facts) -> str:
    return facts.workflow_problem


def needs_swept(facts: Facts) -> str:
    return "The last stop is still being carried out; try again in a few seconds." if facts.sweeping else ""


def needs_unsent(facts: Facts) -> str:
    return "" if facts.unsent else "Nothing is left to send: everybody has been processed."


def needs_finished_channels(facts: Facts) -> str:
    busy = [c.label for c in facts.channels if c.status not in ("completed", "stopped")]
    return f"Finish or stop every channel first ({', '.join(busy)})." if busy else ""


def needs_active_flow(facts: Facts) -> str:
    return "" if facts.has_active_flow else "Start needs at least one active flow: activate one under What."


def needs_contacts_and_strategy(facts: Facts) -> str:
    if facts.has_contacts and facts.has_strategy:
        return ""
    missing = [
        word
        for word, there in (("contacts", facts.has_contacts), ("a strategy", facts.has_strategy))
        if not there
    ]
    return f"Start needs {' and '.join(missing)}."


def needs_working_strategy(facts: Facts) -> str:
    return facts.strategy_problem


def needs_another_person(facts: Facts) -> str:
    if facts.actor is not None and facts.actor == facts.requested_by:
        return "Nobody approves what they submitted themselves; ask another approver."
    if facts.actor in facts.authors:
        return "Nobody approves what they made or edited themselves; ask another approver."
    return ""


def needs_undecided(facts: Facts) -> str:
    if facts.actor is not None and facts.actor in facts.decided:
        return "You have approved it already; it waits for another approver."
    return ""


def needs_author(facts: Facts) -> str:
    if facts.actor is None or facts.actor == facts.requested_by or facts.actor in facts.authors:
        return ""
    return "Only who asked for approval, or edited what waits, can withdraw it."


def needs_approval(facts: Facts) -> str:
    if not facts.approval.asked or facts.approval.approved:
        return ""
    return f"The policy asks for approval of {facts.approval.whose}: send it for approval first."


GUARDS: dict[str, Guard] = {
    guard.__name__: guard
    for guard in (
        needs_audience,
        needs_filled,
        needs_channels,
        needs_content,
        needs_connections,
        needs_workflow,
        needs_swept,
        needs_unsent,
        needs_finished_channels,
        needs_active_flow,
        needs_contacts_and_strategy,
        needs_working_strategy,
        needs_another_person,
        needs_undecided,
        needs_author,
        needs_approval,
    )
}


def may_take(entry: Entry, role: str, facts: Facts) -> bool:
    """Whether a member with this role is offered the entry; what one has submitted oneself one may always take back."""
    is_own = facts.actor is not None and facts.actor in {facts.requested_by, *facts.authors}
    return role in entry.roles or (entry.name == "withdraw" and is_own)


def first_reason(names: Iterable[str], facts: Facts) -> str:
    """The first reason that one of these guards gives, or "" where none objects."""
    return next((reason for name in names if (reason := GUARDS[name](facts))), "")

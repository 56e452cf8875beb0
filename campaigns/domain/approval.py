"""What an approval policy changes about a lifecycle: its menus, the decisions on a live campaign, and edits that ask.

With the default policy nothing of it touches a kind other than ``message``: their tables are those of the specification.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from campaigns.domain import states as s
from campaigns.domain.lifecycle import Entry, Lifecycle
from campaigns.domain.permissions import ANYONE, APPROVERS, CREATORS

#: What a policy may add to any kind.
APPROVAL_ACTIONS = frozenset({"submit", "approve", "reject", "withdraw"})
#: Actions by which a campaign sets out; a policy that asks wants them approved first.
SETS_OUT = ("start", "schedule", "restart")
#: Outreach is started channel by channel, so its table names none of them.
_OUTREACH_SOURCES = (s.DRAFT, s.STOPPED, s.COMPLETED)
#: Statuses in which a request may wait while the campaign goes on with what was approved.
LIVE_STATUSES = (s.SCHEDULED, s.RUNNING, s.STOPPING, s.AWAITING_NEXT_RUN)
_COMPLETE = ("needs_audience", "needs_channels", "needs_content", "needs_workflow")
_ANOTHER = ("needs_another_person", "needs_undecided")


@dataclass(frozen=True, slots=True)
class Approval:
    """What the workspace's policy says of one campaign as it is now."""

    asked: bool = False
    """The policy wants it approved."""
    approved: bool = False
    """What it is now is what was approved."""
    may_publish: bool = True
    """Approvers may publish what they made or edited themselves."""
    waiting: bool = False
    """A request is open."""
    whose: str = ""
    """“SMS blast campaigns of 1,000 people or more”."""


def menu_of(lifecycle: Lifecycle, status: str, approval: Approval) -> tuple[Entry, ...]:
    """The dropdown in this status under this policy, before roles and guards."""
    menu = lifecycle.menus.get(status, ())
    if lifecycle.kind == "message":
        return tuple(entry for given in menu if (entry := _of_message(given, status, approval)) is not None)
    if status == s.PENDING_APPROVAL:
        return (*_decide(lifecycle), *_kept(lifecycle, "duplicate"))
    if status == s.REJECTED:
        return (_submit(s.PENDING_APPROVAL), *_kept(lifecycle, "archive", "duplicate", "delete"))
    if not approval.asked or approval.approved or approval.waiting or status not in sources(lifecycle):
        return menu
    # What runs already goes on; the request is about what has not begun.
    target = () if status == s.RUNNING else (s.PENDING_APPROVAL,)
    return (_submit(*target), *menu)


def review_of(lifecycle: Lifecycle, status: str, approval: Approval) -> tuple[Entry, ...]:
    """The decisions on a live campaign whose edit waits: on the review page and in the API, not in the dropdown."""
    return _REVIEW if approval.waiting and status in LIVE_STATUSES else ()


def find_entry(lifecycle: Lifecycle, status: str, action: str, approval: Approval) -> Entry | None:
    """The entry of this name that the menu or the review has here (links left out), or None."""
    offered = (*menu_of(lifecycle, status, approval), *review_of(lifecycle, status, approval))
    return next((entry for entry in offered if entry.name == action and not entry.link), None)


def knows_action(lifecycle: Lifecycle, action: str) -> bool:
    """Whether a campaign of this kind may ever have this action, under whichever policy."""
    return action in APPROVAL_ACTIONS or any(
        entry.name == action for menu in lifecycle.menus.values() for entry in menu
    )


def sources(lifecycle: Lifecycle) -> tuple[str, ...]:
    """The statuses of a kind other than ``message`` from which it may be sent for approval."""
    if lifecycle.kind == "outreach":
        return (*_OUTREACH_SOURCES, s.RUNNING)
    return tuple(
        status for status, menu in lifecycle.menus.items() if any(entry.name in SETS_OUT for entry in menu)
    )


def edit_entry(lifecycle: Lifecycle, status: str, outcome: str) -> Entry:
    """What an edit does that is sent for approval (``submit``) or published: no menu, but the same gateway."""
    here = [edge for edge in edit_edges(lifecycle) if edge[0] == outcome and edge[1] == status]
    targets = tuple(target for _, _, target in here if target != status)
    needs = ("needs_channels", "needs_content") if status in LIVE_STATUSES else _COMPLETE
    return Entry(outcome, "Send for approval" if outcome == "submit" else "Publish", targets, guards=needs)


def edit_edges(lifecycle: Lifecycle) -> list[tuple[str, str, str]]:
    """(outcome, status, status afterwards) of every edit that is sent for approval or published."""
    if lifecycle.kind == "message":
        return [*_MESSAGE_EDITS]
    found = [
        (outcome, status, status)
        for status in LIVE_STATUSES
        if status in lifecycle.statuses
        for outcome in ("submit", "publish")
    ]
    back = [("publish", s.PENDING_APPROVAL, status) for status in _resting_sources(lifecycle)]
    return [*found, ("submit", s.PENDING_APPROVAL, s.PENDING_APPROVAL), *back]


def policy_edges(lifecycle: Lifecycle) -> list[tuple[str, str, str]]:
    """(action, status, status afterwards) of all that only a policy or an edit brings about: what the tests compare."""
    asked = Approval(asked=True, waiting=False)
    found = list(edit_edges(lifecycle))
    for status in (*lifecycle.statuses, s.PENDING_APPROVAL, s.REJECTED):
        for entry in menu_of(lifecycle, status, asked):
            found += [(entry.name, status, target) for target in entry.targets]
    return found


def _of_message(entry: Entry, status: str, approval: Approval) -> Entry | None:
    """Who may send a message for approval and who may publish it depends on the policy (seed 004 by default)."""
    if entry.name == "submit":
        if not approval.asked:
            return None
        return entry if approval.may_publish else replace(entry, roles=ANYONE)
    if entry.name == "publish":
        if not approval.asked:
            return replace(entry, roles=ANYONE)
        return entry if approval.may_publish else None
    return entry


def _decide(lifecycle: Lifecycle) -> tuple[Entry, ...]:
    """Approve leads back to where it was sent from: it can be started then; so does Withdraw."""
    back = _resting_sources(lifecycle)
    return (
        Entry("approve", "Approve", back, roles=APPROVERS, guards=_ANOTHER),
        Entry("reject", "Reject", (s.REJECTED,), roles=APPROVERS, guards=_ANOTHER),
        Entry("withdraw", "Withdraw", back, roles=CREATORS, guards=("needs_author",)),
    )


_REVIEW = (
    Entry("approve", "Approve", roles=APPROVERS, guards=_ANOTHER),
    Entry("reject", "Reject", roles=APPROVERS, guards=_ANOTHER),
    Entry("withdraw", "Withdraw", roles=CREATORS, guards=("needs_author",)),
)

_LAUNCHED = (s.SCHEDULED, s.RUNNING)
#: Edits of a message that are sent for approval or published, by the status that they find it in.
_MESSAGE_EDITS = (
    ("submit", s.SCHEDULED, s.PENDING_APPROVAL),
    ("submit", s.AWAITING_NEXT_RUN, s.PENDING_APPROVAL),
    ("submit", s.RUNNING, s.RUNNING),
    ("submit", s.PENDING_APPROVAL, s.PENDING_APPROVAL),
    ("submit", s.REJECTED, s.PENDING_APPROVAL),
    *(("publish", source, target) for source in (s.SCHEDULED, s.PENDING_APPROVAL, s.REJECTED) for target in _LAUNCHED),
    *(("publish", source, s.AWAITING_NEXT_RUN) for source in (s.PENDING_APPROVAL, s.REJECTED, s.AWAITING_NEXT_RUN)),
    ("publish", s.RUNNING, s.RUNNING),
)  # fmt: skip


def _submit(*targets: str) -> Entry:
    return Entry("submit", "Send for approval", targets, guards=_COMPLETE)


def _resting_sources(lifecycle: Lifecycle) -> tuple[str, ...]:
    return tuple(status for status in sources(lifecycle) if status != s.RUNNING)


def _kept(lifecycle: Lifecycle, *names: str) -> tuple[Entry, ...]:
    """The draft's own entries of these names, in its words and order."""
    return tuple(entry for entry in lifecycle.menus[s.DRAFT] if entry.name in names)

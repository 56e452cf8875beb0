"""Who may edit which section of a campaign, and what becomes of the edit: tables (lifecycles.md; seeds 000–004).

*who* is the audience or trigger, *what* the content or workflow, *when* the schedule. *After* means that the scheduled
time (of the first run, or of the next one) has passed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from campaigns.domain import states as s
from campaigns.domain.permissions import APPROVERS

Outcome = Literal["save", "submit", "publish", "discard"]

SECTIONS = ("who", "what", "when", "name", "labels")
_ALL = SECTIONS
#: What no approval is about; the name is, where the content shows it.
TAGS = ("name", "labels")
_LABELS = ("labels",)
_WHAT = ("what", *TAGS)

PASSED = "The scheduled time has passed: your edits are discarded."
PAST_PUBLISH = "It was scheduled in the past: choose a new time or send it now."
PAST_RUN = "The time of its run has passed: what you publish can be run today or tomorrow."


@dataclass(frozen=True, slots=True)
class EditRule:
    """What may be edited (``sections``), what becomes of an edit of who, what or when, and what is said beforehand."""

    sections: tuple[str, ...]
    outcome: Outcome = "save"
    popup: str = ""


_DISCARD = EditRule(_LABELS, "discard", PASSED)
_SUBMIT_ALL, _SUBMIT_WHAT = EditRule(_ALL, "submit"), EditRule(_WHAT, "submit")
_PUBLISH_ALL, _PUBLISH_WHAT = EditRule(_ALL, "publish"), EditRule(_WHAT, "publish")
_LIVE = ("what", "labels")

#: message: (status, first run done, after the time) → what a creator may do, what an approver may do.
#: None: in either case.
MESSAGE: dict[tuple[str, bool | None, bool | None], tuple[EditRule, EditRule]] = {
    (s.DRAFT, None, None): (EditRule(_ALL), EditRule(_ALL)),
    (s.SCHEDULED, None, False): (_SUBMIT_ALL, _PUBLISH_ALL),
    (s.SCHEDULED, None, True): (_DISCARD, _DISCARD),
    (s.AWAITING_NEXT_RUN, None, False): (_SUBMIT_WHAT, _PUBLISH_WHAT),
    (s.AWAITING_NEXT_RUN, None, True): (_DISCARD, _DISCARD),
    (s.RUNNING, None, None): (EditRule(_LIVE, "submit"), EditRule(_LIVE, "publish")),
    (s.PENDING_APPROVAL, False, False): (_SUBMIT_ALL, _PUBLISH_ALL),
    (s.PENDING_APPROVAL, False, True): (_SUBMIT_ALL, EditRule(_ALL, "publish", PAST_PUBLISH)),
    (s.PENDING_APPROVAL, True, False): (_SUBMIT_WHAT, _PUBLISH_WHAT),
    (s.PENDING_APPROVAL, True, True): (_DISCARD, _DISCARD),
    (s.REJECTED, False, False): (_SUBMIT_ALL, _SUBMIT_WHAT),
    (s.REJECTED, False, True): (_SUBMIT_ALL, _DISCARD),
    (s.REJECTED, True, False): (_SUBMIT_WHAT, _PUBLISH_WHAT),
    (s.REJECTED, True, True): (_SUBMIT_WHAT, EditRule(_WHAT, "publish", PAST_RUN)),
    (s.STOPPED, None, None): (EditRule(TAGS), EditRule(TAGS)),
    (s.COMPLETED, None, None): (EditRule(TAGS), EditRule(TAGS)),
}

#: The other kinds: what is editable by status, for every member.
OTHERS: dict[str, dict[str, tuple[str, ...]]] = {
    "journey": {s.DRAFT: _ALL, s.RUNNING: _ALL, s.STOPPED: _ALL, s.STOPPING: TAGS},
    "sms": {s.DRAFT: _ALL, s.SCHEDULED: ("when", "labels"), s.RUNNING: _LABELS, s.STOPPED: TAGS, s.COMPLETED: TAGS},
    "voice": {
        s.DRAFT: _ALL, s.SCHEDULED: _ALL, s.RUNNING: _LABELS, s.STOPPED: TAGS, s.COMPLETED: TAGS, s.ERRORED: TAGS,
    },
    "flow": {s.DRAFT: _ALL, s.ERRORED: _ALL, s.RUNNING: ("what", *_LABELS)},
    "python": {s.DRAFT: _ALL, s.CONFIGURED: _ALL, s.RUNNING: _LABELS, s.ERRORED: _LABELS},
    "outreach": {s.DRAFT: _ALL, s.RUNNING: _WHAT, s.STOPPED: _WHAT, s.COMPLETED: _WHAT},
}  # fmt: skip

_NOTHING = EditRule(())


def edit_rule(
    kind: str,
    status: str,
    role: str,
    *,
    after: bool,
    first_run_done: bool,
    asked: bool | None = None,
    may_publish: bool = True,
) -> EditRule:
    """The rule for a member with this role. ``asked``: the policy wants this campaign approved (None: as by default).

    ``may_publish``: approvers may publish what they edited; where not, another approver is asked.
    """
    asked = kind == "message" if asked is None else asked
    rule = (_message if kind == "message" else _other)(kind, status, role, after, first_run_done, asked)
    return (
        replace(rule, outcome="submit") if rule.outcome == "publish" and asked and not may_publish else rule
    )


def _message(kind: str, status: str, role: str, after: bool, first_run_done: bool, asked: bool) -> EditRule:
    cases = ((first_run_done, after), (first_run_done, None), (None, after), (None, None))
    row = next((MESSAGE[status, *case] for case in cases if (status, *case) in MESSAGE), None)
    if row is None:
        return _NOTHING
    if asked:
        return row[role in APPROVERS]
    # Nobody has to be asked: everybody edits as an approver does, and what was sent back is edited as a draft is.
    return EditRule(row[0].sections) if status == s.REJECTED else row[1]


def _other(kind: str, status: str, role: str, after: bool, first_run_done: bool, asked: bool) -> EditRule:
    waits = status in (s.PENDING_APPROVAL, s.REJECTED)
    began = first_run_done and s.STOPPED in OTHERS[kind]
    like = (s.STOPPED if began else s.DRAFT) if waits else status
    rule = EditRule(OTHERS[kind].get(like, ()))
    if status == s.PENDING_APPROVAL or (asked and status in (s.SCHEDULED, s.RUNNING)):
        return replace(rule, outcome="publish" if role in APPROVERS else "submit")
    return rule


def why_locked(section: str, kind_title: str, status_label: str) -> str:
    """The sentence for an edit that the table refuses."""
    return f"{section.capitalize()} cannot be edited while this {kind_title} campaign is {status_label}."

"""Which sections of a campaign may be edited, by kind and status: a table (lifecycles.md; seeds 000, 001, 002, 004).

*who* is the audience or trigger, *what* the content or workflow, *when* the schedule.
"""

from campaigns.domain import states as s
from campaigns.domain.permissions import APPROVERS

SECTIONS = ("who", "what", "when", "name", "labels")
_ALL = SECTIONS
_TAGS = ("name", "labels")
_LABELS = ("labels",)

EDITABLE: dict[str, dict[str, tuple[str, ...]]] = {
    "journey": {s.DRAFT: _ALL, s.RUNNING: _ALL, s.STOPPED: _ALL, s.STOPPING: _TAGS},
    "sms": {s.DRAFT: _ALL, s.SCHEDULED: ("when", "labels"), s.RUNNING: _LABELS, s.STOPPED: _TAGS, s.COMPLETED: _TAGS},
    "voice": {
        s.DRAFT: _ALL, s.SCHEDULED: _ALL, s.RUNNING: _LABELS, s.STOPPED: _TAGS, s.COMPLETED: _TAGS, s.ERRORED: _TAGS,
    },
    "flow": {s.DRAFT: _ALL, s.ERRORED: _ALL, s.RUNNING: _LABELS},
    "python": {s.DRAFT: _ALL, s.CONFIGURED: _ALL, s.RUNNING: _LABELS, s.ERRORED: _LABELS},
    "outreach": {s.DRAFT: _ALL, s.RUNNING: ("what", *_TAGS), s.STOPPED: ("what", *_TAGS), s.COMPLETED: ("what", *_TAGS)},
    "message": {
        s.DRAFT: _ALL, s.REJECTED: _ALL, s.SCHEDULED: _ALL, s.AWAITING_NEXT_RUN: ("what", *_TAGS),
        s.RUNNING: _LABELS, s.STOPPED: _TAGS, s.COMPLETED: _TAGS, s.PENDING_APPROVAL: (),
    },
}  # fmt: skip

#: Published messages: their content was approved, so whoever changes it must be one who may approve.
_APPROVED = (s.SCHEDULED, s.AWAITING_NEXT_RUN)


def editable_sections(kind: str, status: str, role: str) -> tuple[str, ...]:
    """The sections that a member with this role may edit now; none of an archived campaign."""
    sections = EDITABLE[kind].get(status, ())
    if kind == "message" and status in _APPROVED and role not in APPROVERS:
        return _LABELS
    return sections


def why_locked(section: str, kind_title: str, status_label: str) -> str:
    """The sentence for an edit that the table refuses."""
    return f"{section.capitalize()} cannot be edited while this {kind_title} campaign is {status_label}."

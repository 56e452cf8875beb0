"""The table of editing and approving (lifecycles.md), written down a second time, row by row.

A row: status, whether the first run has begun, whether the scheduled time has passed → for creators and for approvers the
sections that are open and what becomes of an edit: the status afterwards, and whether it was sent for approval or
published. None: the edit is discarded.
"""

from typing import NamedTuple

ALL, WHAT = ("who", "what", "when"), ("what",)


class Becomes(NamedTuple):
    """What becomes of an edit of these sections."""

    sections: tuple[str, ...]
    outcome: str
    status: str


class Row(NamedTuple):
    """One row of the table."""

    status: str
    first_run_done: bool
    after: bool
    creator: Becomes | None
    approver: Becomes | None


def _sent(sections: tuple[str, ...], status: str = "pending_approval") -> Becomes:
    return Becomes(sections, "submit", status)


def _published(sections: tuple[str, ...], status: str) -> Becomes:
    return Becomes(sections, "publish", status)


TABLE = [
    Row("scheduled", False, False, _sent(ALL), _published(ALL, "scheduled")),
    Row("scheduled", False, True, None, None),
    Row("awaiting_next_run", True, False, _sent(WHAT), _published(WHAT, "awaiting_next_run")),
    Row("awaiting_next_run", True, True, None, None),
    Row("running", True, False, _sent(WHAT, "running"), _published(WHAT, "running")),
    Row("pending_approval", False, False, _sent(ALL), _published(ALL, "scheduled")),
    Row("pending_approval", False, True, _sent(ALL), _published(ALL, "scheduled")),
    Row("pending_approval", True, False, _sent(WHAT), _published(WHAT, "awaiting_next_run")),
    Row("pending_approval", True, True, None, None),
    Row("rejected", False, False, _sent(ALL), _sent(WHAT)),
    Row("rejected", False, True, _sent(ALL), None),
    Row("rejected", True, False, _sent(WHAT), _published(WHAT, "awaiting_next_run")),
    Row("rejected", True, True, _sent(WHAT), _published(WHAT, "awaiting_next_run")),
]

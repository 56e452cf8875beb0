"""Entries that several lifecycle tables share, so that each table reads like its page of the specification."""

from campaigns.domain import states as s
from campaigns.domain.lifecycle import Entry, SystemEdge

#: What has to be there as long as a campaign is live or waits for its time, whatever becomes of its connections.
COMPLETE = (
    "needs_audience", "needs_filled", "needs_channels", "needs_content", "needs_workflow", "needs_approval",
)  # fmt: skip
#: What has to be there before anything can go out.
READY_TO_SEND = ("needs_audience", "needs_filled", "needs_channels", "needs_content", "needs_connections")
#: The same for kinds that set out without a request, where a policy may want one (domain/approval.py).
READY_TO_START = (*READY_TO_SEND, "needs_approval")


def archive(label: str = "Archive", guards: tuple[str, ...] = ()) -> Entry:
    return Entry("archive", label, (s.ARCHIVED,), guards=guards)


def clone(label: str = "Clone") -> Entry:
    return Entry("duplicate", label)


def delete() -> Entry:
    return Entry("delete", "Delete", danger=True)


def link(name: str, label: str) -> Entry:
    return Entry(name, label, link=True)


def launch(*sources: str, label: str = "at its start time") -> SystemEdge:
    """A scheduled start; what has become incomplete since it was scheduled does not start."""
    return SystemEdge("launch", sources, (s.RUNNING,), label, COMPLETE)


def six_months(*sources: str) -> SystemEdge:
    """Seed 004, Archival Behavior: archived six months after the last active date; it cannot be switched off."""
    return SystemEdge("auto_archive", sources, (s.ARCHIVED,), "after six months")

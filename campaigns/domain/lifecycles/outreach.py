"""outreach (seed 003): several channels over one contact list, each started by hand; the status is derived."""

from collections.abc import Sequence

from campaigns.domain import states as s
from campaigns.domain.lifecycle import Entry, Lifecycle, Look, SystemEdge
from campaigns.domain.lifecycles.parts import READY_TO_START, archive, clone, delete, link, six_months

_ADD = link("add_channel", "Add channel")
_REST = (clone("Duplicate"), delete())
_DERIVED = (s.DRAFT, s.RUNNING, s.STOPPED, s.COMPLETED)

LIFECYCLE = Lifecycle(
    kind="outreach",
    title="Multi-channel outreach",
    seed="003",
    summary="Several channels over one contact list; each is started, paused and stopped on its own.",
    looks={
        s.DRAFT: Look("Draft", "secondary", "pencil", "No channel has been activated yet. Start one."),
        s.RUNNING: Look(
            "Active", "green", "player-play", "At least one channel is at work or waits for you."
        ),
        s.STOPPED: Look(
            "Stopped", "red", "player-stop", "Every channel was stopped. Add or remarket a channel."
        ),
        s.COMPLETED: Look("Completed", "teal", "check", "All channels have finished the contact list."),
        s.ARCHIVED: Look("Archived", "dark", "archive", "Hidden from the main list; its data is preserved."),
    },
    menus={
        s.DRAFT: (_ADD, archive(), *_REST),
        s.RUNNING: (_ADD, Entry("archive", "Archive", guards=("needs_finished_channels",)), *_REST),
        s.STOPPED: (_ADD, archive(), *_REST),
        s.COMPLETED: (_ADD, archive(), *_REST),
        s.ARCHIVED: (Entry("unarchive", "Unarchive", (s.DRAFT, s.STOPPED, s.COMPLETED)), delete()),
    },
    system=(
        SystemEdge("derive", _DERIVED, _DERIVED, "its channels changed"),
        six_months(s.DRAFT, s.STOPPED, s.COMPLETED),
    ),
)

#: The actions of one channel by its status (seed 003, Channel Statuses).
CHANNEL_MENUS: dict[str, tuple[Entry, ...]] = {
    "ready": (
        Entry("start", "Start", ("running",), guards=READY_TO_START),
        Entry("remove", "Remove", danger=True),
    ),
    "running": (Entry("pause", "Pause", ("paused",)), Entry("stop", "Stop", ("stopped",), danger=True)),
    "paused": (
        Entry("resume", "Resume", ("running",), guards=("needs_content", "needs_connections")),
        Entry("stop", "Stop", ("stopped",), danger=True),
    ),
    "completed": (Entry("remarket", "Remarket", guards=("needs_swept",)),),
    "stopped": (Entry("remarket", "Remarket", guards=("needs_swept",)),),
    "errored": (
        link("view_error", "View error"),
        Entry(
            "retry", "Retry", ("running",), guards=("needs_content", "needs_connections", "needs_approval")
        ),
        Entry("stop", "Stop", ("stopped",), danger=True),
    ),
}

CHANNEL_LOOKS: dict[str, Look] = {
    "ready": Look("Ready", "secondary", "circle", "Configured and waiting to be started."),
    "running": Look("Running", "green", "player-play", "Working through the contact list."),
    "paused": Look(
        "Paused", "yellow", "player-pause", "Stopped for a while; Resume picks up where it left off."
    ),
    "completed": Look("Completed", "teal", "check", "Finished the contact list."),
    "stopped": Look("Stopped", "red", "player-stop", "Stopped by hand before the end; its results are kept."),
    "errored": Look("Errored", "red", "alert-triangle", "It cannot go on until the cause is fixed."),
}


def _count(number: int, word: str) -> str:
    return f"{number} channel{'' if number == 1 else 's'} {word}"


def derive(channel_statuses: Sequence[str]) -> tuple[str, str]:
    """The campaign's status from those of its channels, in the order that the specification gives, and the message."""
    has = channel_statuses.count
    finished = has("completed") + has("stopped")
    if has("running"):
        return s.RUNNING, _count(has("running"), "running")
    if has("paused") or has("errored"):
        parts = [_count(has(word), word) for word in ("paused", "errored") if has(word)]
        return s.RUNNING, ", ".join(parts)
    if finished and has("ready"):
        return s.RUNNING, f"{_count(finished, 'finished')}, {has('ready')} still to start"
    if not finished:
        return s.DRAFT, ""
    if has("stopped") == len(channel_statuses):
        return s.STOPPED, ""
    return s.COMPLETED, ""

"""journey (seed 000): people enter by a trigger and move through a workflow."""

from campaigns.domain import states as s
from campaigns.domain.lifecycle import Entry, Lifecycle, Look, SystemEdge
from campaigns.domain.lifecycles.parts import READY_TO_START, archive, clone, delete, launch, six_months

_STARTABLE = (*READY_TO_START, "needs_workflow")
_DUPLICATE = clone("Duplicate")

LIFECYCLE = Lifecycle(
    kind="journey",
    title="Journey",
    seed="000",
    summary="People enter by a trigger and move through a workflow of messages and waits.",
    looks={
        s.DRAFT: Look("Draft", "secondary", "pencil", "Nobody can enter yet. Finish it, then start it."),
        s.RUNNING: Look("Running", "green", "player-play", "People enter and move through the workflow."),
        s.STOPPING: Look(
            "Stopping",
            "orange",
            "hourglass",
            "Nobody enters any more; it stops when the last person has finished.",
        ),
        s.STOPPED: Look("Stopped", "red", "player-stop", "Nobody can enter. It can be edited and restarted."),
        s.ARCHIVED: Look(
            "Archived", "dark", "archive", "Kept for its history. Unarchive it to go on with it."
        ),
    },
    menus={
        s.DRAFT: (
            Entry("start", "Start now", (s.RUNNING,), guards=_STARTABLE),
            Entry("schedule", "Schedule", guards=_STARTABLE),
            _DUPLICATE,
            delete(),
        ),
        s.RUNNING: (
            Entry("stop", "Stop now", (s.STOPPED, s.STOPPING)),
            Entry("schedule_stop", "Schedule stop"),
            archive(),
            _DUPLICATE,
            delete(),
        ),
        s.STOPPING: (
            Entry("stop", "Stop now (exit immediately)", (s.STOPPED,)),
            archive(),
            _DUPLICATE,
            delete(),
        ),
        s.STOPPED: (
            Entry("restart", "Restart now", (s.RUNNING,), guards=(*_STARTABLE, "needs_swept")),
            Entry("schedule", "Schedule", guards=_STARTABLE),
            archive(),
            _DUPLICATE,
            delete(),
        ),
        s.ARCHIVED: (Entry("unarchive", "Unarchive", (s.STOPPED,)), delete()),
    },
    system=(
        launch(s.DRAFT, s.STOPPED),
        SystemEdge("settle", (s.STOPPING,), (s.STOPPED,), "the last person has finished"),
        six_months(s.DRAFT, s.STOPPED),
    ),
)

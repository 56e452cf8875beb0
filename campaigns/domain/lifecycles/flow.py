"""flow (seed 002): event-driven flows. Stop leads back to Inactive: people inside keep their place for the next Start."""

from campaigns.domain import states as s
from campaigns.domain.lifecycle import Entry, Lifecycle, Look, SystemEdge
from campaigns.domain.lifecycles.parts import archive, clone, delete, six_months

_START = Entry(
    "start",
    "Start",
    (s.RUNNING,),
    guards=("needs_active_flow", "needs_workflow", "needs_connections", "needs_approval", "needs_swept"),
)

LIFECYCLE = Lifecycle(
    kind="flow",
    title="Flows",
    seed="002",
    summary="Event-driven flows: triggers fire and communications are scheduled while it is Active.",
    looks={
        s.DRAFT: Look(
            "Inactive", "yellow", "player-stop", "Not processing events. Flows and data can be edited."
        ),
        s.RUNNING: Look("Active", "green", "player-play", "Triggers fire; the active flow is read-only."),
        s.ERRORED: Look("Error", "red", "alert-triangle", "It cannot proceed. Fix the cause, then start it."),
        s.ARCHIVED: Look(
            "Archived", "dark", "archive", "Kept for its history. Unarchive it to go on with it."
        ),
    },
    menus={
        s.DRAFT: (_START, archive(), clone(), delete()),
        s.RUNNING: (Entry("stop", "Stop", (s.DRAFT,)),),
        s.ERRORED: (_START, archive(), clone(), delete()),
        s.ARCHIVED: (Entry("unarchive", "Unarchive", (s.DRAFT,)), clone(), delete()),
    },
    system=(
        SystemEdge("fail", (s.RUNNING,), (s.ERRORED,), "a channel or agent is down"),
        six_months(s.DRAFT),
    ),
)

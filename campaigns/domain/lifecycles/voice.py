"""voice (seed 001): one blast of calls over a contact list; never restarted, and it can err."""

from campaigns.domain import states as s
from campaigns.domain.lifecycle import Entry, Lifecycle, Look, SystemEdge
from campaigns.domain.lifecycles.parts import READY_TO_START, archive, clone, delete, launch, link, six_months

_EDIT = link("edit", "Edit")
_RESULTS = link("view_results", "View results")

LIFECYCLE = Lifecycle(
    kind="voice",
    title="Voice blast",
    seed="001",
    summary="One blast of calls over a contact list; once stopped it is never restarted.",
    looks={
        s.DRAFT: Look(
            "Defined", "secondary", "pencil", "Saved, not scheduled yet; everything can be edited."
        ),
        s.SCHEDULED: Look(
            "Scheduled", "azure", "clock", "Queued. Settings and start time can still be edited."
        ),
        s.RUNNING: Look("Running", "green", "player-play", "Calls are being placed."),
        s.STOPPED: Look(
            "Stopped", "red", "player-stop", "Remaining calls are cancelled; it can't be restarted."
        ),
        s.ERRORED: Look(
            "Errored", "red", "alert-triangle", "It could not complete; the error page tells why."
        ),
        s.COMPLETED: Look("Completed", "teal", "check", "Every call has been processed."),
        s.ARCHIVED: Look("Archived", "dark", "archive", "Kept for its results. Clone it to use it again."),
    },
    menus={
        s.DRAFT: (
            Entry("schedule", "Schedule", (s.SCHEDULED,), guards=READY_TO_START),
            _EDIT,
            archive(),
            clone(),
            delete(),
        ),
        s.SCHEDULED: (_EDIT, Entry("cancel_schedule", "Cancel schedule", (s.DRAFT,)), archive(), clone()),
        s.RUNNING: (Entry("stop", "Stop", (s.STOPPED,)), _RESULTS),
        s.STOPPED: (_RESULTS, archive(), clone(), delete()),
        s.ERRORED: (_RESULTS, link("view_error", "View error"), archive(), clone(), delete()),
        s.COMPLETED: (_RESULTS, archive(), clone(), delete()),
        s.ARCHIVED: (_RESULTS, clone(), delete()),
    },
    system=(
        launch(s.SCHEDULED),
        SystemEdge("complete", (s.RUNNING,), (s.COMPLETED,), "everything is processed"),
        SystemEdge("fail", (s.RUNNING,), (s.ERRORED,), "it cannot go on"),
        six_months(s.DRAFT, s.STOPPED, s.COMPLETED),
    ),
)

"""sms (seed 001): one blast of texts over a contact list."""

from campaigns.domain import states as s
from campaigns.domain.lifecycle import Entry, Lifecycle, Look, SystemEdge
from campaigns.domain.lifecycles.parts import READY_TO_START, archive, clone, delete, launch, link, six_months

_DETAILS = link("view_details", "View details")

LIFECYCLE = Lifecycle(
    kind="sms",
    title="SMS blast",
    seed="001",
    summary="One blast of texts over a contact list; it can be stopped and restarted.",
    looks={
        s.DRAFT: Look(
            "Defined", "secondary", "pencil", "Saved, not scheduled yet; everything can be edited."
        ),
        s.SCHEDULED: Look(
            "Scheduled", "azure", "clock", "Queued. Details are locked; only send times can be moved."
        ),
        s.RUNNING: Look("Running", "green", "player-play", "Texts are going out."),
        s.STOPPED: Look(
            "Stopped", "red", "player-stop", "Unsent texts are cancelled. Restart sends only the rest."
        ),
        s.COMPLETED: Look("Completed", "teal", "check", "Every text has been processed."),
        s.ARCHIVED: Look("Archived", "dark", "archive", "Kept for its results. Clone it to use it again."),
    },
    menus={
        s.DRAFT: (
            Entry("schedule", "Schedule", (s.SCHEDULED,), guards=READY_TO_START),
            archive(),
            clone(),
            delete(),
        ),
        s.SCHEDULED: (
            link("adjust_schedule", "Adjust send schedule"),
            Entry("cancel_schedule", "Cancel schedule", (s.DRAFT,)),
            archive(),
            clone(),
        ),
        s.RUNNING: (Entry("stop", "Stop", (s.STOPPED,)), _DETAILS, clone()),
        s.STOPPED: (
            Entry(
                "restart", "Restart", (s.RUNNING,), guards=(*READY_TO_START, "needs_swept", "needs_unsent")
            ),
            _DETAILS,
            archive(),
            clone(),
            delete(),
        ),
        s.COMPLETED: (_DETAILS, archive(), clone(), delete()),
        s.ARCHIVED: (_DETAILS, clone(), delete()),
    },
    system=(
        launch(s.SCHEDULED),
        SystemEdge("complete", (s.RUNNING,), (s.COMPLETED,), "everything is processed"),
        six_months(s.DRAFT, s.STOPPED, s.COMPLETED),
    ),
)

"""message (seed 004): who / what / when, with the creator-approver workflow."""

from campaigns.domain import states as s
from campaigns.domain.lifecycle import UNDER_POLICY, Entry, Lifecycle, Look, SystemEdge
from campaigns.domain.lifecycles.parts import READY_TO_SEND, archive, clone, delete, launch, link, six_months
from campaigns.domain.permissions import APPROVERS, CREATORS

_LAUNCHED = (s.SCHEDULED, s.RUNNING)
_OFFER = (
    Entry("submit", "Send for approval", (s.PENDING_APPROVAL,), roles=CREATORS, guards=READY_TO_SEND),
    Entry("publish", "Publish", _LAUNCHED, roles=APPROVERS, guards=READY_TO_SEND),
)
#: Four eyes, and one say each.
_ANOTHER = ("needs_another_person", "needs_undecided")
_EDIT = link("edit", "Edit")
_STOP = Entry("stop", "Stop", (s.STOPPED,))

LIFECYCLE = Lifecycle(
    kind="message",
    title="Message",
    seed="004",
    summary="Who, what and when: approved by a second person, sent once or again and again.",
    looks={
        s.DRAFT: Look("Draft", "secondary", "pencil", "Not published yet."),
        **UNDER_POLICY,
        s.SCHEDULED: Look("Scheduled", "azure", "clock", "Published; it goes out at its time."),
        s.AWAITING_NEXT_RUN: Look("Awaiting Next Run", "cyan", "repeat", "It waits for its next run."),
        s.RUNNING: Look("Running", "green", "player-play", "Messages are going out."),
        s.STOPPED: Look("Stopped", "red", "player-stop", "Permanently halted. Clone it to send it again."),
        s.COMPLETED: Look("Completed", "teal", "check", "It has finished running."),
        s.ARCHIVED: Look("Archived", "dark", "archive", "Read-only. Clone it to use it again."),
    },
    menus={
        s.DRAFT: (*_OFFER, archive(), clone(), delete()),
        s.PENDING_APPROVAL: (
            Entry("approve", "Approve", (*_LAUNCHED, s.AWAITING_NEXT_RUN), roles=APPROVERS, guards=_ANOTHER),
            Entry("reject", "Reject", (s.REJECTED,), roles=APPROVERS, guards=_ANOTHER),
            Entry(
                "withdraw",
                "Withdraw",
                (s.DRAFT, s.AWAITING_NEXT_RUN),
                roles=CREATORS,
                guards=("needs_author",),
            ),
            clone(),
        ),
        s.REJECTED: (*_OFFER, archive(), clone(), delete()),
        s.SCHEDULED: (_EDIT, _STOP, clone()),
        s.AWAITING_NEXT_RUN: (_EDIT, _STOP, clone()),
        s.RUNNING: (_EDIT, _STOP, clone()),
        s.STOPPED: (archive(), clone(), delete()),
        s.COMPLETED: (archive(), clone(), delete()),
        s.ARCHIVED: (clone(), delete()),
    },
    system=(
        launch(s.SCHEDULED, s.AWAITING_NEXT_RUN, label="at its time"),
        SystemEdge("await_next_run", (s.RUNNING,), (s.AWAITING_NEXT_RUN,), "this run is done"),
        SystemEdge(
            "complete",
            (s.RUNNING, s.SCHEDULED, s.AWAITING_NEXT_RUN, s.PENDING_APPROVAL, s.REJECTED),
            (s.COMPLETED,),
            "the last run is done",
        ),
        six_months(s.DRAFT, s.STOPPED, s.COMPLETED),
    ),
)

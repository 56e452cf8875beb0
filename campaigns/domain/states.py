"""The words of the one status field of a campaign, and named groups of them. No rules live here."""

DRAFT = "draft"
CONFIGURED = "configured"
PENDING_APPROVAL = "pending_approval"
REJECTED = "rejected"
SCHEDULED = "scheduled"
AWAITING_NEXT_RUN = "awaiting_next_run"
RUNNING = "running"
STOPPING = "stopping"
STOPPED = "stopped"
COMPLETED = "completed"
ERRORED = "errored"
ARCHIVED = "archived"

ALL = (
    DRAFT,
    CONFIGURED,
    PENDING_APPROVAL,
    REJECTED,
    SCHEDULED,
    AWAITING_NEXT_RUN,
    RUNNING,
    STOPPING,
    STOPPED,
    COMPLETED,
    ERRORED,
    ARCHIVED,
)

#: Statuses that the six-month rule archives (seed 004; Inactive, Created and Configured count as drafts).
RESTING = (DRAFT, CONFIGURED, STOPPED, COMPLETED)
#: Statuses in which messages may leave.
LIVE = (RUNNING, STOPPING)
#: Statuses in which something is still to come or going on, so a page has reason to refresh itself.
MOVING = (SCHEDULED, AWAITING_NEXT_RUN, RUNNING, STOPPING)

CHOICES = [(status, status.replace("_", " ").capitalize()) for status in ALL]

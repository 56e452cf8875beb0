"""The specification's tables, written down a second time: by kind and status, the dropdown's entries in their order.

An entry is (label, action, statuses it leads to). Links have no action; an empty tuple of statuses: the status stays.
"""


def _a(label: str, action: str, *targets: str) -> tuple[str, str, tuple[str, ...]]:
    return label, action, targets


def _l(label: str) -> tuple[str, str, tuple[str, ...]]:
    return label, "", ()


ARCHIVE = _a("Archive", "archive", "archived")
CLONE = _a("Clone", "duplicate")
DUPLICATE = _a("Duplicate", "duplicate")
DELETE = _a("Delete", "delete")
SUBMIT = _a("Send for approval", "submit", "pending_approval")
PUBLISH = _a("Publish", "publish", "scheduled", "running")
STOP_MESSAGE = _a("Stop", "stop", "stopped")

MENUS = {
    "journey": {
        "draft": [_a("Start now", "start", "running"), _a("Schedule", "schedule"), DUPLICATE, DELETE],
        "running": [
            _a("Stop now", "stop", "stopped", "stopping"),
            _a("Schedule stop", "schedule_stop"),
            ARCHIVE,
            DUPLICATE,
            DELETE,
        ],
        "stopping": [_a("Stop now (exit immediately)", "stop", "stopped"), ARCHIVE, DUPLICATE, DELETE],
        "stopped": [
            _a("Restart now", "restart", "running"),
            _a("Schedule", "schedule"),
            ARCHIVE,
            DUPLICATE,
            DELETE,
        ],
        "archived": [_a("Unarchive", "unarchive", "stopped"), DELETE],
    },
    "sms": {
        "draft": [_a("Schedule", "schedule", "scheduled"), ARCHIVE, CLONE, DELETE],
        "scheduled": [
            _l("Adjust send schedule"),
            _a("Cancel schedule", "cancel_schedule", "draft"),
            ARCHIVE,
            CLONE,
        ],
        "running": [_a("Stop", "stop", "stopped"), _l("View details"), CLONE],
        "stopped": [_a("Restart", "restart", "running"), _l("View details"), ARCHIVE, CLONE, DELETE],
        "completed": [_l("View details"), ARCHIVE, CLONE, DELETE],
        "archived": [_l("View details"), CLONE, DELETE],
    },
    "voice": {
        "draft": [_a("Schedule", "schedule", "scheduled"), _l("Edit"), ARCHIVE, CLONE, DELETE],
        "scheduled": [_l("Edit"), _a("Cancel schedule", "cancel_schedule", "draft"), ARCHIVE, CLONE],
        "running": [_a("Stop", "stop", "stopped"), _l("View results")],
        "stopped": [_l("View results"), ARCHIVE, CLONE, DELETE],
        "errored": [_l("View results"), _l("View error"), ARCHIVE, CLONE, DELETE],
        "completed": [_l("View results"), ARCHIVE, CLONE, DELETE],
        "archived": [_l("View results"), CLONE, DELETE],
    },
    "flow": {
        "draft": [_a("Start", "start", "running"), ARCHIVE, CLONE, DELETE],
        "running": [_a("Stop", "stop", "draft")],
        "errored": [_a("Start", "start", "running"), ARCHIVE, CLONE, DELETE],
        "archived": [_a("Unarchive", "unarchive", "draft"), CLONE, DELETE],
    },
    "python": {
        "draft": [_a("Start", "start", "running"), ARCHIVE, CLONE, DELETE],
        "configured": [_a("Start", "start", "running"), ARCHIVE, CLONE, DELETE],
        "running": [_a("Stop", "stop", "configured")],
        "errored": [_a("Force stop", "force_stop", "configured"), _l("Show logs")],
        "archived": [_a("Unarchive", "unarchive", "draft"), CLONE, DELETE],
    },
    "outreach": {
        "draft": [_l("Add channel"), ARCHIVE, DUPLICATE, DELETE],
        # Shown and disabled, with its reason, until every channel has finished.
        "running": [_l("Add channel"), _a("Archive", "archive"), DUPLICATE, DELETE],
        "stopped": [_l("Add channel"), ARCHIVE, DUPLICATE, DELETE],
        "completed": [_l("Add channel"), ARCHIVE, DUPLICATE, DELETE],
        "archived": [_a("Unarchive", "unarchive", "draft", "stopped", "completed"), DELETE],
    },
    "message": {
        "draft": [SUBMIT, PUBLISH, ARCHIVE, CLONE, DELETE],
        "pending_approval": [
            _a("Approve", "approve", "scheduled", "running", "awaiting_next_run"),
            _a("Reject", "reject", "rejected"),
            _a("Withdraw", "withdraw", "draft", "awaiting_next_run"),
            CLONE,
        ],
        "rejected": [SUBMIT, PUBLISH, ARCHIVE, CLONE, DELETE],
        "scheduled": [_l("Edit"), STOP_MESSAGE, CLONE],
        "awaiting_next_run": [_l("Edit"), STOP_MESSAGE, CLONE],
        "running": [_l("Edit"), STOP_MESSAGE, CLONE],
        "stopped": [ARCHIVE, CLONE, DELETE],
        "completed": [ARCHIVE, CLONE, DELETE],
        "archived": [CLONE, DELETE],
    },
}

LABELS = {
    "journey": {
        "draft": "Draft", "running": "Running", "stopping": "Stopping", "stopped": "Stopped", "archived": "Archived",
    },
    "sms": {
        "draft": "Defined", "scheduled": "Scheduled", "running": "Running", "stopped": "Stopped",
        "completed": "Completed", "archived": "Archived",
    },
    "voice": {
        "draft": "Defined", "scheduled": "Scheduled", "running": "Running", "stopped": "Stopped", "errored": "Errored",
        "completed": "Completed", "archived": "Archived",
    },
    "flow": {"draft": "Inactive", "running": "Active", "errored": "Error", "archived": "Archived"},
    "python": {
        "draft": "Created", "configured": "Configured", "running": "Running", "errored": "Error", "archived": "Archived",
    },
    "outreach": {
        "draft": "Draft", "running": "Active", "stopped": "Stopped", "completed": "Completed", "archived": "Archived",
    },
    "message": {
        "draft": "Draft", "pending_approval": "Pending for Approval", "rejected": "Rejected", "scheduled": "Scheduled",
        "awaiting_next_run": "Awaiting Next Run", "running": "Running", "stopped": "Stopped", "completed": "Completed",
        "archived": "Archived",
    },
}  # fmt: skip

#: Colours that seed 002 names.
COLOURS = {
    ("flow", "draft"): "yellow",
    ("flow", "running"): "green",
    ("flow", "errored"): "red",
    ("python", "draft"): "secondary",
    ("python", "configured"): "orange",
    ("python", "running"): "green",
    ("python", "errored"): "red",
}

#: Who may take the actions of the creator-approver workflow; every other action is open to all members.
ROLES = {
    "submit": {"creator"},
    "publish": {"approver", "admin"},
    "approve": {"approver", "admin"},
    "reject": {"approver", "admin"},
    "withdraw": {"creator"},
}

CHANNEL_MENUS = {
    "ready": ["Start", "Remove"],
    "running": ["Pause", "Stop"],
    "paused": ["Resume", "Stop"],
    "completed": ["Remarket"],
    "stopped": ["Remarket"],
    "errored": ["View error", "Retry", "Stop"],
}

#: Under a policy that asks for a kind's approval: the statuses in which Send for approval comes first, and those that
#: approval and withdrawal lead back to.
SENT_FROM = {
    "journey": {"draft", "stopped"},
    "sms": {"draft", "stopped"},
    "voice": {"draft"},
    "flow": {"draft", "errored"},
    "python": {"draft", "configured"},
    "outreach": {"draft", "stopped", "completed", "running"},
}

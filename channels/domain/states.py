"""The words for the status of a channel, of a connection and of a delivery (a ledger row)."""

# Channel (seed 003: command centre)
READY = "ready"
RUNNING = "running"
PAUSED = "paused"
COMPLETED = "completed"
STOPPED = "stopped"
ERRORED = "errored"
CHANNEL_STATUSES = (READY, RUNNING, PAUSED, COMPLETED, STOPPED, ERRORED)
CHANNEL_CHOICES = [(status, status.capitalize()) for status in CHANNEL_STATUSES]

# Connection (seed 002: Settings > Channels); a stopped or failed one sends nothing
CONNECTION_RUNNING = "running"
CONNECTION_STOPPED = "stopped"
CONNECTION_ERROR = "error"
CONNECTION_CHOICES = [
    (CONNECTION_RUNNING, "Running"),
    (CONNECTION_STOPPED, "Stopped"),
    (CONNECTION_ERROR, "Error"),
]

# Connection: which e-mails have tracked links and a pixel
TRACKING_OFF = "off"
TRACKING_HTML = "html"
TRACKING_ALL = "all"
TRACKING_CHOICES = [
    (TRACKING_OFF, "Nothing"),
    (TRACKING_HTML, "HTML messages"),
    (TRACKING_ALL, "HTML messages, and links of plain text"),
]

# Delivery: the ledger's terms. audience = the sum of them all, always.
PENDING = "pending"
DRAFTED = "drafted"
SENDING = "sending"
SENT = "sent"
FAILED = "failed"
SKIPPED = "skipped"
CANCELLED = "cancelled"
RECALLED = "recalled"
UNKNOWN = "unknown"
DELIVERY_STATUSES = (PENDING, DRAFTED, SENDING, SENT, FAILED, SKIPPED, CANCELLED, RECALLED, UNKNOWN)
DELIVERY_CHOICES = [(status, status.capitalize()) for status in DELIVERY_STATUSES]
#: While any of these is left, a channel cannot be completed.
DELIVERY_UNFINISHED = (PENDING, SENDING)
#: What happened to a message after it was sent; counted beside the ledger, not in its sum.
OUTCOMES = ("delivered", "opened", "clicked", "converted")

# Call: how one ended. Those that reached nobody are counted of the ledger beside its sum, and may be placed again.
ANSWERED = "answered"
REACHED_NOBODY = ("busy", "no_answer", "machine")
CALL_CHOICES = [
    (ANSWERED, "Answered"),
    ("busy", "Busy"),
    ("no_answer", "No answer"),
    ("machine", "Answered by a machine"),
    (FAILED, "Failed"),
]

#: Why a delivery was skipped, cancelled or is in doubt: the code in the ledger, and what a person reads.
REASONS = {
    "no_address": "No address for this channel",
    "no_device": "No device that can be reached",
    "unsubscribed": "Unsubscribed",
    "suppressed": "On the suppression list",
    "duplicate_address": "Another person of this channel has the same address",
    "frequency_cap": "Frequency cap",
    "filtered": "Filtered out",
    "discarded": "The draft was discarded",
    "window_passed": "Its time window had passed",
    "stopped": "The campaign was stopped",
    "exited": "The journey ended",
    "exit_criteria": "The person met the exit criteria",
    "archived": "The campaign was archived",
    "template": "The message could not be personalised",
    "refused": "Refused by the provider",
    "too_many_attempts": "Refused temporarily too many times",
    "lost_worker": "The sender died while this was being handed over",
    "in_doubt": "The provider did not confirm it",
    "no_hour": "No hour is both in the daily window and outside of the person's quiet hours",
    "person_deleted": "The person was deleted",
    "bounced": "Bounced",
    "complained": "Complained: marked as spam",
    "failed": "The provider reported that it was not delivered",
    "busy": "Busy",
    "no_answer": "No answer",
    "machine": "Answered by a machine",
}

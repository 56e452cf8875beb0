"""Which campaigns need a second pair of eyes, the requests for one, the decisions on them, and who is told."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from approvals.querysets import NotificationQuerySet, RequestQuerySet


def messages_only() -> list[str]:
    """The kinds that need approval where nobody has said anything (seed 004)."""
    return ["message"]


class Policy(models.Model):
    """What a workspace wants approved, and what becomes of starts and runs that were missed."""

    ASK, SKIP = "ask", "skip"
    LATE = [(ASK, "A person decides"), (SKIP, "It is skipped")]

    workspace = models.OneToOneField(
        "campaigns.Workspace", on_delete=models.CASCADE, related_name="approval_policy"
    )
    kinds = models.JSONField(
        default=messages_only, blank=True, help_text="The kinds of campaign that need approval."
    )
    from_audience = models.PositiveIntegerField(
        default=0, help_text="Audiences smaller than this need no approval; 0: every campaign does."
    )
    approvers_needed = models.PositiveSmallIntegerField(
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(5)],
        help_text="How many approvers have to agree.",
    )
    approvers_may_publish = models.BooleanField(
        default=True, help_text="Approvers may publish what they made or edited themselves."
    )
    late = models.CharField(
        max_length=4,
        choices=LATE,
        default=ASK,
        help_text="What happens to a run missed by more than the grace period.",
    )
    grace_hours = models.PositiveIntegerField(
        default=24,
        help_text="A start missed by less than this runs late and says so; past it, a person is asked.",
    )

    class Meta:
        verbose_name_plural = "policies"

    def __str__(self) -> str:
        return f"Policy of {self.workspace}"


class Request(models.Model):
    """A request to approve one version of a campaign, pinned by its content hash, and its outcome. Four eyes, by constraint.

    ``proposal`` is an edit of a live campaign that waits: the campaign goes on with what was approved, and gets the
    proposal (an update in the API's shape) when it is approved. Empty where the campaign itself holds the version.
    """

    OPEN, APPROVED, REJECTED, WITHDRAWN, VOIDED, EXPIRED = (
        "open", "approved", "rejected", "withdrawn", "voided", "expired",
    )  # fmt: skip
    STATUSES = [
        (status, status.capitalize()) for status in (OPEN, APPROVED, REJECTED, WITHDRAWN, VOIDED, EXPIRED)
    ]
    #: Outcomes that an approver has decided on, so that four eyes are needed.

    campaign = models.ForeignKey(
        "campaigns.Campaign", on_delete=models.CASCADE, related_name="approval_requests"
    )
    version = models.IntegerField(help_text="The campaign's version that is to be approved.")
    content_hash = models.CharField(max_length=64, help_text="Of who, what and when, as asked for.")
    snapshot = models.JSONField(default=dict, help_text="Who, what and when, as asked for.")
    baseline = models.JSONField(
        default=dict, blank=True, help_text="Who, what and when, as last approved; empty the first time."
    )
    proposal = models.JSONField(
        default=dict, blank=True, help_text="The edit of a live campaign that waits, in the API's shape."
    )
    audience = models.BigIntegerField(default=0, help_text="How many people it was for when it was asked.")
    authors = ArrayField(
        models.BigIntegerField(),
        default=list,
        help_text="Who made or edited this version: they cannot decide.",
    )
    needed = models.PositiveSmallIntegerField(default=1, help_text="How many approvers have to agree.")
    status = models.CharField(max_length=10, choices=STATUSES, default=OPEN)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    comment = models.TextField(blank=True, default="")

    objects = RequestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign"], name="one_open_request", condition=Q(status="open")),
            models.CheckConstraint(
                name="four_eyes",
                condition=~Q(status__in=("approved", "rejected"))
                | Q(decided_by__isnull=True)
                | ~Q(decided_by=F("requested_by")),
            ),
        ]
        indexes = [models.Index(fields=["requested_by", "id"], name="request_of_member")]

    def __str__(self) -> str:
        return f"{self.get_status_display()} request for {self.campaign}"

    @property
    def is_open(self) -> bool:
        """Whether it waits for a decision."""
        return self.status == self.OPEN


class Decision(models.Model):
    """What one approver said to a request; a request may need several. A trigger refuses its authors."""

    APPROVE, REJECT = "approve", "reject"
    VERDICTS = [(APPROVE, "Approved"), (REJECT, "Rejected")]

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="decisions")
    verdict = models.CharField(max_length=7, choices=VERDICTS)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    comment = models.TextField(blank=True, default="")
    decided_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "decided_by"], name="one_decision_each"),
            models.CheckConstraint(
                name="rejection_says_why", condition=~Q(verdict="reject") | ~Q(comment="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_verdict_display()} by {self.decided_by}"


class Notification(models.Model):
    """Something a member is told in the console and by e-mail. The row is the queue: a duty sends what is not mailed yet."""

    workspace = models.ForeignKey("campaigns.Workspace", on_delete=models.CASCADE, related_name="+")
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications"
    )
    campaign = models.ForeignKey("campaigns.Campaign", on_delete=models.CASCADE, related_name="+")
    request = models.ForeignKey(Request, null=True, on_delete=models.CASCADE, related_name="+")
    subject = models.CharField(max_length=300)
    body = models.TextField(blank=True, default="")
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(null=True, help_text="Null: the e-mail has not gone out yet.")
    attempts = models.PositiveSmallIntegerField(default=0)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["recipient", "request", "subject"],
                name="told_once",
                condition=Q(request__isnull=False),
            )
        ]
        indexes = [
            models.Index(fields=["recipient", "workspace", "id"], name="notification_of_member"),
            models.Index(
                fields=["recipient", "workspace"],
                name="notification_unread",
                condition=Q(read_at__isnull=True),
            ),
            models.Index(fields=["id"], name="notification_unmailed", condition=Q(mailed_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return self.subject

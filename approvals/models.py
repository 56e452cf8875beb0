"""Which campaigns need a second pair of eyes, and the requests for one."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class Policy(models.Model):
    """What a workspace wants approved."""

    workspace = models.OneToOneField(
        "campaigns.Workspace", on_delete=models.CASCADE, related_name="approval_policy"
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
    """A request to approve one version of a campaign, and its decision. Four eyes, by constraint."""

    OPEN, APPROVED, REJECTED, WITHDRAWN = "open", "approved", "rejected", "withdrawn"
    STATUSES = [(status, status.capitalize()) for status in (OPEN, APPROVED, REJECTED, WITHDRAWN)]

    campaign = models.ForeignKey(
        "campaigns.Campaign", on_delete=models.CASCADE, related_name="approval_requests"
    )
    version = models.IntegerField(help_text="The campaign's version that is to be approved.")
    status = models.CharField(max_length=10, choices=STATUSES, default=OPEN)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    comment = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign"], name="one_open_request", condition=Q(status="open")),
            models.CheckConstraint(
                name="four_eyes",
                condition=Q(status="withdrawn")
                | Q(decided_by__isnull=True)
                | ~Q(decided_by=F("requested_by")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_status_display()} request for {self.campaign}"

"""One occurrence of a message that goes out more than once (design.md, *Run*; seed 004, Awaiting Next Run)."""

from django.db import models
from django.db.models import Q

from campaigns.models.campaign import Campaign


class Run(models.Model):
    """An occurrence: planned, then running and completed (or stopped); or skipped, with the reason; or late, until
    a person decides.

    ``number`` is the ledger's ``run``. There is never a second run of one occurrence: the database refuses it.
    """

    PLANNED, RUNNING, COMPLETED, STOPPED, SKIPPED, LATE = (
        "planned", "running", "completed", "stopped", "skipped", "late",
    )  # fmt: skip
    STATUSES = [
        (status, status.capitalize()) for status in (PLANNED, RUNNING, COMPLETED, STOPPED, SKIPPED, LATE)
    ]

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="runs", db_index=False)
    number = models.IntegerField()
    occurs_at = models.DateTimeField(help_text="The moment that the schedule names.")
    local = models.CharField(
        max_length=19,
        help_text="What the clocks of the campaign's zone show then, as the schedule states it.",
    )
    note = models.CharField(
        max_length=300, blank=True, default="", help_text="What the change of clocks did to it."
    )
    status = models.CharField(max_length=10, choices=STATUSES, default=PLANNED)
    reason = models.CharField(
        max_length=300, blank=True, default="", help_text="Why it was skipped or came late."
    )
    content_hash = models.CharField(
        max_length=64, blank=True, default="", help_text="What went out; see domain/snapshot.py."
    )
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "number"], name="run_number"),
            models.UniqueConstraint(fields=["campaign", "occurs_at"], name="run_once_per_occurrence"),
        ]
        indexes = [
            models.Index(fields=["occurs_at"], name="run_planned", condition=Q(status="planned")),
        ]

    def __str__(self) -> str:
        return f"run {self.number} of {self.campaign}"

"""One person's way through the workflow of a journey campaign."""

from django.db import models
from django.db.models import Q


class Journey(models.Model):
    """A person inside a workflow: at ``step`` until ``due_at``. ``entry`` counts how often the person entered."""

    ACTIVE, FINISHED, EXITED = "active", "finished", "exited"
    STATUSES = [(status, status.capitalize()) for status in (ACTIVE, FINISHED, EXITED)]

    campaign = models.ForeignKey(
        "campaigns.Campaign",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="journeys",
    )
    person = models.ForeignKey(
        "campaigns.Person", on_delete=models.DO_NOTHING, db_constraint=False, related_name="journeys"
    )
    entry = models.IntegerField(default=0)
    step = models.CharField(max_length=60)
    status = models.CharField(max_length=8, choices=STATUSES, default=ACTIVE)
    reason = models.CharField(max_length=40, blank=True, default="")
    due_at = models.DateTimeField()
    entered_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "person", "entry"], name="journey_once_per_entry")
        ]
        indexes = [
            models.Index(
                fields=["campaign", "step", "due_at"], name="journey_due", condition=Q(status="active")
            ),
        ]


class JourneyTally(models.Model):
    """Counts of journeys, kept by a trigger as appended differences; their sum is the count."""

    campaign = models.ForeignKey(
        "campaigns.Campaign", on_delete=models.DO_NOTHING, db_constraint=False, related_name="journey_tallies"
    )
    step = models.CharField(max_length=60)
    status = models.CharField(max_length=8)
    n = models.BigIntegerField()

"""What people did: the events that programs send, and that deliveries by action and inaction wait for."""

from django.db import models
from django.db.models import Q

from campaigns.models.audience import Person
from campaigns.models.workspace import Workspace


class Event(models.Model):
    """A person did something at a time. ``event_id``, where given, is taken once in a workspace.

    The keys carry no constraint, as in the ledger: events come by the million and nobody is looked up twice.
    """

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(
        Workspace, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    person = models.ForeignKey(
        Person, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="events"
    )
    name = models.CharField(max_length=100)
    properties = models.JSONField(default=dict, blank=True)
    event_id = models.CharField(max_length=150, blank=True, default="")
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "event_id"], name="event_once", condition=~Q(event_id="")
            )
        ]
        indexes = [
            models.Index(fields=["workspace", "name", "id"], name="event_arrival"),
            models.Index(fields=["person", "name", "occurred_at"], name="event_of_person"),
            # Whose events leave the window of a condition (“within 30 days”) by the passing of time.
            models.Index(fields=["workspace", "name", "occurred_at"], name="event_in_time"),
        ]

    def __str__(self) -> str:
        return self.name

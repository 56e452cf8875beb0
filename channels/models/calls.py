"""The log of calls: each one that was placed for a row of the ledger, and how it ended (seed 001, Voice)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from channels.domain import states as s
from channels.models.sending import Channel, Delivery


class Call(models.Model):
    """One call to one person. A row of the ledger has several where calls that reached nobody are placed again."""

    delivery = models.ForeignKey(
        Delivery, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="calls"
    )
    channel = models.ForeignKey(
        Channel, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="calls"
    )
    #: The first call is 1.
    number = models.PositiveSmallIntegerField()
    provider_id = models.CharField(max_length=200, blank=True, default="")
    #: "" until the provider reports.
    outcome = models.CharField(max_length=10, choices=s.CALL_CHOICES, blank=True, default="")
    detail = models.CharField(max_length=300, blank=True, default="")
    called_at = models.DateTimeField()
    reported_at = models.DateTimeField(null=True)
    #: When the person was to be called again because of this outcome; null where they were not.
    again_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["delivery", "number"], name="call_once")]
        indexes = [
            models.Index(fields=["provider_id"], name="call_provider", condition=~Q(provider_id="")),
            models.Index(fields=["channel", "called_at"], name="call_unreported", condition=Q(outcome="")),
        ]

    def __str__(self) -> str:
        return f"call {self.number} of delivery {self.delivery_id}"

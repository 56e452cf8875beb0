"""What people do not want to get."""

from __future__ import annotations

from django.db import models


class OptOut(models.Model):
    """A person wants nothing more through a kind of channel ("" is any), about a topic (null is any).

    Unlike a suppression it belongs to the person, not to the address.
    """

    person = models.ForeignKey(
        "campaigns.Person", on_delete=models.CASCADE, related_name="opt_outs", db_index=False
    )
    channel_kind = models.CharField(max_length=20, blank=True, default="")
    topic = models.ForeignKey("campaigns.Topic", null=True, on_delete=models.CASCADE, related_name="opt_outs")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "channel_kind", "topic"], name="opted_out_once", nulls_distinct=False
            )
        ]

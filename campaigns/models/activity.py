"""The append-only record of who did what. A database trigger refuses UPDATE and DELETE."""

from django.conf import settings
from django.db import models


class Activity(models.Model):
    """One thing that happened: to a campaign or channel, or to a workspace's settings.

    The keys carry no constraint: a deleted campaign or user leaves its history behind, and names are copied.
    """

    workspace = models.ForeignKey(
        "campaigns.Workspace",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    campaign = models.ForeignKey(
        "campaigns.Campaign", null=True, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False,
        related_name="activity",
    )  # fmt: skip
    channel_id = models.BigIntegerField(null=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False,
        related_name="+",
    )  # fmt: skip
    actor_label = models.CharField(max_length=254, help_text="The actor's name then; “system” for the beat.")
    via = models.CharField(max_length=10, help_text="browser, bulk, admin, api, beat or command")
    action = models.CharField(max_length=30)
    subject = models.CharField(max_length=200, help_text="The name of what it was done to, then.")
    from_status = models.CharField(max_length=20, blank=True, default="")
    to_status = models.CharField(max_length=20, blank=True, default="")
    reason = models.CharField(max_length=500, blank=True, default="")
    data = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "activity"
        indexes = [
            models.Index(fields=["campaign", "id"], name="activity_of_campaign"),
            models.Index(fields=["workspace", "id"], name="activity_of_workspace"),
            models.Index(
                fields=["workspace", "id"],
                name="activity_of_settings",
                condition=models.Q(campaign__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.actor_label}: {self.action} {self.subject}"

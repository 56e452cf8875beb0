"""A workflow that somebody is drawing and has not saved yet."""

from django.conf import settings
from django.db import models

from campaigns.models.campaign import Campaign


class WorkflowEdit(models.Model):
    """One member's own unsaved workflow of a journey or flow; it survives errors, reloads and other browsers.

    ``base`` is the hash of the workflow that it began from: where that is not the campaign's any more, somebody else
    has saved meanwhile. ``earlier`` and ``later`` are the states that Undo and Redo go to, the nearest last.
    """

    campaign = models.ForeignKey(
        Campaign, on_delete=models.CASCADE, related_name="workflow_edits", db_index=False
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    flow = models.CharField(max_length=60, blank=True, default="")
    base = models.CharField(max_length=64)
    workflow = models.JSONField(default=list)
    earlier = models.JSONField(default=list)
    later = models.JSONField(default=list)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "user", "flow"], name="workflow_edit_once")
        ]

    def __str__(self) -> str:
        return f"unsaved workflow of campaign {self.campaign_id}"

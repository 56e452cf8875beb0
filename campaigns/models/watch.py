"""What running campaigns look at, beside the segments, whenever something about people changes."""

from django.db import models

from campaigns.models.campaign import Campaign
from campaigns.models.workspace import Workspace


class Watch(models.Model):
    """A campaign with a goal, exit criteria or people who wait for a condition (domain/watching.py, `watched_by`).

    Services keep it beside the campaign; the triggers that note touched people look at ``uses`` as at a segment's.
    """

    campaign = models.OneToOneField(
        Campaign, primary_key=True, on_delete=models.CASCADE, related_name="watch"
    )
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    #: Some of “wait”, “exit” and “goal”.
    what = models.JSONField(default=list)
    uses = models.JSONField(default=dict)
    #: Of a campaign that has ended: until when its goal can still be reached.
    until = models.DateTimeField(null=True)
    #: Everybody inside up to this person id has been looked at again; null while no such walk is going on. It begins
    #: once it is ``settled``: whoever was changing people when the watch was not there yet to be seen has finished.
    look_cursor = models.BigIntegerField(null=True)
    settled = models.BooleanField(default=False)
    #: What is asked of those inside, as a hash: where it changes, everybody is looked at again.
    digest = models.CharField(max_length=64, default="")
    looked_at = models.DateTimeField()
    #: Whom the passing of time has made meet the exit criteria up to then has been queued to be looked at.
    swept_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "watches"

    def __str__(self) -> str:
        return f"watch of campaign {self.campaign_id}"

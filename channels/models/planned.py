"""What a strategy (python campaigns) planned for one delivery: its text or values, beside the ledger row."""

from django.db import models

from channels.models.sending import Delivery


class PlannedMessage(models.Model):
    """Written in the statement that writes the ledger row. Without a body of its own, the channel's content is sent; both
    see the ``values`` as `plan`.
    """

    delivery = models.OneToOneField(
        Delivery, primary_key=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="planned"
    )
    stage = models.CharField(max_length=40)
    subject = models.TextField(blank=True, default="")
    body = models.TextField(blank=True, default="")
    values = models.JSONField(default=dict, blank=True)
    #: Of what was planned for no certain time: the end of the window it is due in. Past it, it waits for the next one.
    window_ends = models.DateTimeField(null=True)

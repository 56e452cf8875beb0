"""What is reported back about messages: receipts of providers, opens and clicks of our own links."""

from __future__ import annotations

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q

from channels.models.sending import Channel, Connection


class ReceivedEvent(models.Model):
    """One report about one message. Stored first, applied to the ledger by a duty; the table is the queue.

    The same report (connection and event id) is stored once, however often it comes.
    """

    WAITING, APPLIED, UNMATCHED = "waiting", "applied", "unmatched"
    STATES = [(state, state.capitalize()) for state in (WAITING, APPLIED, UNMATCHED)]

    #: Null for opens and clicks of our own links.
    connection = models.ForeignKey(
        Connection, null=True, on_delete=models.CASCADE, related_name="events", db_index=False
    )
    event_id = models.CharField(max_length=200, blank=True, default="")
    kind = models.CharField(max_length=12)
    provider_id = models.CharField(max_length=200, blank=True, default="")
    #: The ledger's row and its channel, once they are known; no constraint, like all references to the ledger.
    delivery_id = models.BigIntegerField(null=True)
    channel_id = models.BigIntegerField(null=True)
    address = models.CharField(max_length=254, blank=True, default="")
    detail = models.CharField(max_length=300, blank=True, default="")
    permanent = models.BooleanField(default=True)
    #: Of a click: `Link.key`.
    link = models.CharField(max_length=16, blank=True, default="")
    bot = models.BooleanField(default=False, help_text="A program opened or clicked, not a person.")
    at = models.DateTimeField()
    received_at = models.DateTimeField()
    state = models.CharField(max_length=9, choices=STATES, default=WAITING)
    #: When it is to be applied (again); null once it is settled.
    due_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "event_id"], name="received_once", condition=~Q(event_id="")
            )
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], name="received_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["delivery_id"], name="received_clicks", condition=Q(kind="clicked")),
            models.Index(fields=["channel_id", "kind"], name="received_bots", condition=Q(bot=True)),
            BrinIndex(fields=["received_at"], name="received_time"),
        ]


class Link(models.Model):
    """Where a tracked link of a channel's content leads: clicks are only ever sent on to what stands here."""

    channel = models.ForeignKey(
        Channel, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="links"
    )
    key = models.CharField(max_length=16)
    #: May hold Liquid values of the person; the host never does.
    url = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "key"], name="link_once")]

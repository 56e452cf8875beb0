"""Whom a remarketing channel was promised to."""

from django.db import models

from channels.models.sending import Channel


class PromisedPerson(models.Model):
    """A person of an earlier channel's outcome, as it was when the remarketing channel was made; never changed later.

    Like the ledger's, its keys carry no constraint: a million people are written at once, before the channel itself.
    """

    pk = models.CompositePrimaryKey("channel_id", "person_id")
    channel = models.ForeignKey(
        Channel, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="promises"
    )
    person = models.ForeignKey(
        "campaigns.Person", on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )

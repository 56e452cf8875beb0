"""One person's way through the workflow of a journey campaign."""

from django.db import models
from django.db.models import Q


class Journey(models.Model):
    """A person inside a workflow: at ``step`` until ``due_at``. ``entry`` counts how often the person entered.

    ``step`` is a node's key (domain/workflow.py, `qualified`); ``flow`` the flow's of a flow campaign, else "".
    """

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
    flow = models.CharField(max_length=60, blank=True, default="", db_default="")
    entry = models.IntegerField(default=0)
    step = models.CharField(max_length=125)
    status = models.CharField(max_length=8, choices=STATUSES, default=ACTIVE)
    reason = models.CharField(max_length=40, blank=True, default="")
    due_at = models.DateTimeField()
    entered_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    #: At a step that waits for a condition: when it is given up (null: never). Behind a window: when that closes.
    until = models.DateTimeField(null=True)
    #: The event that let the person in, where one did; `event` in the texts of its messages.
    event_id = models.BigIntegerField(null=True)
    converted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "person", "flow", "entry"], name="journey_once_per_entry"
            )
        ]
        indexes = [
            # With the id, so that a page of the people at a step is found as fast as those who are due.
            models.Index(
                fields=["campaign", "step", "due_at", "id"], name="journey_due", condition=Q(status="active")
            ),
            models.Index(
                fields=["campaign", "status", "id"], name="journey_ended", condition=~Q(status="active")
            ),
        ]


class JourneyTally(models.Model):
    """Counts of journeys, kept by a trigger as appended differences; their sum is the count.

    ``status`` is a journey's, of those whose step this is, or ``arrived``: how many have ever come to the step.
    """

    ARRIVED = "arrived"

    campaign = models.ForeignKey(
        "campaigns.Campaign", on_delete=models.DO_NOTHING, db_constraint=False, related_name="journey_tallies"
    )
    step = models.CharField(max_length=125)
    status = models.CharField(max_length=8)
    n = models.BigIntegerField()


class Entrance(models.Model):
    """How far the people and events that may lead into a workflow have been looked at; one for each flow.

    Whether anybody may enter at all is the campaign's ``enter_since``.
    """

    campaign = models.ForeignKey(
        "campaigns.Campaign", on_delete=models.CASCADE, related_name="entrances", db_index=False
    )
    flow = models.CharField(max_length=60, blank=True, default="")
    #: Who joined after this time may enter; null while nobody may.
    since = models.DateTimeField(null=True)
    #: A wave over everybody who is there already: up to this person id it has come; -1 while there is none.
    cursor = models.BigIntegerField(default=-1)
    event_cursor = models.BigIntegerField(default=0)
    #: A walk over dates that is going on lets in whose moment is later than ``since`` and not later than this.
    until = models.DateTimeField(null=True)
    #: A webhook's: whoever knows it may call. "" where the trigger is no webhook.
    token = models.CharField(max_length=43, blank=True, default="")
    #: The hidden segment that keeps who meets the trigger, where the trigger is a condition.
    segment = models.ForeignKey(
        "campaigns.Segment", null=True, on_delete=models.SET_NULL, related_name="entrances"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "flow"], name="entrance_once"),
            models.UniqueConstraint(fields=["token"], name="entrance_token", condition=~Q(token="")),
        ]

    def __str__(self) -> str:
        return f"entrance {self.flow} of campaign {self.campaign_id}"

"""What the engine of python campaigns keeps: its runs, how far each has come, what became of each contact, and the log."""

from django.db import models
from django.db.models import Q


class StrategyRun(models.Model):
    """From a Start to the next Stop. ``number`` is the ledger's ``run``; ``cursor`` moves in the transaction that writes
    the rows of the contacts up to it.
    """

    campaign = models.ForeignKey(
        "campaigns.Campaign", on_delete=models.CASCADE, related_name="strategy_runs", db_index=False
    )
    number = models.IntegerField()
    strategy = models.CharField(max_length=120)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    #: Everybody up to this person id has been looked at in the present walk over the contacts.
    cursor = models.BigIntegerField(default=0)
    #: Walks that have reached the end of the contacts; later ones find whoever was added meanwhile.
    walks = models.IntegerField(default=0)
    walked_at = models.DateTimeField(null=True)
    processed = models.IntegerField(default=0)
    failed = models.IntegerField(default=0)
    planned = models.BigIntegerField(default=0)
    #: What tells one bad contact from a strategy that does not work (domain/strategies.py).
    failed_in_a_row = models.IntegerField(default=0)
    fatal_in_a_row = models.IntegerField(default=0)
    #: Since when a worker asks; empty between two turns. What a worker that died leaves here is what tells of it.
    asking_since = models.DateTimeField(null=True)
    #: Lines in the log; it is capped.
    lines = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "number"], name="strategy_run_number")]

    def __str__(self) -> str:
        return f"run {self.number} of campaign {self.campaign_id}"


class StrategyContact(models.Model):
    """A contact whom the strategy was asked about in a run: exactly once, the database refuses a second row."""

    PLANNED, NOTHING, FAILED = "planned", "nothing", "failed"
    STATUSES = [(PLANNED, "Planned"), (NOTHING, "Nothing to send"), (FAILED, "Failed")]

    campaign = models.ForeignKey(
        "campaigns.Campaign",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    run = models.IntegerField()
    person = models.ForeignKey(
        "campaigns.Person", on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    status = models.CharField(max_length=8, choices=STATUSES)
    planned = models.SmallIntegerField(default=0, help_text="How many communications; each is a ledger row.")
    problem = models.CharField(max_length=300, blank=True, default="")
    processed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "run", "person"], name="strategy_contact_once_per_run"
            )
        ]
        indexes = [
            models.Index(
                fields=["campaign", "run", "person"],
                name="strategy_contact_failed",
                condition=Q(status="failed"),
            ),
        ]


class StrategyLine(models.Model):
    """A line of a python campaign's log (seed 002, Show Logs): what the strategy printed or raised, what the engine says."""

    OUTPUT, INFO, WARNING, ERROR = "output", "info", "warning", "error"
    LEVELS = [(OUTPUT, "Output"), (INFO, "Info"), (WARNING, "Warning"), (ERROR, "Error")]

    campaign = models.ForeignKey(
        "campaigns.Campaign",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    run = models.IntegerField()
    at = models.DateTimeField()
    level = models.CharField(max_length=8, choices=LEVELS)
    person = models.ForeignKey(
        "campaigns.Person",
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    text = models.TextField()

    class Meta:
        indexes = [
            models.Index(fields=["campaign", "id"], name="strategy_line_of_campaign"),
            models.Index(fields=["campaign", "level", "id"], name="strategy_line_level"),
        ]

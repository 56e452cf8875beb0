"""Connections, channels, the ledger of deliveries and what our own providers keep.

The ledger's foreign keys carry no constraint (twice the speed of enrolment); ``check_ledger`` covers them.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django_fsm import FSMField, transition

from channels.domain import states as s


class Connection(models.Model):
    """A provider account that channels send through. Secrets are kept encrypted and never shown again."""

    workspace = models.ForeignKey("campaigns.Workspace", on_delete=models.CASCADE, related_name="connections")
    name = models.CharField(max_length=120)
    provider = models.CharField(max_length=40)
    settings = models.JSONField(default=dict, blank=True)
    secrets = models.TextField(blank=True, default="", editable=False)
    status = models.CharField(max_length=10, choices=s.CONNECTION_CHOICES, default=s.CONNECTION_RUNNING)
    message = models.CharField(max_length=500, blank=True, default="", help_text="The cause of an error.")
    rate_per_second = models.FloatField(
        null=True, blank=True, help_text="At most so many messages a second; empty: any."
    )
    parallelism = models.PositiveIntegerField(default=4, help_text="Calls at once, over all workers.")
    #: Quiet hours and daily window, see domain/hours.py; {} is any time.
    hours = models.JSONField(default=dict, blank=True)
    #: Of e-mail: whose opens and clicks are tracked.
    tracking = models.CharField(max_length=4, choices=s.TRACKING_CHOICES, default=s.TRACKING_HTML)
    #: The provider asked us to wait until then (429, 421); claims wait too.
    paused_until = models.DateTimeField(null=True, blank=True)
    #: Rate limit (GCRA): the time at which the next message would be on schedule.
    next_send_at = models.DateTimeField(null=True, blank=True)
    consecutive_failures = models.IntegerField(default=0)
    checked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="connection_name")]

    def __str__(self) -> str:
        return self.name


class Channel(models.Model):
    """One kind of message within a campaign, with a status of its own (seed 003)."""

    campaign = models.ForeignKey("campaigns.Campaign", on_delete=models.CASCADE, related_name="channels")
    connection = models.ForeignKey(
        Connection, null=True, blank=True, on_delete=models.PROTECT, related_name="channels"
    )
    #: The automated sender in whose name it sends: through that one's connection, as long as it is running.
    agent = models.ForeignKey(
        "channels.Agent", null=True, blank=True, on_delete=models.PROTECT, related_name="channels"
    )
    kind = models.CharField(max_length=20)
    position = models.PositiveSmallIntegerField(default=0)
    status = FSMField(max_length=10, default=s.READY, choices=s.CHANNEL_CHOICES, protected=True)
    status_reason = models.CharField(max_length=500, blank=True, default="")
    content = models.JSONField(default=dict, blank=True)
    #: sms: when this message goes out, where that is later than the campaign's start; and the start that it belongs to,
    #: so that a restart can keep the distance (see services/send_schedule.py).
    sends_at = models.DateTimeField(null=True, blank=True)
    planned_from = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    pauses = models.PositiveIntegerField(default=0)
    #: The run (Run.number; 0 where there is only one) whose rows are being made and sent.
    run = models.IntegerField(default=0, db_default=0)
    #: Enrolment: everybody up to this person id has a ledger row; ``enrolled`` once the whole audience has.
    enrol_cursor = models.BigIntegerField(default=0)
    enrolled = models.BooleanField(default=False)
    #: The variant that everybody gets since it has won; "" while the test goes on.
    winner = models.CharField(max_length=40, blank=True, default="", db_default="")
    #: Remarketing: the channel whose people it is for, by which outcome, and how many it was promised to.
    source = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="remarketed"
    )
    outcome = models.CharField(max_length=24, blank=True, default="", db_default="")
    promised = models.BigIntegerField(default=0, db_default=0)
    #: Background work left behind by an action: "", "cancel" or "requeue".
    sweep = models.CharField(max_length=10, blank=True, default="")
    #: Which ledger reason a cancelling sweep writes.
    sweep_reason = models.CharField(max_length=20, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(fields=["id"], name="channel_running", condition=Q(status=s.RUNNING)),
            models.Index(fields=["id"], name="channel_sweep", condition=~Q(sweep="")),
            models.Index(fields=["kind", "campaign"], name="channel_kind"),
            models.Index(fields=["campaign"], name="channel_errored", condition=Q(status=s.ERRORED)),
            models.Index(fields=["sends_at"], name="channel_sends", condition=Q(sends_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"

    @transition(field=status, source=[s.READY, s.STOPPED, s.COMPLETED], target=s.RUNNING)
    def start(self) -> None:
        """Begin (or, where the lifecycle restarts, begin again)."""

    @transition(field=status, source=s.RUNNING, target=s.PAUSED)
    def pause(self) -> None:
        """For a while; nothing is lost."""

    @transition(field=status, source=s.PAUSED, target=s.RUNNING)
    def resume(self) -> None:
        """Pick up where it left off."""

    @transition(field=status, source=[s.READY, s.RUNNING, s.PAUSED, s.ERRORED], target=s.STOPPED)
    def stop(self) -> None:
        """For good (outreach), or until a restart."""

    @transition(field=status, source=s.RUNNING, target=s.COMPLETED)
    def complete(self) -> None:
        """Nothing is pending or being sent."""

    @transition(field=status, source=s.RUNNING, target=s.ERRORED)
    def fail(self) -> None:
        """It cannot go on."""

    @transition(field=status, source=s.ERRORED, target=s.RUNNING)
    def retry(self) -> None:
        """The cause is fixed."""


class Delivery(models.Model):
    """The ledger row: one message to one person. Unique per (channel, run, step, person): nobody is contacted twice."""

    id = models.BigAutoField(primary_key=True)
    channel = models.ForeignKey(
        Channel, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="deliveries"
    )
    run = models.IntegerField(default=0)
    step = models.CharField(max_length=125, blank=True, default="")
    person = models.ForeignKey(
        "campaigns.Person", on_delete=models.DO_NOTHING, db_constraint=False, related_name="deliveries"
    )
    status = models.CharField(max_length=10, choices=s.DELIVERY_CHOICES, default=s.PENDING)
    reason = models.CharField(max_length=24, blank=True, default="")
    due_at = models.DateTimeField()
    attempt = models.PositiveSmallIntegerField(default=0)
    #: Voice: how many calls reached nobody and were placed again; the log of calls has each.
    redials = models.PositiveSmallIntegerField(default=0, db_default=0)
    lease_until = models.DateTimeField(null=True)
    fence = models.BigIntegerField(null=True)
    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    clicked_at = models.DateTimeField(null=True)
    converted_at = models.DateTimeField(null=True)
    provider_id = models.CharField(max_length=200, blank=True, default="")
    detail = models.CharField(max_length=300, blank=True, default="", help_text="What the provider said.")
    #: What it is about: the event that it follows, or that led its journey in. `event` in its texts.
    event_id = models.BigIntegerField(null=True)
    #: After that nothing may go out any more: the window in which it was due has passed.
    expires_at = models.DateTimeField(null=True)
    #: The name of the content variant that went out; "" where the content has none.
    variant = models.CharField(max_length=40, blank=True, default="", db_default="")

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["channel", "run", "step", "person"], name="delivery_once")
        ]
        indexes = [
            models.Index(fields=["channel", "due_at", "id"], name="delivery_claim", condition=Q(status=s.PENDING)),
            models.Index(fields=["lease_until"], name="delivery_lease", condition=Q(status=s.SENDING)),
            models.Index(
                fields=["channel", "status", "id"], name="delivery_exception",
                condition=Q(status__in=(s.FAILED, s.SKIPPED, s.UNKNOWN, s.RECALLED, s.DRAFTED)),
            ),
            # Receipts find their row by it. Written once, by the update that records the message as sent.
            models.Index(fields=["provider_id"], name="delivery_provider", condition=~Q(provider_id="")),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"delivery {self.pk}"


class Tally(models.Model):
    """Counts of the ledger, kept by statement triggers as appended differences: their sum is the count, always.

    ``status`` is a delivery status or an outcome. Readers sum, the beat folds old rows; no row is ever updated, so
    nothing is a hot spot.
    """

    channel = models.ForeignKey(
        Channel, on_delete=models.DO_NOTHING, db_constraint=False, related_name="tallies"
    )
    run = models.IntegerField()
    step = models.CharField(max_length=125)
    status = models.CharField(max_length=10)
    variant = models.CharField(max_length=40, default="", db_default="")
    n = models.BigIntegerField()

    class Meta:
        # For the number beside the queue of drafts, on every page.
        indexes = [models.Index(fields=["channel"], name="tally_drafted", condition=Q(status=s.DRAFTED))]


class Suppression(models.Model):
    """An address of a workspace that must not be contacted, whoever has it."""

    REASONS = [
        ("unsubscribed", "Unsubscribed"),
        ("bounced", "Bounced"),
        ("complained", "Complained"),
        ("manual", "Added by hand"),
    ]

    workspace = models.ForeignKey(
        "campaigns.Workspace", on_delete=models.CASCADE, related_name="suppressions", db_index=False
    )
    address_kind = models.CharField(max_length=10, choices=[("email", "E-mail"), ("phone", "Phone")])
    address = models.CharField(max_length=254)
    reason = models.CharField(max_length=12, choices=REASONS)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "address_kind", "address"], name="suppressed_once")
        ]

    def __str__(self) -> str:
        return self.address


class InAppMessage(models.Model):
    """A message in a person's in-app inbox: written in the transaction that records it as sent; recallable."""

    delivery = models.OneToOneField(
        Delivery, primary_key=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="in_app"
    )
    channel = models.ForeignKey(
        Channel, on_delete=models.DO_NOTHING, db_constraint=False, related_name="in_app_messages"
    )
    person = models.ForeignKey(
        "campaigns.Person", on_delete=models.DO_NOTHING, db_constraint=False, related_name="inbox"
    )
    subject = models.CharField(max_length=300)
    body = models.TextField()
    created_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True)
    recalled_at = models.DateTimeField(null=True)


class SandboxMessage(models.Model):
    """What the sandbox provider "sent", kept where a person can look at it."""

    delivery = models.OneToOneField(
        Delivery, primary_key=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="sandbox"
    )
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="sandbox_messages")
    channel = models.ForeignKey(Channel, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    kind = models.CharField(max_length=20)
    address = models.CharField(max_length=254)
    subject = models.CharField(max_length=300)
    body = models.TextField()
    created_at = models.DateTimeField()

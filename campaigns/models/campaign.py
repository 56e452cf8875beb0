"""The campaign: its settings, its one status field and the FSM's graph of all that any lifecycle may do.

Nothing but ``campaigns.services.actions`` calls the transitions: which of them a kind has, and who may take them, is in
the lifecycle tables, not here.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import Q
from django_fsm import RETURN_VALUE, FSMField, transition

from campaigns.domain import states as s
from campaigns.domain.lifecycle import Lifecycle, Look
from campaigns.domain.lifecycles import KIND_CHOICES, lifecycle_of
from campaigns.models.label import Label
from campaigns.models.segment import Segment
from campaigns.models.topic import Topic
from campaigns.models.workspace import Workspace, validate_time_zone
from campaigns.querysets import CampaignQuerySet

_HERE = Q(deleted_at__isnull=True)
_ACTIVE = _HERE & ~Q(status=s.ARCHIVED)
#: Where an approval may lead: a message goes out, every other kind can be started from where it was.
_APPROVED_TO = (
    s.SCHEDULED,
    s.RUNNING,
    s.AWAITING_NEXT_RUN,
    s.DRAFT,
    s.CONFIGURED,
    s.STOPPED,
    s.COMPLETED,
    s.ERRORED,
)


class Campaign(models.Model):
    """A campaign of any kind. ``kind`` chooses the lifecycle and never changes."""

    workspace = models.ForeignKey(
        Workspace, on_delete=models.PROTECT, related_name="campaigns", db_index=False
    )
    kind = models.CharField(max_length=10, choices=KIND_CHOICES)
    name = models.CharField(max_length=200)
    status = FSMField(max_length=20, default=s.DRAFT, choices=s.CHOICES, protected=True)
    status_reason = models.CharField(
        max_length=500, blank=True, default="", help_text="Why it is so; an error's cause."
    )
    status_since = models.DateTimeField()
    version = models.IntegerField(default=1, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="campaigns"
    )
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    labels = models.ManyToManyField(Label, blank=True, related_name="campaigns")
    topic = models.ForeignKey(
        Topic, null=True, blank=True, on_delete=models.SET_NULL, related_name="campaigns"
    )

    # Who
    segment = models.ForeignKey(
        Segment, null=True, blank=True, on_delete=models.PROTECT, related_name="campaigns"
    )
    #: Instead of a segment: whoever meets this; and a condition on top of either (the API's ``filter``).
    audience_condition = models.JSONField(default=dict, blank=True, db_default={})
    audience_filter = models.JSONField(default=dict, blank=True, db_default={})
    trigger = models.JSONField(default=dict, blank=True)
    frequency = models.JSONField(default=dict, blank=True)
    #: What counts as a conversion, ``{"condition", "within"}``; and who leaves a workflow early, ``{"condition"}``.
    goal = models.JSONField(default=dict, blank=True, db_default={})
    exit = models.JSONField(default=dict, blank=True, db_default={})
    # What: the channels carry the content of a blast, the workflow that of a journey
    workflow = models.JSONField(default=list, blank=True)
    flows = models.JSONField(default=list, blank=True)
    strategy = models.CharField(max_length=120, blank=True, default="")
    #: python: the stages that communications belong to, and the time windows in which they go out.
    stages = models.JSONField(default=list, blank=True, db_default=[])
    windows = models.JSONField(default=list, blank=True, db_default=[])
    # When
    timezone = models.CharField(max_length=64, default="UTC", validators=[validate_time_zone])
    starts_at = models.DateTimeField(null=True, blank=True)
    stops_at = models.DateTimeField(null=True, blank=True)
    stop_mode = models.CharField(
        max_length=6, default="exit", choices=[("exit", "Exit immediately"), ("finish", "Finish")]
    )
    restart_audience = models.CharField(
        max_length=7,
        default="current",
        choices=[("current", "Current people and future additions"), ("future", "Future")],
    )
    delivery = models.JSONField(default=dict, blank=True)
    next_run_at = models.DateTimeField(null=True, blank=True)

    # Kept by the gateway and the engine
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    #: Journeys: people who joined the audience after this time may enter; null while nobody may.
    enter_since = models.DateTimeField(null=True, blank=True)
    enter_cursor = models.BigIntegerField(default=0)
    enter_round = models.IntegerField(default=0)
    #: message by action or inaction: every event up to this one has been looked at.
    event_cursor = models.BigIntegerField(default=0, db_default=0)
    #: The content hash (domain/snapshot.py) of who / what / when that was last approved; "" where nothing was.
    approved_hash = models.CharField(max_length=64, blank=True, default="", db_default="")
    #: Background work that an action left behind: "", "exit" (end journeys; engine/sweeping.py) or "recheck".
    sweep = models.CharField(max_length=10, blank=True, default="")
    last_active_at = models.DateTimeField()
    archive_due_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "id"], name="campaign_active", condition=_ACTIVE),
            models.Index(fields=["workspace", "id"], name="campaign_archived", condition=_HERE & Q(status=s.ARCHIVED)),
            models.Index(fields=["workspace", "status", "id"], name="campaign_status", condition=_HERE),
            # With the status, which tells the tabs apart, so that counting needs no look at the rows themselves.
            models.Index(fields=["workspace", "kind", "id"], name="campaign_kind", condition=_HERE, include=["status"]),
            models.Index(
                fields=["workspace", "created_by", "id"], name="campaign_owner", condition=_HERE, include=["status"]
            ),
            models.Index(fields=["workspace", "created_at"], name="campaign_created", condition=_HERE),
            models.Index(fields=["starts_at"], name="campaign_starts", condition=Q(starts_at__isnull=False)),
            models.Index(fields=["stops_at"], name="campaign_stops", condition=Q(stops_at__isnull=False)),
            models.Index(fields=["status"], name="campaign_live", condition=Q(status__in=s.LIVE)),
            models.Index(fields=["id"], name="campaign_sweep", condition=~Q(sweep="")),
            models.Index(fields=["id"], name="campaign_deleted", condition=Q(deleted_at__isnull=False)),
            models.Index(
                fields=["archive_due_at"], name="campaign_archive_due",
                condition=_HERE & Q(status__in=s.RESTING, archive_due_at__isnull=False),
            ),
            GinIndex(SearchVector("name", config="simple"), name="campaign_search"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name

    @property
    def lifecycle(self) -> Lifecycle:
        """The table of rules for this kind."""
        return lifecycle_of(self.kind)

    @property
    def look(self) -> Look:
        """Word, colour, icon and meaning of the present status in this kind."""
        return self.lifecycle.look(self.status)

    @property
    def scheduled(self) -> bool:
        """The label beside the status (seed 000): a start or a stop is set. In a blast's draft a time is only a plan."""
        planned = self.starts_at is not None or self.stops_at is not None
        return planned and (self.kind == "journey" or self.status in s.MOVING)

    # The FSM's graph: the union of all lifecycles. Tests prove that each table is a subset of it.
    @transition(field=status, source=[s.DRAFT, s.CONFIGURED, s.ERRORED], target=s.RUNNING)
    def start(self) -> None:
        """journey, flow, python: begin."""

    @transition(field=status, source=s.DRAFT, target=s.SCHEDULED)
    def schedule(self) -> None:
        """sms, voice: queue it for its time. (A journey's schedule is a label and changes no status.)"""

    @transition(field=status, source=s.SCHEDULED, target=s.DRAFT)
    def cancel_schedule(self) -> None:
        """sms, voice: back to Defined."""

    @transition(
        field=status,
        source=[s.SCHEDULED, s.AWAITING_NEXT_RUN, s.RUNNING, s.STOPPING],
        target=RETURN_VALUE(s.STOPPED, s.STOPPING, s.DRAFT, s.CONFIGURED),
    )
    def stop(self, target: str) -> str:
        """Every kind but outreach; flow goes back to Inactive, python to Configured."""
        return target

    @transition(field=status, source=s.ERRORED, target=s.CONFIGURED)
    def force_stop(self) -> None:
        """python: out of Error."""

    @transition(field=status, source=s.STOPPED, target=s.RUNNING)
    def restart(self) -> None:
        """journey, sms."""

    @transition(field=status, source=[s.DRAFT, s.STOPPED, s.SCHEDULED, s.AWAITING_NEXT_RUN], target=s.RUNNING)
    def launch(self) -> None:
        """The beat: its time has come."""

    @transition(field=status, source=s.RUNNING, target=s.AWAITING_NEXT_RUN)
    def await_next_run(self) -> None:
        """The engine: this run is done, another will come."""

    @transition(field=status, source=s.STOPPING, target=s.STOPPED)
    def settle(self) -> None:
        """The engine: the last person has finished."""

    @transition(
        field=status,
        source=[s.RUNNING, s.SCHEDULED, s.AWAITING_NEXT_RUN, s.PENDING_APPROVAL, s.REJECTED],
        target=s.COMPLETED,
    )
    def complete(self) -> None:
        """The engine: nothing is pending or being sent, and no run is left."""

    @transition(field=status, source=s.RUNNING, target=s.ERRORED)
    def fail(self) -> None:
        """The engine: it cannot go on."""

    @transition(field=status, source=s.DRAFT, target=s.CONFIGURED)
    def configure(self) -> None:
        """python: it has contacts and a strategy."""

    @transition(field=status, source=s.CONFIGURED, target=s.DRAFT)
    def unconfigure(self) -> None:
        """python: it lost one of them."""

    @transition(
        field=status,
        source=[s.DRAFT, s.RUNNING, s.STOPPED, s.COMPLETED],
        target=RETURN_VALUE(s.DRAFT, s.RUNNING, s.STOPPED, s.COMPLETED),
    )
    def derive(self, target: str) -> str:
        """outreach: the status follows from its channels."""
        return target

    @transition(
        field=status,
        source=[
            s.DRAFT, s.CONFIGURED, s.REJECTED, s.SCHEDULED, s.AWAITING_NEXT_RUN, s.STOPPED, s.COMPLETED, s.ERRORED,
        ],
        target=s.PENDING_APPROVAL,
    )  # fmt: skip
    def submit(self) -> None:
        """message, or any kind under a policy: send for approval."""

    @transition(
        field=status,
        source=[s.DRAFT, s.REJECTED, s.PENDING_APPROVAL, s.SCHEDULED, s.AWAITING_NEXT_RUN],
        target=RETURN_VALUE(*_APPROVED_TO),
    )
    def publish(self, target: str) -> str:
        """An approver's own way past the request."""
        return target

    @transition(field=status, source=s.PENDING_APPROVAL, target=RETURN_VALUE(*_APPROVED_TO))
    def approve(self, target: str) -> str:
        """message: off it goes; every other kind: back to where it was sent from. By somebody other than who asked."""
        return target

    @transition(field=status, source=s.PENDING_APPROVAL, target=s.REJECTED)
    def reject(self) -> None:
        """With a comment."""

    @transition(field=status, source=s.PENDING_APPROVAL, target=RETURN_VALUE(*_APPROVED_TO))
    def withdraw(self, target: str) -> str:
        """Whoever asked takes the request back."""
        return target

    @transition(
        field=status,
        source=[
            s.DRAFT, s.CONFIGURED, s.REJECTED, s.SCHEDULED, s.RUNNING, s.STOPPING, s.STOPPED, s.COMPLETED, s.ERRORED,
        ],
        target=s.ARCHIVED,
    )  # fmt: skip
    def archive(self) -> None:
        """By hand."""

    @transition(field=status, source=list(s.RESTING), target=s.ARCHIVED)
    def auto_archive(self) -> None:
        """The six-month rule."""

    @transition(field=status, source=s.ARCHIVED, target=RETURN_VALUE(s.DRAFT, s.STOPPED, s.COMPLETED))
    def unarchive(self, target: str) -> str:
        """journey → stopped, flow and python → draft, outreach → as its channels say."""
        return target

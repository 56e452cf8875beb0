"""Segments: lists filled by hand, everyone, or whoever meets a condition; and whose membership has to be looked at again."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now

from campaigns.models.workspace import Workspace


class Segment(models.Model):
    """Who a campaign is for: a list filled by hand or import, everyone of the workspace, or who meets a condition."""

    MANUAL, EVERYONE, CONDITION = "manual", "everyone", "condition"
    KINDS = [(MANUAL, "Manual list"), (EVERYONE, "Everyone"), (CONDITION, "By condition")]

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="segments")
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=KINDS, default=MANUAL)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    #: By condition: the condition in the API's shape, and what it looks at (domain/conditions.py, `uses_of`).
    condition = models.JSONField(default=dict, blank=True, db_default={})
    uses = models.JSONField(default=dict, blank=True, editable=False, db_default={})
    #: Made for the trigger of a campaign: nobody sees it among the segments, and it goes with the campaign.
    hidden = models.BooleanField(default=False, editable=False, db_default=False)
    #: Since when the condition is what it is; who meets it already then has been in the segment since then.
    defined_at = models.DateTimeField(null=True, blank=True, editable=False)
    #: Everybody up to this person id has been looked at (again); null while no such walk is going on. ``filled_at``
    #: once everybody has been since the condition became what it is.
    fill_cursor = models.BigIntegerField(null=True, blank=True, editable=False)
    filled_at = models.DateTimeField(null=True, blank=True, editable=False)
    #: Whom the passing of time moved in or out up to then has been queued to be looked at.
    swept_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint("workspace", Lower("name"), name="segment_name")]
        indexes = [
            models.Index(
                fields=["workspace"], name="segment_kept", condition=Q(kind="condition", archived_at=None)
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_filling(self) -> bool:
        """Whether not everybody has been looked at since the condition was made or changed."""
        return self.kind == self.CONDITION and self.filled_at is None


class SegmentMember(models.Model):
    """A person of a list or a segment by condition; ``since`` makes *future additions only* a comparison of times."""

    pk = models.CompositePrimaryKey("segment_id", "person_id")
    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="members", db_index=False)
    person = models.ForeignKey("campaigns.Person", on_delete=models.CASCADE, related_name="list_memberships")
    since = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["segment", "since", "person"], name="segment_member_added")]


class TouchedPerson(models.Model):
    """A queue: somebody about whom something has changed that a segment by condition of the workspace may look at.

    Triggers fill it, in the transaction of the change; engine/segments.py empties it. No key carries a constraint.
    """

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(
        Workspace, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    person = models.ForeignKey(
        "campaigns.Person",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    touched_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["workspace", "id"], name="touched_order")]

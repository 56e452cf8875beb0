"""People, and CSV imports of them and of the objects that they are related to."""

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from campaigns.models.segment import Segment
from campaigns.models.workspace import Workspace, validate_time_zone
from campaigns.querysets import PERSON_NAMES, PersonQuerySet


class Person(models.Model):
    """A contact. ``email`` is lower case and ``phone`` E.164; both are "" where there is none."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="people", db_index=False)
    external_id = models.CharField(max_length=150)
    email = models.CharField(max_length=254, blank=True, default="")
    phone = models.CharField(max_length=20, blank=True, default="")
    timezone = models.CharField(max_length=64, blank=True, default="", validators=[validate_time_zone])
    attributes = models.JSONField(default=dict, blank=True)
    #: Hints: another person of the workspace may have the same address (never False where one has).
    shares_email = models.BooleanField(default=False, editable=False)
    shares_phone = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = PersonQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "people"
        constraints = [
            models.UniqueConstraint(
                fields=["external_id", "workspace"], name="person_external_id",
                opclasses=["varchar_pattern_ops", "int8_ops"],
            )
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["workspace", "id"], name="person_order"),
            # The address first, as the external id above: see skipping.py on how they are looked up. Pattern operators:
            # beginnings are searched for.
            models.Index(
                fields=["email", "workspace"], name="person_email", condition=~Q(email=""),
                opclasses=["varchar_pattern_ops", "int8_ops"],
            ),
            models.Index(
                fields=["phone", "workspace"], name="person_phone", condition=~Q(phone=""),
                opclasses=["varchar_pattern_ops", "int8_ops"],
            ),
            models.Index(fields=["workspace", "created_at", "id"], name="person_added"),
            GinIndex(PERSON_NAMES, name="person_names"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        """First and last name where known, else the address or external id."""
        names = (str(self.attributes.get(key) or "") for key in ("first_name", "last_name"))
        return " ".join(name for name in names if name) or self.email or self.phone or self.external_id


class ImportJob(models.Model):
    """One CSV file on its way in. Progress is committed with every batch, so a killed import resumes."""

    DRAFT, QUEUED, RUNNING, DONE, FAILED = "draft", "queued", "running", "done", "failed"
    STATUSES = [(status, status.capitalize()) for status in (DRAFT, QUEUED, RUNNING, DONE, FAILED)]
    PEOPLE, OBJECTS = "people", "objects"
    KINDS = [(kind, kind.capitalize()) for kind in (PEOPLE, OBJECTS)]

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="imports")
    kind = models.CharField(max_length=10, choices=KINDS, default=PEOPLE, help_text="What the rows are.")
    object_type = models.CharField(
        max_length=60, blank=True, default="", help_text="The type of objects whose row says none."
    )
    segment = models.ForeignKey(
        Segment, null=True, blank=True, on_delete=models.SET_NULL, related_name="imports"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    file_name = models.CharField(max_length=255, help_text="What the person called it.")
    path = models.CharField(max_length=500, help_text="Where it is kept, under the data folder.")
    encoding = models.CharField(max_length=40, blank=True, default="")
    delimiter = models.CharField(max_length=4, blank=True, default="")
    region = models.CharField(max_length=2, default="US")
    mapping = models.JSONField(
        default=dict, blank=True, help_text='{column: field, key of an attribute, or "" to leave it out}.'
    )
    columns = models.JSONField(default=list, blank=True, help_text="The columns' names in the file's order.")
    notes = models.JSONField(default=list, blank=True, help_text="Sentences on how the file was read.")
    status = models.CharField(max_length=10, choices=STATUSES, default=DRAFT)
    bytes_total = models.BigIntegerField(default=0)
    bytes_done = models.BigIntegerField(default=0)
    records_done = models.BigIntegerField(default=0)
    created = models.BigIntegerField(default=0)
    updated = models.BigIntegerField(default=0)
    unchanged = models.BigIntegerField(default=0)
    related = models.BigIntegerField(default=0, help_text="Relationships made or changed.")
    refused = models.BigIntegerField(default=0)
    warnings = models.BigIntegerField(default=0)
    error = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.file_name


class RefusedRow(models.Model):
    """A row of the file that did not come in (or came in with a warning), and exactly why."""

    REFUSED, WARNING = "refused", "warning"

    job = models.ForeignKey(ImportJob, on_delete=models.CASCADE, related_name="refused_rows")
    severity = models.CharField(max_length=8, choices=[(REFUSED, "Refused"), (WARNING, "Warning")])
    line = models.BigIntegerField(help_text="The line of the file on which the record starts, from 1.")
    record = models.BigIntegerField(help_text="The record's number, the first after the header being 1.")
    column = models.CharField(max_length=200, blank=True, default="")
    error = models.CharField(max_length=500)
    values = models.JSONField(default=list)

    class Meta:
        indexes = [models.Index(fields=["job", "record"], name="refused_row_order")]

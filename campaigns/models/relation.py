"""Objects that people are related to (companies, accounts, courses): types, the objects, and who is related to which."""

from django.db import models
from django.db.models.functions import Lower

from campaigns.models.audience import Person
from campaigns.models.workspace import Workspace


class ObjectType(models.Model):
    """What kind of thing it is; programs and conditions call it by its name."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="object_types")
    name = models.CharField(max_length=60)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint("workspace", Lower("name"), name="object_type_name")]

    def __str__(self) -> str:
        return self.name


class RelatedObject(models.Model):
    """One company, account or course, with attributes of its own."""

    type = models.ForeignKey(
        ObjectType, on_delete=models.CASCADE, related_name="related_objects", db_index=False
    )
    external_id = models.CharField(max_length=150)
    attributes = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["type", "external_id"], name="object_external_id")]

    def __str__(self) -> str:
        return self.external_id


class Relationship(models.Model):
    """A person is related to an object since then, with attributes of its own (such as a role)."""

    object = models.ForeignKey(
        RelatedObject, on_delete=models.CASCADE, related_name="relationships", db_index=False
    )
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="relationships")
    attributes = models.JSONField(default=dict, blank=True)
    since = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["object", "person"], name="related_once")]

    def __str__(self) -> str:
        return f"{self.person_id} – {self.object_id}"

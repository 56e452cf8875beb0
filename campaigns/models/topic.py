"""Topics: what people choose from on the preference page."""

from django.db import models
from django.db.models.functions import Lower

from campaigns.models.workspace import Workspace


class Topic(models.Model):
    """A subject that campaigns are about, such as "Offers"; people may unsubscribe from one and keep the others."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="topics")
    name = models.CharField(max_length=60)
    description = models.CharField(max_length=200, blank=True, default="", help_text="People read this.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint("workspace", Lower("name"), name="topic_name")]

    def __str__(self) -> str:
        return self.name

"""Automated senders that flows use."""

from __future__ import annotations

from django.db import models

from channels.domain import states as s
from channels.models.sending import Connection


class Agent(models.Model):
    """A named automated sender; it works as long as it is running and its connection can send."""

    workspace = models.ForeignKey("campaigns.Workspace", on_delete=models.CASCADE, related_name="agents")
    name = models.CharField(max_length=120)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="agents")
    status = models.CharField(max_length=10, choices=s.CONNECTION_CHOICES, default=s.CONNECTION_RUNNING)
    message = models.CharField(max_length=500, blank=True, default="", help_text="The cause of an error.")
    checked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="agent_name")]

    def __str__(self) -> str:
        return self.name

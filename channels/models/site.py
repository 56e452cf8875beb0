"""How a workspace's own apps and web sites show its messages."""

from __future__ import annotations

from django.db import models


class Site(models.Model):
    """The public key that a page carries, and the secret with which the customer's server vouches for a person."""

    workspace = models.OneToOneField("campaigns.Workspace", on_delete=models.CASCADE, related_name="site")
    key = models.CharField(max_length=40, unique=True)
    #: Encrypted like the secrets of connections.
    secrets = models.TextField(editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.key

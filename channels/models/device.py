"""The devices and browsers that people can be reached on."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from channels.domain.devices import DEVICE_CHOICES


class Device(models.Model):
    """One app installation or one browser of a person, as a push service knows it.

    Who registers a token that another person had takes it over: the device has changed hands.
    """

    workspace = models.ForeignKey("campaigns.Workspace", on_delete=models.CASCADE, related_name="devices")
    person = models.ForeignKey(
        "campaigns.Person", on_delete=models.CASCADE, related_name="devices", db_index=False
    )
    kind = models.CharField(max_length=10, choices=DEVICE_CHOICES)
    token = models.CharField(max_length=2000)
    keys = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    #: The service said that it does not know this device any more.
    invalid_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "kind", "token"], name="device_once")]
        indexes = [
            models.Index(fields=["person", "kind"], name="device_valid", condition=Q(invalid_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} device {self.pk}"

"""What was answered to calls that carried an ``Idempotency-Key``, so that a repeated call does nothing twice."""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from campaigns.models.workspace import Membership


class IdempotentCall(models.Model):
    """One call of a member under one key, made in the transaction of what it did."""

    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=255)
    request_digest = models.CharField(max_length=64, help_text="SHA-256 of method, path and body.")
    status = models.PositiveSmallIntegerField(default=200)
    answer = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["membership", "key"], name="idempotency_key_once")]
        indexes = [models.Index(fields=["created_at"], name="idempotency_age")]

    def __str__(self) -> str:
        return self.key

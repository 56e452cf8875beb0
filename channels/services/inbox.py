"""The in-app inbox of a person: what waits there, and that it was opened."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from channels.domain import states as s
from channels.models import Delivery, InAppMessage


def inbox_of(person_id: int) -> QuerySet[InAppMessage]:
    """A person's messages, newest first; one that was taken back is not there."""
    return InAppMessage.objects.filter(person_id=person_id, recalled_at__isnull=True).order_by(
        "-created_at", "-pk"
    )


def open_message(message_id: int, workspace_id: int, now: datetime) -> InAppMessage | None:
    """Note that a message was opened (the first time counts). None if it is not there, or was taken back."""
    with transaction.atomic():
        message = (
            InAppMessage.objects.select_for_update()
            .filter(pk=message_id, person__workspace_id=workspace_id, recalled_at__isnull=True)
            .first()
        )
        if message is None:
            return None
        if message.opened_at is None:
            message.opened_at = now
            message.save(update_fields=["opened_at"])
            Delivery.objects.filter(pk=message_id, status=s.SENT).update(opened_at=now)
    return message

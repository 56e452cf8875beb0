"""Deliveries in doubt: a person who knows what happened says so."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal, Protocol

from django.db import transaction
from django.db.models import QuerySet

from channels.domain import states as s
from channels.models import Channel, Delivery
from channels.services import doorbell
from channels.services.errors import NotResolvable

Resolution = Literal["sent", "failed", "resend"]
#: A channel in another state sends nothing, so a row queued there would wait for ever.
_SENDS = (s.RUNNING, s.PAUSED, s.ERRORED)


class Named(Protocol):
    """Whoever acts: only what the ledger calls them matters here."""

    @property
    def label(self) -> str: ...


def resolve_unknown(
    delivery_ids: Iterable[int], as_status: Resolution, actor: Named, *, workspace_id: int, now: datetime
) -> int:
    """Settle deliveries in doubt as sent, as failed, or send them again; answers how many of them still were in doubt.

    *resend* may contact somebody twice: that is the person's decision. Raises `NotResolvable` where a channel does not
    send any more.
    """
    with transaction.atomic():
        doubtful = Delivery.objects.filter(
            pk__in=list(delivery_ids), status=s.UNKNOWN, channel__campaign__workspace_id=workspace_id
        )
        detail = f"Resolved as {as_status} by {actor.label}."[:300]
        match as_status:
            case "sent":
                return doubtful.update(status=s.SENT, reason="", detail=detail, sent_at=now)
            case "failed":
                return doubtful.update(status=s.FAILED, reason="in_doubt", detail=detail)
            case "resend":
                return _resend(doubtful, detail, now)
    raise NotResolvable("Choose sent, failed or resend.")


def _resend(doubtful: QuerySet[Delivery], detail: str, now: datetime) -> int:
    wanted = set(doubtful.values_list("channel_id", flat=True))
    # Locked against a stop, which would otherwise sweep before these rows are pending.
    channels = Channel.objects.select_for_update(no_key=True).filter(pk__in=wanted)
    if any(channel.status not in _SENDS for channel in channels):
        raise NotResolvable("The channel does not send any more; resolve it as sent or as failed.")
    changed = doubtful.update(status=s.PENDING, reason="", detail=detail, due_at=now, attempt=0)
    doorbell.ring(wanted)
    return changed

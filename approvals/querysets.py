"""Named queries: which requests a member may decide on, what a member has not read, what has not been mailed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q

#: An e-mail that could not be handed over is tried again this many seconds after it was due first; then never again.
RETRY_AFTER = (0, 60, 300, 1_800, 7_200, 28_800)


class RequestQuerySet(models.QuerySet[Any]):
    """Requests for approval."""

    def visible_to(self, membership: Any) -> RequestQuerySet:
        """Those about campaigns of the member's workspace that are still there; all others are 404."""
        return self.filter(campaign__workspace_id=membership.workspace_id, campaign__deleted_at__isnull=True)

    def open(self) -> RequestQuerySet:
        """Those that wait for a decision."""
        return self.filter(status="open")

    def waiting_for(self, membership: Any) -> RequestQuerySet:
        """Open ones that this member may decide on: none of their own, none that they have decided on already."""
        if not membership.may("decide_approvals"):
            return self.none()
        own = Q(requested_by=membership.user_id) | Q(authors__contains=[membership.user_id])
        decided = Q(decisions__decided_by=membership.user_id)
        return self.open().visible_to(membership).exclude(own).exclude(decided)


class NotificationQuerySet(models.QuerySet[Any]):
    """What members are told."""

    def of(self, membership: Any) -> NotificationQuerySet:
        """What this member has been told in this workspace."""
        return self.filter(recipient_id=membership.user_id, workspace_id=membership.workspace_id)

    def unread(self) -> NotificationQuerySet:
        """Not opened yet."""
        return self.filter(read_at__isnull=True)

    def due_to_mail(self, now: datetime) -> NotificationQuerySet:
        """Not mailed yet, and either never tried or due for another try."""
        due = Q()
        for attempts, seconds in enumerate(RETRY_AFTER):
            since = datetime.fromtimestamp(now.timestamp() - seconds, now.tzinfo)
            due |= Q(attempts=attempts, created_at__lte=since)
        return self.filter(due, mailed_at__isnull=True)

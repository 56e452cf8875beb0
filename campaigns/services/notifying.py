"""Tells members about requests for approval: rows that the console's bell shows and that a duty sends as e-mail."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from approvals.models import Notification, Request
from campaigns.domain.permissions import APPROVERS
from campaigns.models import Membership, User


def notify(request: Request, recipients: Iterable[User], subject: str, body: str, now: datetime) -> None:
    """One row for each recipient; whoever has been told the very same about this request is not told twice."""
    rows = [
        Notification(
            workspace_id=request.campaign.workspace_id,
            recipient=user,
            campaign_id=request.campaign_id,
            request=request,
            subject=subject[:300],
            body=body,
            created_at=now,
        )
        for user in {user.pk: user for user in recipients}.values()
    ]
    Notification.objects.bulk_create(rows, ignore_conflicts=True)


def deciders(request: Request) -> list[User]:
    """Everybody who may decide on it: the approvers of the workspace who neither made, edited nor submitted it."""
    found = Membership.objects.filter(
        workspace_id=request.campaign.workspace_id, role__in=APPROVERS, user__is_active=True
    ).exclude(user_id__in=[request.requested_by_id, *request.authors])
    return [membership.user for membership in found.select_related("user").order_by("user_id")]


def makers(request: Request) -> list[User]:
    """Whoever asked for it, and whoever made or edited this version."""
    return list(User.objects.filter(pk__in={request.requested_by_id, *request.authors}, is_active=True))


def tell_deciders(request: Request, now: datetime) -> None:
    """Ask everybody who may decide."""
    name, asker = request.campaign.name, request.requested_by
    subject = f"“{name}” waits for your approval"
    kind = "A change of the live campaign" if request.proposal else "The campaign"
    people = f"{request.audience:,} {'person' if request.audience == 1 else 'people'}"
    notify(request, deciders(request), subject, f"{asker} sent it. {kind} is for {people}.", now)


def tell_decided(request: Request, by: User, now: datetime) -> None:
    """Tell whoever asked and whoever worked on it."""
    verdict = "approved" if request.status == Request.APPROVED else "rejected"
    words = f" “{request.comment}”" if request.comment else ""
    subject = f"“{request.campaign.name}” was {verdict}"
    notify(request, makers(request), subject, f"{by} {verdict} it.{words}", now)


def tell_voided(request: Request, by: User | None, now: datetime) -> None:
    """Tell the others who worked on it that somebody's edit has taken its place."""
    others = [user for user in makers(request) if by is None or user.pk != by.pk]
    subject = f"“{request.campaign.name}” was changed while it waited for approval"
    notify(request, others, subject, f"{by or 'Somebody'} edited it; the request is void.", now)

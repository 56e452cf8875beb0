"""Requests for approval that wait for a decision; deciding is an action of the campaign (approve, reject)."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import BaseModel

from approvals.models import Request
from campaigns.api.access import member_of
from campaigns.api.paging import PageQuery, page_by_id
from campaigns.api.shapes import answers
from campaigns.domain.permissions import APPROVERS
from campaigns.models import Campaign

router = Router(tags=["Approvals"])


class ApprovalOut(BaseModel):
    """An open request; `may_decide` says whether you may (nobody decides on what they submitted)."""

    id: int
    campaign: int
    campaign_name: str
    kind: str
    version: int
    requested_by: str
    requested_at: datetime
    may_decide: bool


class ApprovalPage(BaseModel):
    """Open requests, oldest first."""

    items: list[ApprovalOut]
    next: str | None


@router.get("/approvals", response=answers(ApprovalPage))
def list_approvals(request: HttpRequest, query: Query[PageQuery]) -> Any:
    """The requests of the workspace that wait for a decision."""
    member = member_of(request)
    is_open = Request.objects.filter(status=Request.OPEN, campaign__in=Campaign.objects.visible_to(member))
    rows, cursor = page_by_id(is_open.select_related("campaign", "requested_by"), query)
    decides = member.role in APPROVERS
    return {
        "items": [_shown(row, decides and row.requested_by_id != member.user_id) for row in rows],
        "next": cursor,
    }


def _shown(row: Request, may_decide: bool) -> dict[str, Any]:
    return {
        "id": row.pk,
        "campaign": row.campaign_id,
        "campaign_name": row.campaign.name,
        "kind": row.campaign.kind,
        "version": row.version,
        "requested_by": row.requested_by.email,
        "requested_at": row.requested_at,
        "may_decide": may_decide,
    }

"""Requests for approval: what waits, what was decided, what one asked for; deciding is an action of the campaign."""

from datetime import datetime
from typing import Any, Literal

from django.db.models import Count, Q
from django.http import HttpRequest
from ninja import Query, Router
from pydantic import BaseModel

from approvals.models import Decision, Request
from approvals.querysets import RequestQuerySet
from campaigns.api.access import member_of
from campaigns.api.paging import PageQuery, page_by_id
from campaigns.api.shapes import answers
from campaigns.domain.permissions import APPROVERS
from campaigns.domain.snapshot import differences
from campaigns.engine import audience_counts
from campaigns.models import Membership
from campaigns.services.errors import NotFound
from campaigns.services.snapshots import with_audience_of

router = Router(tags=["Approvals"])


class ApprovalOut(BaseModel):
    """A request for approval; `may_decide` says whether you may: nobody decides on what they made or submitted.

    `content_hash` is what an approval is about: send it with `approve`, and what has changed since is refused.
    `waits_beside` says that a live campaign goes on with what was approved until then.
    """

    id: int
    campaign: int
    campaign_name: str
    kind: str
    version: int
    status: str
    content_hash: str
    waits_beside: bool
    requested_by: str
    requested_at: datetime
    starts_at: datetime | None
    audience: int
    needed: int
    approvals: int
    decided_by: str | None
    decided_at: datetime | None
    comment: str
    may_decide: bool


class ApprovalPage(BaseModel):
    """Requests in the order in which they were made."""

    items: list[ApprovalOut]
    next: str | None


class DifferenceOut(BaseModel):
    """One thing that differs from what was approved last; “–” where it was not, or is not, there."""

    section: str
    path: str
    label: str
    before: str
    after: str


class DecisionOut(BaseModel):
    """What one approver said."""

    verdict: str
    decided_by: str
    decided_at: datetime
    comment: str


class WholeApproval(ApprovalOut):
    """One request with all that a decision needs; `audience` was counted when it was asked."""

    audience_now: int
    differences: list[DifferenceOut]
    decisions: list[DecisionOut]


class ApprovalQuery(PageQuery):
    """`open`: all that wait · `pending`: those that you may decide on · `decided`: all others · `mine`: asked by you."""

    scope: Literal["open", "pending", "decided", "mine"] = "open"


@router.get("/approvals", response=answers(ApprovalPage))
def list_approvals(request: HttpRequest, query: Query[ApprovalQuery]) -> Any:
    """The requests for approval of the workspace: by default those that wait for a decision."""
    member = member_of(request)
    rows, cursor = page_by_id(_with_parts(_scoped(query.scope, member)), query)
    return {"items": [_shown(row, member) for row in rows], "next": cursor}


@router.get("/approvals/{id:request_id}", response=answers(WholeApproval))
def get_approval(request: HttpRequest, request_id: int) -> Any:
    """One request: what differs from what was approved last, for how many people then and now, who said what."""
    member = member_of(request)
    row = _with_parts(Request.objects.visible_to(member)).filter(pk=request_id).first()
    if row is None:
        raise NotFound("There is no such request for approval in this workspace.")
    found = differences(row.baseline, row.snapshot)
    decisions = row.decisions.select_related("decided_by").order_by("pk")
    return {
        **_shown(row, member),
        "audience_now": audience_counts.count(with_audience_of(row.campaign, row.snapshot)),
        "differences": [
            {name: getattr(one, name) for name in ("section", "path", "label", "before", "after")} for one in found
        ],
        "decisions": [_decision(one) for one in decisions],
    }  # fmt: skip


def _scoped(scope: str, member: Membership) -> RequestQuerySet:
    if scope == "pending":
        return Request.objects.waiting_for(member)
    visible: RequestQuerySet = Request.objects.visible_to(member)
    if scope == "mine":
        return visible.filter(requested_by=member.user_id)
    return visible.open() if scope == "open" else visible.exclude(status=Request.OPEN)


def _with_parts(rows: RequestQuerySet) -> Any:
    said = Count("decisions", filter=Q(decisions__verdict=Decision.APPROVE), distinct=True)
    return rows.select_related("campaign", "requested_by", "decided_by").annotate(said=said)


def _shown(row: Any, member: Membership) -> dict[str, Any]:
    own = member.user_id == row.requested_by_id or member.user_id in row.authors
    return {
        "id": row.pk,
        "campaign": row.campaign_id,
        "campaign_name": row.campaign.name,
        "kind": row.campaign.kind,
        "version": row.version,
        "status": row.status,
        "content_hash": row.content_hash,
        "waits_beside": bool(row.proposal),
        "requested_by": row.requested_by.email,
        "requested_at": row.requested_at,
        "starts_at": row.campaign.starts_at or row.campaign.next_run_at,
        "audience": row.audience,
        "needed": row.needed,
        "approvals": row.said,
        "decided_by": row.decided_by.email if row.decided_by else None,
        "decided_at": row.decided_at,
        "comment": row.comment,
        "may_decide": row.status == Request.OPEN and member.role in APPROVERS and not own,
    }


def _decision(row: Decision) -> dict[str, Any]:
    return {
        "verdict": row.verdict,
        "decided_by": row.decided_by.email,
        "decided_at": row.decided_at,
        "comment": row.comment,
    }

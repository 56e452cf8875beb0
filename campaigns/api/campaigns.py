"""Campaigns: made, listed, changed, deleted."""

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Status

from campaigns.api.access import acting, member_of
from campaigns.api.campaign_shapes import (
    CampaignIn,
    CampaignOut,
    CampaignPage,
    CampaignPatch,
    CampaignQuery,
    EditedOut,
)
from campaigns.api.idempotency import KeyHeader, idempotently
from campaigns.api.paging import page_by_id
from campaigns.api.shapes import answers
from campaigns.models import Campaign
from campaigns.services.actions import perform
from campaigns.services.campaigns import create_campaign
from campaigns.services.editing import save_edit
from campaigns.services.idempotency import Answer
from campaigns.services.rendering_campaign import render_campaign, render_campaigns
from channels.models import Channel

router = Router(tags=["Campaigns"])


@router.post("/campaigns", response=answers(CampaignOut, 201))
def make_campaign(request: HttpRequest, body: CampaignIn, idempotency_key: KeyHeader = None) -> Any:
    """Make a campaign: a draft. Under an `Idempotency-Key` a repeated call makes no second one."""

    def make() -> Answer:
        made = create_campaign(acting(request), body.given(), timezone.now())
        return Answer(201, render_campaign(made.pk, member_of(request)))

    return idempotently(request, idempotency_key, make)


@router.get("/campaigns", response=answers(CampaignPage))
def list_campaigns(request: HttpRequest, query: Query[CampaignQuery]) -> Any:
    """The campaigns of the workspace, oldest first; `tab` leaves out the archived or all others."""
    member = member_of(request)
    rows, cursor = page_by_id(filtered(Campaign.objects.visible_to(member), query), query)
    return {"items": render_campaigns(rows, member), "next": cursor}


@router.get("/campaigns/{id:campaign_id}", response=answers(CampaignOut))
def get_campaign(request: HttpRequest, campaign_id: int) -> Any:
    """One campaign with its settings and content."""
    return render_campaign(campaign_id, member_of(request))


@router.patch("/campaigns/{id:campaign_id}", response=answers(EditedOut))
def change_campaign(request: HttpRequest, campaign_id: int, body: CampaignPatch) -> Any:
    """Change what is given and nothing else; a stale `version` is 409, a section that is locked `edits_discarded`.

    `edit` in the answer says what became of it: `save`, `submit` (it waits for approval, see `request`; a live campaign
    goes on with what was approved) or `publish`.
    """
    data = body.given()
    version, params = data.pop("version"), {"start_now": data.pop("start_now", None)}
    edited = save_edit(campaign_id, acting(request), data, version, timezone.now(), params=params)
    waits = edited.request.pk if edited.request else None
    edit = {"outcome": edited.outcome, "request": waits}
    return {**render_campaign(campaign_id, member_of(request)), "edit": edit}


@router.delete("/campaigns/{id:campaign_id}", response=answers(None, 204))
def delete_campaign(request: HttpRequest, campaign_id: int) -> Any:
    """Delete a campaign for good: content, settings and records go; its history stays in the activity log."""
    perform("delete", campaign_id, acting(request))
    return Status(204, None)


def filtered(campaigns: QuerySet[Any], query: CampaignQuery) -> QuerySet[Any]:
    """The campaigns that match every filter of the query."""
    if query.tab:
        campaigns = campaigns.archived() if query.tab == "archived" else campaigns.active()
    campaigns = campaigns.delivered_by(query.delivery).with_content(query.type)
    fields = {"status": query.status, "kind": query.kind}
    for field, values in fields.items():
        if values:
            campaigns = campaigns.filter(**{f"{field}__in": values})
    if query.created_by:
        campaigns = campaigns.filter(_any("created_by__email__iexact", query.created_by))
    if query.channel:
        of_kind = Channel.objects.filter(campaign=OuterRef("pk"), kind__in=query.channel)
        campaigns = campaigns.filter(Exists(of_kind))
    if query.label:
        labelled = Campaign.labels.through.objects.filter(
            _any("label__name__iexact", query.label), campaign=OuterRef("pk")
        )
        campaigns = campaigns.filter(Exists(labelled))
    return campaigns.named(query.q) if query.q.strip() else campaigns


def _any(lookup: str, values: list[str]) -> Q:
    return Q.create([Q(**{lookup: value}) for value in values], connector=Q.OR)

"""Requests for approval as members make them, for the tests of the approver's place."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from approvals.models import Request
from campaigns.models import Campaign, Membership
from campaigns.services.actions import perform
from campaigns.services.actors import Actor
from campaigns.services.editing import save_edit
from tests.factories import CampaignFactory


def ask(creator: Membership, now: datetime, **values: Any) -> Request:
    """A message of this creator that waits for its first approval."""
    campaign = CampaignFactory(kind="message", created_by=creator, now=now, **values)
    perform("submit", campaign.pk, Actor.member(creator), now=now)
    return open_request(campaign)


def open_request(campaign: Campaign) -> Request:
    """The request that waits."""
    return Request.objects.get(campaign=campaign, status=Request.OPEN)


def content(campaign: Campaign, body: str, subject: str = "News") -> dict[str, Any]:
    """*What* of its only channel, in the API's shape."""
    channel = campaign.channels.get()
    return {
        "channels": [
            {
                "id": channel.pk,
                "kind": channel.kind,
                "connection": channel.connection_id,
                "content": {"subject": subject, "body": body},
            }
        ]
    }


def edit(campaign: Campaign, member: Membership, body: str, now: datetime, **more: Any) -> Any:
    """This member changes the message's text; answers what became of it."""
    return save_edit(campaign.pk, Actor.member(member), content(campaign, body, **more), None, now)


def decision(request: Request, verdict: str = "approve", **more: Any) -> dict[str, Any]:
    """What the review page posts."""
    request.refresh_from_db()
    version = Campaign.objects.values_list("version", flat=True).get(pk=request.campaign_id)
    return {"decision": verdict, "version": version, "content_hash": request.content_hash, **more}


def status(request: Request) -> str:
    """Of the campaign, as it is now."""
    return Campaign.objects.values_list("status", flat=True).get(pk=request.campaign_id)

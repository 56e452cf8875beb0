"""Workflows: steps of one campaign copied into another."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema
from pydantic import Field

from campaigns.api.access import acting, member_of
from campaigns.api.campaign_shapes import CampaignOut
from campaigns.api.shapes import answers
from campaigns.services.rendering_campaign import render_campaign
from campaigns.services.workflow_transfer import Transfer, copy_steps

router = Router(tags=["Campaigns"])


class CopyIn(Schema):
    """`from`: the campaign to copy from, archived ones too. `at`: a path such as `workflow.2` or `workflow.1.then.0`."""

    source: int = Field(alias="from")
    steps: list[str] = Field(description="Keys of steps; a branch or split brings what is inside it.")
    at: str = Field("", description="Where they go; at the end where nothing is said.")
    source_flow: str = Field("", description="The flow to copy from, of a flow campaign.")
    flow: str = Field("", description="The flow to copy into, of a flow campaign.")
    version: int | None = Field(None, description="The version that the caller has seen; a later one is 409.")


class CopiedOut(CampaignOut):
    """The campaign, and in sentences what has to be looked after."""

    notes: list[str]


@router.post("/campaigns/{id:campaign_id}/workflow/copy", response=answers(CopiedOut))
def copy_workflow_steps(request: HttpRequest, campaign_id: int, body: CopyIn) -> Any:
    """Copy steps of a campaign of this workspace into this one, under fresh keys; `notes` say what it lacks for them."""
    member = member_of(request)
    asked = Transfer(body.source, body.steps, body.at, body.source_flow, body.flow, body.version)
    notes = copy_steps(acting(request), campaign_id, asked, timezone.now())
    return {**render_campaign(campaign_id, member), "notes": notes}

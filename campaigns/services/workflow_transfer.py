"""Steps copied from one campaign into another and saved at once: what the API does; the console puts them into a drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from campaigns.domain.workflow_editing import EditError, inserted
from campaigns.models import Campaign
from campaigns.services.actors import Actor
from campaigns.services.editing import save_edit
from campaigns.services.errors import Forbidden, Invalid, NotFound
from campaigns.services.workflow_copying import campaigns_with_steps, copied
from campaigns.services.workflow_edits import Drawn, new_keys, payload_with, saved_workflow


@dataclass(frozen=True, slots=True)
class Transfer:
    """What to copy from where to where; ``at`` is a path, "" the end."""

    source: int
    steps: Sequence[str]
    at: str = ""
    source_flow: str = ""
    flow: str = ""
    version: int | None = None


def copy_steps(actor: Actor, campaign_id: int, asked: Transfer, now: datetime) -> list[str]:
    """Copy and save; answers what has to be looked after. Refusals as of any edit, and for places that are not there."""
    if actor.membership is None:
        raise Forbidden("Only a member copies steps.")
    with transaction.atomic():
        target = _visible(Campaign.objects.visible_to(actor.membership), campaign_id)
        source = _visible(campaigns_with_steps(actor.membership), asked.source)
        there = saved_workflow(target, asked.flow)
        found = copied(source, asked.steps, target, new_keys(target, Drawn(there, there)), asked.source_flow)
        try:
            made = inserted(there, asked.at or f"workflow.{len(there)}", found.steps)
        except EditError as error:
            raise Invalid.field("at", str(error)) from error
        save_edit(target.pk, actor, payload_with(target, asked.flow, made), asked.version, now)
    return found.notes


def _visible(campaigns: Any, pk: int) -> Campaign:
    found: Campaign | None = campaigns.select_related("workspace").filter(pk=pk).first()
    if found is None:
        raise NotFound("There is no such campaign in this workspace.")
    return found

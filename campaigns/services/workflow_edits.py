"""The workflow that a member is drawing: kept until it is saved or given up, so that no error and no reload loses it."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from campaigns.domain.workflow import steps_in
from campaigns.domain.workflow_editing import NewKey, Workflow, key_maker
from campaigns.models import Campaign, User, WorkflowEdit
from campaigns.services import approving
from campaigns.services.errors import Stale
from campaigns.services.flow_edits import changed, flow_named

CHANGED_MEANWHILE = (
    "The workflow has been changed by somebody else since you began. Look at theirs and start again from it, "
    "or keep yours: saving it then takes the place of theirs."
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """The workflow as the member sees it."""

    workflow: Workflow
    saved: Workflow
    """As the campaign has it, or the edit of it that waits for approval."""
    is_edited: bool = False
    is_stale: bool = False
    can_undo: bool = False


def drawn(campaign: Campaign, user: User, flow: str = "") -> Drawn:
    """What this member has drawn, or what is saved where that is nothing. `NotFound` where there is no such flow."""
    saved = saved_workflow(campaign, flow)
    edit = _own(campaign, user, flow)
    if edit is None:
        return Drawn(saved, saved)
    stale = edit.base != fingerprint(saved)
    return Drawn(edit.workflow, saved, True, stale, edit.before is not None)


def saved_workflow(campaign: Campaign, flow: str = "") -> Workflow:
    """The workflow that an edit begins from; of a flow campaign that of one flow."""
    proposal = approving.waiting_proposal(campaign)
    if campaign.kind != "flow":
        return list(proposal.get("workflow", campaign.workflow) or [])
    return list(flow_named(saved_flows(campaign, proposal), flow).get("workflow") or [])


def saved_flows(campaign: Campaign, proposal: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """The flows that an edit begins from."""
    found = approving.waiting_proposal(campaign) if proposal is None else proposal
    return list(found.get("flows", campaign.flows) or [])


def keep(campaign: Campaign, user: User, flow: str, workflow: Workflow, now: datetime) -> None:
    """Keep what was drawn; the last state before it can be gone back to."""
    there = drawn(campaign, user, flow)
    if there.workflow == workflow:
        return
    values = {"workflow": workflow, "before": there.workflow, "updated_at": now}
    WorkflowEdit.objects.update_or_create(
        campaign=campaign, user=user, flow=flow, defaults=values,
        create_defaults={**values, "base": fingerprint(there.saved)},
    )  # fmt: skip


def undo(campaign: Campaign, user: User, flow: str, now: datetime) -> None:
    """Take the last change back; once more brings it again."""
    edit = _own(campaign, user, flow)
    if edit is not None and edit.before is not None:
        edit.workflow, edit.before, edit.updated_at = edit.before, edit.workflow, now
        edit.save(update_fields=["workflow", "before", "updated_at"])


def give_up(campaign: Campaign, user: User, flow: str = "") -> None:
    """Forget what was drawn and not saved."""
    WorkflowEdit.objects.filter(campaign=campaign, user=user, flow=flow).delete()


def insist(campaign: Campaign, user: User, flow: str = "") -> None:
    """Keep what was drawn although somebody has saved meanwhile: it is on top of theirs from now on."""
    WorkflowEdit.objects.filter(campaign=campaign, user=user, flow=flow).update(
        base=fingerprint(saved_workflow(campaign, flow))
    )


def payload_of(campaign: Campaign, user: User, flow: str = "") -> dict[str, Any]:
    """What was drawn as an edit in the API's shape. `Stale` where somebody else has saved meanwhile."""
    found = drawn(campaign, user, flow)
    if found.is_stale:
        raise Stale(CHANGED_MEANWHILE)
    return payload_with(campaign, flow, found.workflow)


def payload_with(campaign: Campaign, flow: str, workflow: Workflow) -> dict[str, Any]:
    """An edit of this workflow in the API's shape."""
    if campaign.kind != "flow":
        return {"workflow": workflow}
    return {"flows": changed(saved_flows(campaign), flow, {"workflow": workflow})}


def new_keys(campaign: Campaign, found: Drawn) -> NewKey:
    """Makes keys for new steps: nobody stands at them, and no message was ever sent by them."""
    used = {str(place.step.get("key")) for tree in (found.workflow, found.saved) for place in steps_in(tree)}
    return key_maker(used, (lambda: secrets.token_hex(3)) if campaign.started_at else None)


def fingerprint(workflow: Sequence[Mapping[str, Any]]) -> str:
    """The same for the same workflow."""
    text = json.dumps(workflow, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _own(campaign: Campaign, user: User, flow: str) -> WorkflowEdit | None:
    return WorkflowEdit.objects.filter(campaign=campaign, user=user, flow=flow).first()

"""The workflow that a member is drawing: kept until it is saved or given up, so that no error and no reload loses it."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Func, IntegerField, QuerySet

from campaigns.domain.workflow import steps_in
from campaigns.domain.workflow_editing import NewKey, Workflow, key_maker
from campaigns.models import Campaign, User, WorkflowEdit
from campaigns.services import approving
from campaigns.services.errors import Stale
from campaigns.services.flow_edits import changed, flow_named

#: Of the states that can be gone back to, the nearest are kept: so many, and not more text than this many characters.
MOST_STATES, MOST_TEXT = 100, 1_000_000

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
    can_redo: bool = False


def drawn(campaign: Campaign, user: User, flow: str = "") -> Drawn:
    """What this member has drawn, or what is saved where that is nothing. `NotFound` where there is no such flow."""
    saved = saved_workflow(campaign, flow)
    edit = _own(campaign, user, flow)
    found = edit.values("workflow", "base", back=_number("earlier"), forth=_number("later")).first()
    if found is None:
        return Drawn(saved, saved)
    # Where everything has been taken back there is nothing of one's own, whatever somebody else saves meanwhile.
    workflow = saved if fingerprint(found["workflow"]) == found["base"] else found["workflow"]
    edited = bool(workflow != saved)
    stale = edited and found["base"] != fingerprint(saved)
    return Drawn(workflow, saved, edited, stale, found["back"] > 0, found["forth"] > 0)


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


@transaction.atomic
def keep(campaign: Campaign, user: User, flow: str, workflow: Workflow, now: datetime) -> None:
    """Keep what was drawn. The state before it can be gone back to; what was taken back cannot be brought again."""
    there = drawn(campaign, user, flow)
    if there.workflow == workflow:
        return
    base = fingerprint(there.saved)
    edit, _ = WorkflowEdit.objects.select_for_update().get_or_create(
        campaign=campaign, user=user, flow=flow,
        defaults={"workflow": there.workflow, "base": base, "updated_at": now},
    )  # fmt: skip
    if edit.workflow != there.workflow:
        edit.base, edit.earlier = base, []
    edit.earlier, edit.later = _nearest([*edit.earlier, there.workflow]), []
    edit.workflow, edit.updated_at = workflow, now
    edit.save()


@transaction.atomic
def undo(campaign: Campaign, user: User, flow: str, now: datetime, *, again: bool = False) -> bool:
    """Take the last change back, or with ``again`` bring the last one that was taken back; False where there is none."""
    edit = _own(campaign, user, flow).select_for_update().first()
    if edit is None or not (edit.later if again else edit.earlier):
        return False
    off, on = (edit.later, edit.earlier) if again else (edit.earlier, edit.later)
    on.append(edit.workflow)
    edit.workflow, edit.updated_at = off.pop(), now
    edit.save()
    return True


def _nearest(states: list[Workflow]) -> list[Workflow]:
    """The last of them, as many as may be kept: one at least."""
    kept: list[Workflow] = []
    text = 0
    for state in reversed(states[-MOST_STATES:]):
        text += len(json.dumps(state, default=str))
        if kept and text > MOST_TEXT:
            break
        kept.append(state)
    return kept[::-1]


def give_up(campaign: Campaign, user: User, flow: str = "") -> None:
    """Forget what was drawn and not saved."""
    _own(campaign, user, flow).delete()


def insist(campaign: Campaign, user: User, flow: str = "") -> None:
    """Keep what was drawn although somebody has saved meanwhile: it is on top of theirs from now on."""
    _own(campaign, user, flow).update(base=fingerprint(saved_workflow(campaign, flow)))


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


def _own(campaign: Campaign, user: User, flow: str) -> QuerySet[WorkflowEdit]:
    return WorkflowEdit.objects.filter(campaign=campaign, user=user, flow=flow)


def _number(states: str) -> Func:
    """How many there are, without reading them."""
    return Func(F(states), function="jsonb_array_length", output_field=IntegerField())

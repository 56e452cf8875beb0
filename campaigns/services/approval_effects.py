"""What sending for approval, deciding and publishing do to a campaign beyond its status; see effects.py."""

from __future__ import annotations

from collections.abc import Callable

from campaigns.domain import states as s
from campaigns.domain.schedule import told
from campaigns.services import approving, running
from campaigns.services.errors import Invalid
from campaigns.services.moves import Move
from campaigns.services.parameters import read_flag, read_text, read_time


def submit(move: Move) -> str | None:
    """A request for what the campaign is now, or for the edit that is to wait beside it."""
    if not move.proposal and approving.keeps_approved(move.campaign):
        move.proposal = approving.last_proposal(move.campaign)
    request = approving.ask(move)
    if move.campaign.kind == "message" and not approving.keeps_approved(move.campaign):
        move.campaign.approved_hash = ""
        running.unplan(move.campaign)
    move.data |= {"request": request.pk, "content_hash": request.content_hash}
    return None


def publish(move: Move) -> str | None:
    """An approver's own way past the request: an edit of a live campaign takes effect, all else sets out."""
    campaign = move.campaign
    proposal = move.proposal or approving.last_proposal(campaign)
    approving.void(campaign, move.actor.user, move.now)
    if approving.keeps_approved(campaign):
        approving.apply_proposal(move, proposal)
    move.approves = move.facts.approval.asked
    return _take_effect(move, approving.sent_from(campaign))


def approve(move: Move) -> str | None:
    """One more yes; the last one that is needed takes effect."""
    request = approving.open_request(move.campaign)
    approving.refuse_unseen(move, request)
    _refuse_new_time(move)
    said = approving.decide(move, request, "approve", read_text(move.params, "comment"))
    move.data |= {
        "request": request.pk,
        "content_hash": request.content_hash,
        "final": said == request.needed,
    }
    if said < request.needed:
        move.reason = f"{said} of {request.needed} approvals."
        return move.campaign.status
    move.approves = True
    if approving.keeps_approved(move.campaign):
        approving.apply_proposal(move, request.proposal)
    return _take_effect(move, approving.sent_from(move.campaign))


def reject(move: Move) -> str | None:
    """With a comment; a live campaign goes on with what was approved."""
    comment = read_text(
        move.params, "comment", required="Say what has to change: a rejection needs a comment."
    )
    request = approving.open_request(move.campaign)
    approving.refuse_unseen(move, request)
    approving.decide(move, request, "reject", comment)
    move.data |= {"request": request.pk, "content_hash": request.content_hash}
    move.reason = comment[:500]
    return None


def withdraw(move: Move) -> str | None:
    """Before the first run back to a draft (or to where it was sent from), afterwards on with what was approved."""
    campaign = move.campaign
    request = approving.open_request(campaign)
    approving.refuse_other_request(move, request)
    approving.close(request, "withdrawn", move.actor.user, move.now)
    move.data |= {"request": request.pk, "dropped": bool(request.proposal)}
    if not move.targets:
        return None
    if campaign.kind != "message":
        return approving.sent_from(campaign)
    if approving.keeps_approved(campaign):
        return s.AWAITING_NEXT_RUN
    running.unplan(campaign)
    return s.DRAFT


def _take_effect(move: Move, sent_from: str) -> str | None:
    """Where what has been approved (or published) leads to."""
    campaign = move.campaign
    if campaign.status in (s.RUNNING, s.STOPPING):
        return campaign.status
    if campaign.kind != "message":
        if campaign.status == s.PENDING_APPROVAL:
            verb = "Approved" if move.action == "approve" else "Published"
            move.reason = f"{verb} by {move.actor.label}; it can be started."
            return sent_from
        return campaign.status
    if approving.keeps_approved(campaign):
        return s.AWAITING_NEXT_RUN
    return _set_out(move)


def _set_out(move: Move) -> str | None:
    """message: at its time, or now where it has none. A time that has passed is asked about first."""
    if running.goes_in_runs(move.campaign):
        return running.launch_target(move)
    starts_at = read_time(move.params, "starts_at") or move.campaign.starts_at
    if starts_at and starts_at <= move.now and not read_flag(move.params, "start_now"):
        raise Invalid.field(
            "start_now",
            f"Its scheduled time ({told(starts_at, move.campaign.timezone)}) has passed; "
            "choose a new time, or send start_now.",
        )
    if starts_at and starts_at > move.now:
        move.campaign.starts_at = starts_at
        return s.SCHEDULED
    move.begin()
    running.begin(move)
    return s.RUNNING


def _refuse_new_time(move: Move) -> None:
    """Approving is about the version that was sent; a new time belongs to it only where its own has passed."""
    campaign = move.campaign
    asked = read_time(move.params, "starts_at")
    if asked is None or asked == campaign.starts_at:
        return
    if campaign.starts_at is None or campaign.starts_at > move.now:
        raise Invalid.field(
            "starts_at", "Approve takes a new time only where its own has passed; edit When to change it."
        )


APPROVAL_EFFECTS: dict[str, Callable[[Move], str | None]] = {
    effect.__name__: effect for effect in (submit, publish, approve, reject, withdraw)
}

"""Requests for approval and their decisions, as the gateway's effects make them."""

from __future__ import annotations

from approvals.models import Request
from campaigns.services.errors import Forbidden, NotAllowed
from campaigns.services.moves import Move


def request(move: Move) -> None:
    """Ask for approval of the campaign as it is now (the version that this very action makes)."""
    assert move.actor.user is not None  # the tables let only members ask
    Request.objects.create(
        campaign=move.campaign,
        version=move.campaign.version + 1,
        requested_by=move.actor.user,
        requested_at=move.now,
        authors=[],
    )


def decide(move: Move, verdict: str, comment: str) -> None:
    """Close the open request. Four eyes: whoever asked may only withdraw; the database refuses it too."""
    found = Request.objects.select_for_update().filter(campaign=move.campaign, status=Request.OPEN).first()
    if found is None:
        raise NotAllowed("There is no open request for approval.")
    user = move.actor.user
    if verdict == Request.WITHDRAWN and user != found.requested_by:
        raise Forbidden(f"Only {found.requested_by} can withdraw this request.")
    if verdict != Request.WITHDRAWN and user == found.requested_by:
        raise Forbidden("Nobody decides on what they submitted themselves; ask another approver.")
    found.status, found.decided_by, found.decided_at, found.comment = verdict, user, move.now, comment
    found.save()

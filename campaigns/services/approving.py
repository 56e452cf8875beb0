"""Requests for approval and the decisions on them, as the gateway's effects make them under the campaign's lock.

A campaign *keeps what was approved* once it is live: its rows go on holding the approved version, and an edit waits
beside it as the request's proposal until it is approved. Before that its own rows hold the version that waits.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from approvals.models import Decision, Request
from campaigns.domain import states as s
from campaigns.domain.snapshot import content_hash, differences, in_words
from campaigns.engine import audience_counts
from campaigns.models import Activity, Campaign, User
from campaigns.services import notifying, running, snapshots, updating
from campaigns.services.completeness import refuse_incomplete
from campaigns.services.errors import NotAllowed, Stale
from campaigns.services.moves import Move
from campaigns.services.policies import policy_of
from channels.domain import states as cs
from channels.models import Channel

#: What puts something into a campaign, as the activity log names it.
_EDITS = ("create", "edit", "add_channel", "edit_channel")


def keeps_approved(campaign: Campaign) -> bool:
    """Whether its rows hold what was approved, so that an edit has to wait beside them."""
    if campaign.kind == "message":
        return campaign.started_at is not None
    return campaign.status in (s.SCHEDULED, s.RUNNING, s.STOPPING)


def find_open(campaign: Campaign) -> Request | None:
    """The open request, locked; None where nothing waits."""
    found = Request.objects.select_for_update(of=("self",)).select_related("requested_by")
    return found.filter(campaign=campaign, status=Request.OPEN).first()


def open_request(campaign: Campaign) -> Request:
    """The open request, locked; `NotAllowed` where nothing waits."""
    request = find_open(campaign)
    if request is None:
        raise NotAllowed("There is no open request for approval.")
    return request


def last_request(campaign: Campaign) -> Request | None:
    """The newest request, whatever became of it."""
    return Request.objects.filter(campaign=campaign).order_by("-pk").first()


def waiting_proposal(campaign: Campaign) -> dict[str, Any]:
    """The edit that waits beside a live campaign, or was sent back last; {} where there is none."""
    latest = last_request(campaign)
    waits = latest is not None and (
        latest.status == Request.OPEN or (latest.status == Request.REJECTED and campaign.status == s.REJECTED)
    )
    return dict(latest.proposal) if latest is not None and waits else {}


def last_proposal(campaign: Campaign) -> dict[str, Any]:
    """What sending for approval or publishing once more, without a new edit, is about."""
    return waiting_proposal(campaign) if campaign.status == s.REJECTED else {}


def ask(move: Move) -> Request:
    """Open a request for the version that this very action makes; tells the approvers. What was open is void."""
    campaign, user = move.campaign, move.actor.user
    assert user is not None  # the tables let only members ask
    former = last_request(campaign)
    void(campaign, user, move.now)
    snapshot, people = _proposed(campaign, move.proposal)
    if campaign.kind != "message" and not keeps_approved(campaign):
        snapshot["from"] = sent_from(campaign, former)
    request = Request.objects.create(
        campaign=campaign,
        version=campaign.version + 1,
        content_hash=content_hash(snapshot),
        snapshot=snapshot,
        baseline=_baseline(move, former),
        proposal=move.proposal,
        audience=people,
        authors=sorted(authors_of(campaign) | {user.pk}),
        needed=policy_of(campaign.workspace).approvers_needed,
        requested_by=user,
        requested_at=move.now,
    )
    notifying.tell_deciders(request, move.now)
    return request


def _proposed(campaign: Campaign, proposal: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """The snapshot that is asked for, and how many people it is for."""
    if not proposal:
        return snapshots.snapshot_of(campaign), audience_counts.count(campaign)
    people: list[int] = []

    def check(trial: Campaign) -> None:
        refuse_incomplete(trial)
        people.append(audience_counts.count(trial))

    return snapshots.proposed_snapshot(campaign, proposal, check), people[0]


def _baseline(move: Move, former: Request | None) -> dict[str, Any]:
    """What was approved last: what the campaign is, where it keeps it; else what the edit or the last request knows."""
    if keeps_approved(move.campaign):
        return snapshots.snapshot_of(move.campaign)
    if move.baseline is not None:
        return move.baseline
    if former is None:
        return {}
    return dict(former.snapshot if former.status == Request.APPROVED else former.baseline)


def authors_of(campaign: Campaign) -> set[int]:
    """Who made or edited it since it was last approved (or since an edit that waited was dropped)."""
    rows = Activity.objects.filter(campaign_id=campaign.pk)
    settled = (
        rows.filter(action="publish")
        | rows.filter(action="approve", data__final=True)
        | rows.filter(action="withdraw", data__dropped=True)
    )
    since = settled.order_by("-pk").values_list("pk", flat=True).first() or 0
    edits = rows.filter(pk__gt=since, action__in=_EDITS, actor__isnull=False)
    return {pk for pk in edits.values_list("actor_id", flat=True) if pk is not None}


def sent_from(campaign: Campaign, former: Request | None = None) -> str:
    """The status that approval and withdrawal lead back to: where it was sent from first."""
    if campaign.status not in (s.PENDING_APPROVAL, s.REJECTED):
        return campaign.status
    former = former or last_request(campaign)
    return str(former.snapshot.get("from") or s.DRAFT) if former else s.DRAFT


def void(campaign: Campaign, by: User | None, now: datetime) -> Request | None:
    """An edit, or a publication, ends the request that was open: it was about another version."""
    request = find_open(campaign)
    if request is not None:
        close(request, Request.VOIDED, by, now)
        notifying.tell_voided(request, by, now)
    return request


def expire(campaign: Campaign, now: datetime) -> None:
    """The campaign has ended: there is nothing left to approve."""
    request = find_open(campaign)
    if request is not None:
        close(request, Request.EXPIRED, None, now)


def close(request: Request, status: str, by: User | None, now: datetime, comment: str = "") -> None:
    """Write down what became of a request. Four eyes: the database refuses an author's decision too."""
    request.status, request.decided_by, request.decided_at, request.comment = status, by, now, comment
    request.save(update_fields=["status", "decided_by", "decided_at", "comment"])


def decide(move: Move, request: Request, verdict: str, comment: str) -> int:
    """One approver's word; answers how many have approved. One rejection rejects, the last needed approval approves."""
    user = move.actor.user
    assert user is not None  # the tables let only members decide
    Decision.objects.create(
        request=request, verdict=verdict, decided_by=user, comment=comment, decided_at=move.now
    )
    if verdict == Decision.REJECT:
        close(request, Request.REJECTED, user, move.now, comment)
        notifying.tell_decided(request, user, move.now)
        return 0
    said = request.decisions.filter(verdict=Decision.APPROVE).count()
    if said >= request.needed:
        close(request, Request.APPROVED, user, move.now, comment)
        notifying.tell_decided(request, user, move.now)
        return request.needed
    return said


def apply_proposal(move: Move, proposal: Mapping[str, Any]) -> None:
    """The edit that has waited takes effect; a channel that it adds to a running campaign sets to work."""
    campaign = move.campaign
    if not proposal:
        return
    updating.apply(campaign, proposal, move.actor.user)
    refuse_incomplete(campaign)
    move.data["changed"] = sorted(proposal)
    move.channels = list(
        Channel.objects.select_for_update().filter(campaign=campaign).order_by("position", "id")
    )
    if campaign.status == s.RUNNING and campaign.kind != "outreach":
        for channel in move.channels:
            if channel.status == cs.READY:
                channel.start()
                channel.started_at = move.now
                running.join(campaign, channel)
                channel.save()


def refuse_other_request(move: Move, request: Request) -> None:
    """`Stale` where the page was about a request that has been replaced since."""
    if move.params.get("request") not in (None, "", request.pk, str(request.pk)):
        raise Stale("Another request for approval is open now; look again.")


def refuse_unseen(move: Move, request: Request) -> None:
    """`Stale`, with what differs, where the approver has seen another version, or the campaign is another by now."""
    refuse_other_request(move, request)
    seen = move.params.get("content_hash")
    if seen not in (None, "", request.content_hash):
        known = Request.objects.filter(campaign=move.campaign, content_hash=str(seen)).order_by("-pk").first()
        raise _stale("It has changed since you opened it", known.snapshot if known else {}, request.snapshot)
    present = (
        snapshots.proposed_snapshot(move.campaign, request.proposal)
        if request.proposal
        else snapshots.snapshot_of(move.campaign)
    )
    if content_hash(present) != request.content_hash:
        raise _stale("It has changed since it was sent for approval", request.snapshot, present)


def _stale(words: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Stale:
    found = differences(before, after) if before else []
    told = f": {in_words(found)}." if found else "; look again."
    return Stale(f"{words}{told}", {one.path: f"{one.before} → {one.after}" for one in found})

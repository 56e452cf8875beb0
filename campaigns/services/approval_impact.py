"""What sending for approval, publishing and deciding will do, in numbers, before it is done; see impact.py."""

from __future__ import annotations

from datetime import datetime

from approvals.models import Request
from campaigns.domain import states as s
from campaigns.domain.schedule import told
from campaigns.engine import audience_counts
from campaigns.models import Campaign
from campaigns.services import approving
from campaigns.services.consequences import Choice, Impact, people
from campaigns.services.policies import policy_of


def publish(found: Impact, campaign: Campaign, now: datetime) -> None:
    """Publish, and the approval that is the last one needed."""
    total = audience_counts.count(campaign)
    found.numbers = {"audience": total}
    if found.action == "approve" and (more := _still_needed(campaign)) > 1:
        found.sentences.append(
            f"{more - 1} more approval{'' if more == 2 else 's'} will be needed after yours."
        )
    if approving.keeps_approved(campaign):
        found.sentences.append("The change takes effect at once; what has been sent already stays as it is.")
    elif campaign.kind != "message":
        found.sentences.append(f"It can be started then; the audience has {people(total)} now.")
    elif campaign.starts_at is None:
        found.sentences.append(f"It goes out to {people(total)} at once.")
    elif campaign.starts_at > now:
        found.sentences.append(
            f"It goes out to {people(total)} at {told(campaign.starts_at, campaign.timezone)}."
        )
    else:
        _ask_for_time(found, campaign, total)


def _ask_for_time(found: Impact, campaign: Campaign, total: int) -> None:
    assert campaign.starts_at is not None  # only a time can have passed
    found.sentences.append(
        f"Its scheduled time, {told(campaign.starts_at, campaign.timezone)}, has passed. "
        "Choose a new time or send it now."
    )
    found.asks = "start_now"
    found.choices = [Choice("true", "Send it now", f"{people(total)} get it at once.")]
    found.needs_time = ("starts_at",)


def _still_needed(campaign: Campaign) -> int:
    request = Request.objects.filter(campaign=campaign, status=Request.OPEN).first()
    return request.needed - request.decisions.filter(verdict="approve").count() if request else 1


def reject(found: Impact, campaign: Campaign, now: datetime) -> None:
    """It goes back; a live campaign goes on as it is."""
    found.sentences.append("It goes back to its creator with your comment.")
    if campaign.status in (s.RUNNING, s.SCHEDULED, s.STOPPING):
        found.sentences.append("The campaign goes on with what was approved.")
    elif approving.keeps_approved(campaign):
        found.sentences.append("No run goes out until a changed version has been approved.")
    found.needs_comment = True


def submit(found: Impact, campaign: Campaign, now: datetime) -> None:
    """Approvers are asked."""
    total = audience_counts.count(campaign)
    found.numbers = {"audience": total}
    needed = policy_of(campaign.workspace).approvers_needed
    who = "An approver is asked" if needed == 1 else f"{needed} approvers have to agree"
    found.sentences.append(f"{who}; until then nothing goes out. The audience has {people(total)} now.")


def withdraw(found: Impact, campaign: Campaign, now: datetime) -> None:
    """The request is taken back."""
    if approving.keeps_approved(campaign):
        found.sentences.append("The change is dropped; the campaign goes on with what was approved.")
    else:
        found.sentences.append("Nobody is asked any more, and it can be edited again. Nothing goes out.")

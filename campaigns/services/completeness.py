"""What is live, or waits for its time, must stay whole: an edit that takes away what it needs is refused."""

from __future__ import annotations

from campaigns.domain.guards import first_reason
from campaigns.domain.states import MOVING
from campaigns.models import Campaign
from campaigns.services.errors import Invalid
from campaigns.services.facts import facts_for

#: Kinds whose settings must stay whole while they are live: the guard, and the field that the refusal names.
_WHOLE = ("journey", "sms", "voice", "message")
_NEEDED = {
    "needs_audience": "audience", "needs_channels": "channels", "needs_content": "channels",
    "needs_workflow": "workflow",
}  # fmt: skip


def refuse_incomplete(campaign: Campaign) -> None:
    """Raise `Invalid` where the campaign is live or waits for its time and lacks what it needs."""
    if campaign.status not in MOVING or campaign.kind not in _WHOLE:
        return
    facts = facts_for([Campaign.objects.select_related("workspace").get(pk=campaign.pk)], None)[campaign.pk]
    for guard, path in _NEEDED.items():
        if reason := first_reason([guard], facts):
            raise Invalid.field(path, f"It is {campaign.look.label}, so this cannot be taken away. {reason}")

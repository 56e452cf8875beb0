"""Which actions a member is offered for a campaign or channel: the dropdown, the API's ``actions``, the bulk bar."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from campaigns.domain import states as s
from campaigns.domain.approval import Approval, menu_of
from campaigns.domain.guards import Facts, first_reason, may_take
from campaigns.domain.lifecycle import Entry
from campaigns.domain.lifecycles.outreach import CHANNEL_MENUS
from campaigns.engine.segments import filling_of
from campaigns.models import Campaign, Membership
from campaigns.services.facts import approval_of, channel_facts, facts_for, has_audience
from channels.models import Channel

#: Statuses of an outreach campaign in which its channels wait as well.
NO_CHANNEL_ACTIONS = (s.ARCHIVED, s.PENDING_APPROVAL, s.REJECTED)


@dataclass(frozen=True, slots=True)
class Offer:
    """One row of the dropdown. A disabled one carries the reason; a ``link`` opens a page instead of acting."""

    name: str
    label: str
    enabled: bool
    reason: str
    link: bool = False
    danger: bool = False


def offers(campaigns: Sequence[Campaign], membership: Membership) -> dict[int, list[Offer]]:
    """What this member is offered, by campaign id, in the lifecycle's order; a constant number of queries."""
    facts = facts_for(campaigns, membership)
    return {campaign.pk: offers_of(campaign, membership.role, facts[campaign.pk]) for campaign in campaigns}


def offers_of(campaign: Campaign, role: str, facts: Facts) -> list[Offer]:
    """What a role is offered for one campaign whose facts are known. Other roles' entries are left out."""
    menu = menu_of(campaign.lifecycle, campaign.status, facts.approval)
    return _listed((entry for entry in menu if may_take(entry, role, facts)), facts)


def channel_offers(
    channels: Sequence[Channel], campaign: Campaign, approval: Approval | None = None
) -> dict[int, list[Offer]]:
    """What is offered for the channels of one campaign, by channel id. Only outreach has channel actions."""
    if campaign.kind != "outreach" or campaign.status in NO_CHANNEL_ACTIONS:
        return {channel.pk: [] for channel in channels}
    approval = approval or approval_of(campaign)
    filling = filling_of([campaign]).get(campaign.pk, "")
    return {
        channel.pk: _listed(
            CHANNEL_MENUS[channel.status], channel_guard_facts(channel, campaign, approval, filling)
        )
        for channel in channels
    }


def channel_guard_facts(channel: Channel, campaign: Campaign, approval: Approval, filling: str) -> Facts:
    """The facts for a guard of one channel's action: those of this channel alone, and what the policy says.

    A remarketing channel has people of its own.
    """
    return Facts(
        approval=approval,
        has_audience=bool(channel.outcome) or has_audience(campaign),
        filling="" if channel.outcome else filling,
        channels=(channel_facts(channel, campaign.kind),),
        sweeping=bool(channel.sweep),
    )


def as_api(listed: Iterable[Offer]) -> list[Mapping[str, object]]:
    """The offers as the HTTP API shows them; links are pages and are left out."""
    return [
        {"name": offer.name, "label": offer.label, "enabled": offer.enabled, "reason": offer.reason}
        for offer in listed
        if not offer.link
    ]


def _listed(entries: Iterable[Entry], facts: Facts) -> list[Offer]:
    found = []
    for entry in entries:
        reason = first_reason(entry.guards, facts)
        found.append(Offer(entry.name, entry.label, not reason, reason, entry.link, entry.danger))
    return found

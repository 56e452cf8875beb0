"""What stands around the change form of a campaign: its transition buttons, channels, figures and latest activity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from campaigns.admin.tags import channel_tag, progress, status_tag, when
from campaigns.domain.approval import menu_of
from campaigns.domain.permissions import refusal
from campaigns.models import Activity, Campaign, Membership
from campaigns.services.counts import COUNTED, channel_counts
from campaigns.services.facts import approval_of
from campaigns.services.offers import channel_offers, offers
from channels.domain.kinds import KINDS
from channels.models import Channel

LATEST = 15


@dataclass(frozen=True, slots=True)
class Button:
    """A transition button; a disabled one carries its reason."""

    label: str
    url: str
    enabled: bool
    reason: str = ""
    danger: bool = False


def action_buttons(campaign: Campaign, membership: Membership) -> list[Button]:
    """Every action that the lifecycle has in this status, in its order; what the member may not do says why."""
    offered = {offer.name: offer for offer in offers([campaign], membership)[campaign.pk] if not offer.link}
    buttons = []
    menu = menu_of(campaign.lifecycle, campaign.status, approval_of(campaign))
    for entry in menu:
        if entry.link:
            continue
        url = reverse("admin:campaigns_campaign_action", args=[campaign.pk, entry.name])
        if offer := offered.get(entry.name):
            buttons.append(Button(offer.label, url, offer.enabled, offer.reason, offer.danger))
        else:
            buttons.append(Button(entry.label, url, False, refusal(entry.roles, entry.label), entry.danger))
    return buttons


def other_actions(campaign: Campaign) -> list[str]:
    """What this kind offers in other statuses only, by its labels."""
    here = {entry.name for entry in campaign.lifecycle.menus.get(campaign.status, ())}
    found: dict[str, str] = {}
    for menu in campaign.lifecycle.menus.values():
        for entry in menu:
            if not entry.link and entry.name not in here:
                found.setdefault(entry.name, entry.label)
    return list(found.values())


def channel_rows(campaign: Campaign, membership: Membership | None) -> list[dict[str, Any]]:
    """The channels with their figures, their connection and, in outreach, their own buttons."""
    found = Channel.objects.filter(campaign=campaign).select_related("connection")
    channels: list[Channel] = list(found.order_by("position", "id"))
    counts = channel_counts([channel.pk for channel in channels])
    offered = channel_offers(channels, campaign) if membership else {}
    ledger = reverse("admin:campaigns_campaign_ledger", args=[campaign.pk])
    return [
        {
            "channel": channel,
            "kind": KINDS[channel.kind].label,
            "tag": channel_tag(channel.status, channel.status_reason),
            "progress": progress(counts[channel.pk]),
            "content": _excerpt(channel),
            "ledger": f"{ledger}?channel={channel.pk}",
            "counts": [
                (name, number, f"{ledger}?channel={channel.pk}&status={name}")
                for name in COUNTED[1:]
                if (number := counts[channel.pk].get(name, 0))
            ],
            "buttons": [
                _channel_button(campaign, channel, offer)
                for offer in offered.get(channel.pk, ())
                if not offer.link
            ],
        }
        for channel in channels
    ]  # fmt: skip


def _channel_button(campaign: Campaign, channel: Channel, offer: Any) -> Button:
    url = reverse("admin:campaigns_campaign_channel_action", args=[campaign.pk, channel.pk, offer.name])
    return Button(offer.label, url, offer.enabled, offer.reason, offer.danger)


def _excerpt(channel: Channel) -> str:
    """The beginning of what it says."""
    content = channel.content or {}
    text = " – ".join(str(content[name]) for name in ("subject", "body", "url") if content.get(name))
    return text[:120] + ("…" if len(text) > 120 else "")


def latest_activity(campaign: Campaign) -> QuerySet[Activity]:
    """The newest rows of its log; the rest is on the activity page."""
    return Activity.objects.filter(campaign_id=campaign.pk).order_by("-id")[:LATEST]


def panels(campaign: Campaign, membership: Membership | None) -> dict[str, Any]:
    """The context of all panels."""
    activity = reverse("admin:campaigns_activity_changelist")
    return {
        "campaign": campaign,
        "tag": status_tag(campaign),
        "meaning": campaign.status_reason or campaign.look.meaning,
        "since": when(campaign.status_since, campaign.timezone),
        "buttons": action_buttons(campaign, membership) if membership else [],
        "elsewhere": other_actions(campaign),
        "channels": channel_rows(campaign, membership),
        "latest": [{"row": row, "at": when(row.at, campaign.timezone)} for row in latest_activity(campaign)],
        "activity_url": f"{activity}?campaign={campaign.pk}&workspace={campaign.workspace_id}",
        "ledger_url": reverse("admin:campaigns_campaign_ledger", args=[campaign.pk]),
        "console_url": reverse("campaigns:detail", args=[campaign.pk]),
    }

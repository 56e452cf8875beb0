"""The ledger of a campaign in the admin: read-only, keyset-paged, one channel at a time, as its indexes are."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode

from campaigns.admin.access import find_campaign
from campaigns.admin.tags import when
from campaigns.models import Campaign
from campaigns.services.counts import channel_counts
from channels.domain import states as cs
from channels.domain.kinds import KINDS
from channels.models import Channel, Delivery
from config.console.paging import Page, keyset_page

PAGE = 100
#: Statuses that the ledger has an index of its own for: (channel, status, id).
RARE = (cs.FAILED, cs.SKIPPED, cs.UNKNOWN, cs.RECALLED, cs.DRAFTED)


class LedgerPage:
    """Mixed into the campaign admin."""

    admin_site: Any

    def ledger_view(self, request: HttpRequest, campaign_id: int) -> HttpResponse:
        """One page of the deliveries of one channel, by status if one is asked for."""
        campaign = find_campaign(request, campaign_id)
        channels = list(Channel.objects.filter(campaign=campaign).order_by("position", "id"))
        wanted = request.GET.get("channel", "")
        chosen = next((channel for channel in channels if str(channel.pk) == wanted), None) or next(
            iter(channels), None
        )
        status = request.GET.get("status", "")
        status = status if status in cs.DELIVERY_STATUSES else ""
        page = ledger_page(chosen, status, request.GET.get("cursor", "")) if chosen else Page([])
        counts = channel_counts([channel.pk for channel in channels])
        values = {
            **self.admin_site.each_context(request),
            "title": f"Ledger of {campaign.name}",
            "opts": Campaign._meta,
            "campaign": campaign,
            "chosen": chosen,
            "status": status,
            "channels": [(channel, KINDS[channel.kind].label, _query(channel=channel.pk)) for channel in channels],
            "statuses": _statuses(chosen, counts[chosen.pk], status) if chosen else [],
            "rows": [shown(delivery, campaign) for delivery in page.rows],
            "next": _query(chosen, status, page.next) if page.next else "",
            "previous": _query(chosen, status, page.previous) if page.previous else "",
        }  # fmt: skip
        return TemplateResponse(request, "admin/campaigns/campaign/ledger.html", values)


def ledger_page(channel: Channel, status: str, cursor: str) -> Page:
    """The rows in the order of an index that begins with the channel."""
    rows = Delivery.objects.filter(channel_id=channel.pk).select_related("person")
    if not status:
        return keyset_page(rows, ("run", "step", "person_id"), cursor, PAGE)
    rows = rows.filter(status=status)
    if status == cs.PENDING:
        return keyset_page(rows, ("due_at", "id"), cursor, PAGE)
    return keyset_page(rows, ("id",) if status in RARE else ("run", "step", "person_id"), cursor, PAGE)


def shown(delivery: Delivery, campaign: Campaign) -> dict[str, Any]:
    """A row as the table shows it."""
    return {
        "delivery": delivery,
        "url": reverse("admin:channels_delivery_change", args=[delivery.pk]),
        "due": when(delivery.due_at, campaign.timezone),
        "sent": when(delivery.sent_at, campaign.timezone),
        "why": why(delivery),
    }


def why(delivery: Delivery) -> str:
    """The reason in words, and what the provider said."""
    reason = cs.REASONS.get(delivery.reason, delivery.reason.replace("_", " ").capitalize())
    return ". ".join(part for part in (reason, delivery.detail) if part)


def _statuses(channel: Channel, counts: dict[str, int], status: str) -> list[dict[str, Any]]:
    names = ["", *(name for name in cs.DELIVERY_STATUSES if counts.get(name))]
    return [
        {
            "word": name or "all",
            "count": counts[name] if name else counts["audience"],
            "query": _query(channel, name),
            "chosen": name == status,
        }
        for name in names
    ]


def _query(channel: Any = None, status: str = "", cursor: str = "") -> str:
    pk = channel.pk if isinstance(channel, Channel) else channel
    given = {"channel": pk, "status": status, "cursor": cursor}
    return "?" + urlencode({name: value for name, value in given.items() if value})

"""What the pages show of a campaign: its dropdown, its figures, its times. A fixed number of queries for any number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, QuerySet
from django.db.models.functions import JSONObject
from django.urls import reverse

from campaigns.domain import states as s
from campaigns.models import Campaign, Label, Membership
from campaigns.services.counts import counts_for
from campaigns.services.offers import Offer, offers
from channels.domain import states as cs
from channels.domain.kinds import KINDS
from channels.models import Channel

#: Where the entries of a dropdown that only open a page lead to.
LINKS = {
    "edit": "campaigns:edit",
    "adjust_schedule": "campaigns:edit-schedule",
    "add_channel": "campaigns:add-channel",
    "view_details": "campaigns:messages",
    "view_results": "campaigns:messages",
    "view_error": "campaigns:error",
    "show_logs": "campaigns:logs",
}


@dataclass(frozen=True, slots=True)
class MenuRow:
    """A row of the actions dropdown as the template draws it."""

    name: str
    label: str
    url: str
    enabled: bool
    reason: str
    danger: bool
    dialog: bool


@dataclass(slots=True)
class Shown:
    """A campaign as a list or page shows it."""

    campaign: Campaign
    menu: list[MenuRow]
    figures: Mapping[str, int]
    channels: list[dict[str, Any]] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The command centre."""
        return _page("campaigns:detail").replace(_ANY_ID, str(self.campaign.pk), 1)

    @property
    def messages_url(self) -> str:
        """The ledger."""
        return _page("campaigns:messages").replace(_ANY_ID, str(self.campaign.pk), 1)

    @property
    def is_moving(self) -> bool:
        """Whether something runs or is to come, so that the page has reason to look again."""
        moving = self.campaign.status in s.MOVING or self.campaign.scheduled or bool(self.campaign.sweep)
        # After a stop the unsent are still being cancelled, and what was on its way comes back.
        swept = any(channel["sweep"] for channel in self.channels)
        return moving or swept or self.figures.get(cs.SENDING, 0) > 0

    @property
    def kinds(self) -> list[Any]:
        """The kinds of its channels, each once."""
        return [KINDS[key] for key in dict.fromkeys(c["kind"] for c in self.channels) if key in KINDS]

    @property
    def audience(self) -> int:
        return self.figures.get("audience", 0)

    @property
    def done(self) -> int:
        """How many of the audience need nothing more: sent, or ended for another reason."""
        unfinished = sum(self.figures.get(status, 0) for status in (cs.PENDING, cs.DRAFTED, cs.SENDING))
        return self.audience - unfinished

    @property
    def next_time(self) -> datetime | None:
        """The next thing that will happen by itself."""
        times = (self.campaign.starts_at, self.campaign.next_run_at, self.campaign.stops_at)
        return next((time for time in times if time), None)

    @property
    def next_word(self) -> str:
        if self.campaign.starts_at:
            return "Starts"
        return "Next run" if self.campaign.next_run_at else "Stops"


#: An id that stands for any other in a kept address.
_ANY_ID = "987654321"


@lru_cache(maxsize=256)
def _address(name: str, link: bool) -> str:
    """The address that an entry of the dropdown leads to; a list asks for hundreds of them."""
    return _page(LINKS[name]) if link else reverse("campaigns:action", args=[_ANY_ID, name])


@lru_cache(maxsize=64)
def _page(name: str) -> str:
    return reverse(name, args=[_ANY_ID])


def menu_rows(campaign_id: int, offered: Iterable[Offer]) -> list[MenuRow]:
    """The dropdown: actions open their confirmation in a dialog, links open a page."""
    rows = []
    for offer in offered:
        url = _address(offer.name, offer.link).replace(_ANY_ID, str(campaign_id), 1)
        rows.append(
            MenuRow(
                offer.name,
                offer.label,
                url,
                offer.enabled,
                offer.reason,
                offer.danger,
                not offer.link,
            )
        )
    return rows


def with_parts(queryset: QuerySet[Any]) -> QuerySet[Any]:
    """The campaigns with their labels' names, channels and owner, all in one query."""
    labels = Label.objects.filter(campaigns=OuterRef("pk")).order_by("name").values("name")
    channels = (
        Channel.objects.filter(campaign=OuterRef("pk"))
        .order_by("position", "id")
        .values(row=JSONObject(id=F("id"), kind=F("kind"), status=F("status"), sweep=F("sweep")))
    )
    return queryset.select_related("created_by", "segment", "workspace__approval_policy").annotate(
        label_names=ArraySubquery(labels), channel_rows=ArraySubquery(channels)
    )


def shown(campaigns: Sequence[Any], membership: Membership) -> list[Shown]:
    """The campaigns (of `with_parts`) with dropdowns and figures."""
    listed = offers(campaigns, membership)
    counts = counts_for([campaign.pk for campaign in campaigns])
    return [
        Shown(
            campaign,
            menu_rows(campaign.pk, listed[campaign.pk]),
            counts[campaign.pk],
            campaign.channel_rows,
            campaign.label_names,
        )
        for campaign in campaigns
    ]

"""The channel cards of the command centre, and what will happen next to a campaign."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.urls import reverse

from campaigns.console.forecast import Forecast, forecast
from campaigns.console.rows import MenuRow
from campaigns.domain import states as s
from campaigns.domain.lifecycles.outreach import CHANNEL_LOOKS
from campaigns.services.counts import channel_counts
from campaigns.services.offers import channel_offers
from channels.domain import states as cs
from channels.domain.kinds import KINDS, ChannelKind
from channels.domain.variants import Variant, texts_of
from channels.models import Channel
from channels.services.tracking import program_visits

#: What the outcomes line of a card names, in this order; those without a number are left out.
NAMED = ("sent", "delivered", "opened", "clicked", "failed", "skipped", "cancelled", "recalled", "unknown")


@dataclass(slots=True)
class Card:
    """One channel as the command centre shows it."""

    channel: Channel
    kind: ChannelKind
    look: Any
    counts: Mapping[str, int]
    menu: list[MenuRow]
    forecast: Forecast | None
    programs: Mapping[str, int] = field(default_factory=dict)
    """How often programs, not people, opened and clicked."""

    @property
    def audience(self) -> int:
        return self.counts.get("audience", 0)

    @property
    def done(self) -> int:
        return self.audience - sum(self.counts.get(x, 0) for x in (cs.PENDING, cs.DRAFTED, cs.SENDING))

    @property
    def texts(self) -> list[Variant]:
        """Everything that it sends: one text, or its variants; empty where there is no content yet."""
        return texts_of(self.channel.content) if self.channel.content else []

    @property
    def outcomes(self) -> list[tuple[str, int]]:
        return [(name, self.counts[name]) for name in NAMED if self.counts.get(name)]


def cards(campaign: Any, now: datetime) -> list[Card]:
    """The channels with their counts, actions and forecasts, in a fixed number of queries."""
    found = list(
        Channel.objects.filter(campaign=campaign).select_related("connection").order_by("position", "id")
    )
    counts = channel_counts([channel.pk for channel in found])
    offered = channel_offers(found, campaign)
    programs = program_visits([channel.pk for channel in found])
    made = []
    for channel in found:
        card = Card(
            channel, KINDS[channel.kind], CHANNEL_LOOKS[channel.status], counts.get(channel.pk, {}),
            [_menu_row(campaign, channel, offer) for offer in offered[channel.pk]], None,
        )  # fmt: skip
        card.programs = programs.get(channel.pk, {})
        card.forecast = forecast(channel, card.done, card.audience, now)
        made.append(card)
    return made


def _menu_row(campaign: Any, channel: Channel, offer: Any) -> MenuRow:
    if offer.link:
        url = reverse("campaigns:error", args=[campaign.pk])
    else:
        url = reverse("campaigns:channel-action", args=[campaign.pk, channel.pk, offer.name])
    return MenuRow(offer.name, offer.label, url, offer.enabled, offer.reason, offer.danger, not offer.link)


@dataclass(frozen=True, slots=True)
class Coming:
    """An entry of *what happens next*: a time (None: nobody knows when) and a sentence."""

    at: datetime | None
    text: str
    is_now: bool = False


def coming(campaign: Any, figures: Mapping[str, int], channels: list[Card]) -> list[Coming]:
    """What will happen to the campaign by itself, soonest first."""
    entries = [*_going_on(campaign, figures, channels)]
    if campaign.starts_at:
        entries.append(Coming(campaign.starts_at, "It starts."))
    if campaign.next_run_at and campaign.next_run_at != campaign.starts_at:
        entries.append(Coming(campaign.next_run_at, "The next run goes out."))
    if campaign.stops_at:
        how = "journeys in progress may finish" if campaign.stop_mode == "finish" else "at once"
        entries.append(
            Coming(campaign.stops_at, f"It stops ({how})." if campaign.kind == "journey" else "It stops.")
        )
    if campaign.status in s.RESTING and campaign.archive_due_at and not campaign.scheduled:
        entries.append(Coming(campaign.archive_due_at, "It is archived by itself, after six months at rest."))
    return sorted(entries, key=lambda entry: (not entry.is_now, entry.at is None, entry.at or datetime.max))


def _going_on(campaign: Any, figures: Mapping[str, int], channels: list[Card]) -> list[Coming]:
    found = []
    if campaign.sweep or any(card.channel.sweep for card in channels):
        found.append(Coming(None, "The last stop or restart is still being carried out.", True))
    if campaign.status == s.STOPPING:
        found.append(Coming(None, "It becomes Stopped when the last person has finished.", True))
    for card in channels:
        if card.channel.status != cs.RUNNING:
            continue
        if not card.channel.enrolled and campaign.kind != "journey":
            found.append(Coming(None, f"{card.kind.label}: people are being put into the queue.", True))
        pending = card.counts.get(cs.PENDING, 0)
        if pending:
            found.append(Coming(None, f"{card.kind.label}: {pending:,} messages wait for their turn.", True))
    if figures.get(cs.UNKNOWN):
        found.append(
            Coming(
                None,
                f"{figures[cs.UNKNOWN]:,} messages are in doubt: a receipt or a person has to say.",
                True,
            )
        )
    return found

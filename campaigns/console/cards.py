"""The channel cards of the command centre."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.urls import reverse

from campaigns.console.forecast import Forecast, forecast
from campaigns.console.rows import MenuRow
from campaigns.domain.hints import Hint
from campaigns.domain.lifecycles.outreach import CHANNEL_LOOKS
from campaigns.domain.remarketing import OUTCOMES
from campaigns.services.counts import call_counts, channel_counts
from campaigns.services.hints import hints_of
from campaigns.services.offers import channel_offers
from channels.domain import states as cs
from channels.domain.kinds import KINDS, ChannelKind
from channels.domain.retries import in_words
from channels.domain.variants import Variant, texts_of
from channels.models import Channel
from channels.services.tracking import program_visits

#: What the outcomes line of a card names, in this order; those without a number are left out.
NAMED = (
    "sent",
    "delivered",
    "opened",
    "clicked",
    "converted",
    "failed",
    "skipped",
    "cancelled",
    "recalled",
    "unknown",
)


#: Actions that ask for more than a dialog holds.
_PAGES = ("remarket",)


#: Of the calls of a voice channel: count, word, and the status and reason of the rows that it counts.
CALL_WORDS = (
    ("answered", "answered", "delivered", ""),
    ("busy", "busy", cs.FAILED, "busy"),
    ("no_answer", "no answer", cs.FAILED, "no_answer"),
    ("machine", "machine", cs.FAILED, "machine"),
    ("failed", "failed", cs.FAILED, ""),
    ("unreported", "not reported yet", cs.SENT, ""),
)


@dataclass(slots=True)
class Card:
    """One channel as the command centre shows it."""

    channel: Channel
    kind: ChannelKind
    look: Any
    counts: Mapping[str, int]
    menu: list[MenuRow]
    forecast: Forecast | None
    number: int = 0
    """Of a campaign with several messages of one kind: which of them this is; 0 elsewhere."""
    calls: Mapping[str, int] = field(default_factory=dict)
    """Of voice: how the calls ended."""
    programs: Mapping[str, int] = field(default_factory=dict)
    """How often programs, not people, opened and clicked."""
    hints: Sequence[Hint] = ()
    of: str = ""
    """What the channel that this one remarkets is called."""

    @property
    def name(self) -> str:
        return f"{self.kind.label}: message {self.number}" if self.number else self.kind.label

    @property
    def call_outcomes(self) -> list[tuple[str, str, str, int]]:
        """How the calls ended: word, and the status and reason that the ledger is asked for."""
        return [
            (word, status, reason, self.calls[key])
            for key, word, status, reason in CALL_WORDS
            if self.calls.get(key)
        ]

    @property
    def retries(self) -> list[str]:
        """Whom it calls again, in words."""
        return in_words(self.channel.content) if self.channel.kind == "voice" else []

    @property
    def audience(self) -> int:
        return self.counts.get("audience", 0)

    @property
    def remarkets(self) -> str:
        """Whom a remarketing channel is for, in words."""
        found = OUTCOMES.get(self.channel.outcome)
        if found is None:
            return ""
        number = f"{self.channel.promised:,} {'person' if self.channel.promised == 1 else 'people'}"
        return f"To {number}: {found.label.lower()} ({self.of or 'an earlier channel'})"

    @property
    def done(self) -> int:
        """Whose turn has come; whom a stop left out is not among them."""
        return self.audience - self.waiting - self.counts.get(cs.CANCELLED, 0)

    @property
    def is_completed(self) -> bool:
        """Whether everybody's turn has come."""
        return self.channel.status == cs.COMPLETED

    @property
    def waiting(self) -> int:
        """Whose message is still to go out."""
        return sum(self.counts.get(name, 0) for name in (cs.PENDING, cs.DRAFTED, cs.SENDING))

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
        Channel.objects.filter(campaign=campaign)
        .select_related("connection", "agent")
        .order_by("position", "id")
    )
    counts = channel_counts([channel.pk for channel in found])
    offered = channel_offers(found, campaign)
    programs = program_visits([channel.pk for channel in found])
    names = {channel.pk: KINDS[channel.kind].label for channel in found}
    calls = call_counts([channel.pk for channel in found if channel.kind == "voice"])
    several = campaign.kind == "sms" and len(found) > 1
    hints = hints_of(campaign, found, counts, now)
    home, made = campaign.workspace.timezone, []
    for place, channel in enumerate(found, 1):
        card = Card(
            channel, KINDS[channel.kind], CHANNEL_LOOKS[channel.status], counts.get(channel.pk, {}),
            [_menu_row(campaign, channel, offer) for offer in offered[channel.pk]], None,
        )  # fmt: skip
        card.number = place if several else 0
        card.calls = calls.get(channel.pk, {})
        card.programs = programs.get(channel.pk, {})
        card.hints = hints[channel.pk]
        card.of = names.get(channel.source_id or 0, "")
        card.forecast = forecast(channel, card.done, card.audience, now, home)
        made.append(card)
    return made


def _menu_row(campaign: Any, channel: Channel, offer: Any) -> MenuRow:
    if offer.link:
        url = reverse("campaigns:error", args=[campaign.pk])
    else:
        url = reverse("campaigns:channel-action", args=[campaign.pk, channel.pk, offer.name])
    return MenuRow(
        offer.name,
        offer.label,
        url,
        offer.enabled,
        offer.reason,
        offer.danger,
        not offer.link and offer.name not in _PAGES,
    )

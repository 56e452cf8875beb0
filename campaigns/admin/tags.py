"""Small pieces of HTML that several admin pages show."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from campaigns.domain.lifecycles.outreach import CHANNEL_LOOKS
from campaigns.models import Campaign
from channels.domain import states as cs
from config.console.templatetags.console import absolute_words

#: Counts that are worth a word where they are not zero, in this order.
_TOLD = (cs.FAILED, cs.UNKNOWN, cs.SKIPPED, cs.CANCELLED)


def tag(word: str, colour: str, explanation: str = "") -> SafeString:
    """A coloured tag with its word; the explanation shows on hover."""
    return format_html('<span class="tag tag-{}" title="{}">{}</span>', colour, explanation, word)


def status_tag(campaign: Campaign) -> SafeString:
    """The status in the words of the campaign's kind, and the label *scheduled* beside it."""
    look = campaign.look
    shown = tag(look.label, look.colour, campaign.status_reason or look.meaning)
    if campaign.scheduled and campaign.status != "scheduled":
        times = (("starts", campaign.starts_at), ("stops", campaign.stops_at))
        words = ", ".join(f"{word} {when(moment, campaign.timezone)}" for word, moment in times if moment)
        return format_html("{} {}", shown, tag("scheduled", "azure", words))
    return shown


def channel_tag(status: str, reason: str = "") -> SafeString:
    """The status of a channel."""
    look = CHANNEL_LOOKS[status]
    return tag(look.label, look.colour, reason or look.meaning)


def when(moment: datetime | None, zone: str) -> str:
    """A time on the clocks of a zone, which is named; a dash for none."""
    return absolute_words(moment, zone, timezone.now()) if moment else "–"


def progress(counts: Mapping[str, int]) -> SafeString:
    """“1,204 of 5,000 sent”, and what went wrong."""
    if not counts.get("audience"):
        return format_html('<span class="quiet">{}</span>', "nobody yet")
    told = [f"{counts[name]:,} {name}" for name in _TOLD if counts.get(name)]
    shown = f"{counts['sent']:,} of {counts['audience']:,} sent"
    return format_html("{}", ", ".join([shown, *told]))

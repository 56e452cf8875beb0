"""/campaigns/<id>/analytics/ of an outreach campaign: what became of each channel's messages, as table, picture and CSV.

Everything is read from the counts that the ledger keeps, so the page costs the same for ten people and a million, and
can be read while the channels run (seed 003, *Review results before stopping*).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.text import slugify
from django.views.generic import View

from campaigns.console.cards import Card, cards
from campaigns.console.pages import CampaignPage, OfCampaign
from campaigns.domain.goals import goal_of
from campaigns.domain.import_file import escape_formula
from campaigns.services.segments import condition_words

#: The steps of the funnel, each with the one that its rate is a share of.
FUNNEL = (
    ("Audience", "audience", ""),
    ("Sent", "sent", "audience"),
    ("Delivered", "delivered", "sent"),
    ("Opened", "opened", "sent"),
    ("Clicked", "clicked", "sent"),
    ("Converted", "converted", "sent"),
)
#: What else became of the audience; with *sent* and what still waits they add up to it.
REST = ("failed", "skipped", "cancelled", "recalled", "unknown")
_CALL_WORDS = {"Sent": "Called", "Delivered": "Answered"}
#: Kinds of which nothing like it is reported: a dash instead of a zero.
_NOT_REPORTED = {"voice": ("opened", "clicked"), "sms": ("opened", "clicked"), "push": ("opened", "clicked")}


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of the picture, in its units."""

    label: str
    number: int
    share: str
    y: int
    width: float
    tone: int

    @property
    def middle(self) -> int:
        """Where its words stand."""
        return self.y + (STEP - 6) // 2

    @property
    def end(self) -> float:
        """Where its number stands."""
        return _LABELS + 8 + self.width + 6


@dataclass(frozen=True, slots=True)
class Funnel:
    """One channel: its cells for the table and its bars for the picture."""

    card: Card
    cells: Sequence[Mapping[str, Any]]
    bars: Sequence[Bar]
    summary: str

    @property
    def waiting(self) -> int:
        """Whose message is still to go out."""
        return self.card.waiting

    @property
    def height(self) -> int:
        """Of the picture."""
        return STEP * len(self.bars)


#: Of the picture: the longest bar, and the height of a bar with its gap.
LONGEST, STEP = 190, 26
_LABELS, _NUMBERS = 72, 118

PICTURE = {
    "labels": _LABELS,
    "start": _LABELS + 8,
    "width": _LABELS + LONGEST + _NUMBERS,
    "bar": STEP - 6,
}


def funnels(found: Sequence[Card], has_goal: bool) -> list[Funnel]:
    """The funnels of these channels; the bars of all of them are on one scale."""
    largest = max((card.audience for card in found), default=0) or 1
    return [_funnel(card, largest, has_goal) for card in found]


def _funnel(card: Card, largest: int, has_goal: bool) -> Funnel:
    missing = (*_NOT_REPORTED.get(card.kind.key, ()), *(() if has_goal else ("converted",)))
    cells: list[dict[str, Any]] = []
    bars: list[Bar] = []
    for label, name, whole in FUNNEL:
        number, of = card.counts.get(name, 0), card.counts.get(whole, 0) if whole else 0
        share = f"{100 * number / of:.1f} %" if of else ""
        is_reported = name not in missing or number > 0
        cells.append(
            {"name": name, "label": label, "number": number, "share": share, "is_reported": is_reported}
        )
        if is_reported:
            word = _CALL_WORDS.get(label, label) if card.kind.key == "voice" else label
            width = max(LONGEST * number / largest, 2 if number else 0)
            bars.append(Bar(word, number, share, STEP * len(bars), round(width, 1), len(bars)))
    summary = ", ".join(f"{bar.label.lower()} {bar.number:,}" for bar in bars)
    return Funnel(card, cells, bars, f"{card.kind.label}: {summary}")


def table(found: Sequence[Card]) -> list[list[Any]]:
    """The rows of the CSV: a heading, then a line for each channel. Rates are shares between 0 and 1."""
    names = [name for _, name, _ in FUNNEL]
    heading = ["channel", "kind", "connection", "status", *names, *REST, "waiting"]
    rows: list[list[Any]] = [[*heading, *(f"{name}_rate" for _, name, whole in FUNNEL if whole)]]
    for card in found:
        counts = card.counts
        rates = [
            round(counts.get(name, 0) / counts[whole], 4) if counts.get(whole) else ""
            for _, name, whole in FUNNEL
            if whole
        ]
        connection = escape_formula(card.channel.connection.name) if card.channel.connection else ""
        rows.append([
            card.channel.pk, card.kind.key, connection, card.channel.status, *(counts.get(n, 0) for n in names),
            *(counts.get(n, 0) for n in REST), card.waiting, *rates,
        ])  # fmt: skip
    return rows


class ChannelOutcomes(CampaignPage):
    """The outcomes tab."""

    template_name = "campaigns/channel_outcomes.html"
    tab = "Analytics"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        return {**context, **outcomes(self.campaign)}


class LiveOutcomes(OfCampaign, View):
    """The moving part of the tab, for htmx to put into its place."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        values = {"campaign": self.campaign, **outcomes(self.campaign)}
        return render(request, "campaigns/parts/outcomes.html", values)


def outcomes(campaign: Any) -> dict[str, Any]:
    """What the tab shows, and shows again while a channel runs."""
    found = cards(campaign, timezone.now())
    goal = goal_of(campaign.goal)
    return {
        "funnels": funnels(found, goal is not None),
        "columns": FUNNEL,
        "rest": REST,
        "goal": condition_words(campaign.goal["condition"]) if goal else "",
        "goal_within": campaign.goal.get("within", "") if goal else "",
        "is_live": any(card.channel.status == "running" for card in found),
        "picture": PICTURE,
    }


class OutcomesTable(OfCampaign, View):
    """The table as CSV."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = HttpResponse(content_type="text/csv; charset=utf-8")
        name = slugify(self.campaign.name)[:60] or "campaign"
        response["Content-Disposition"] = f'attachment; filename="{name}-outcomes.csv"'
        csv.writer(response).writerows(table(cards(self.campaign, timezone.now())))
        return response

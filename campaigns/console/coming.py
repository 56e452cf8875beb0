"""What will happen next to a campaign by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from campaigns.console.cards import Card
from campaigns.domain import states as s
from campaigns.domain.programs import BY_STEPS
from campaigns.models import Journey
from campaigns.services.counts import journey_counts, next_moved
from channels.domain import states as cs


@dataclass(frozen=True, slots=True)
class Coming:
    """An entry of *what happens next*: a time (None: nobody knows when) and a sentence."""

    at: datetime | None
    text: str
    is_now: bool = False


@dataclass(frozen=True, slots=True)
class Inside:
    """Who has entered, who is inside now, and when the next of those who have to wait goes on (None: cannot be told)."""

    entered: int
    number: int
    next_at: datetime | None


def people_inside(campaign: Any, now: datetime) -> Inside:
    """Who is in the campaign's workflows now."""
    counts = journey_counts([campaign.pk])[campaign.pk]
    steps = counts["at"] if campaign.status in s.LIVE else ()
    return Inside(
        counts["entered"], counts[Journey.ACTIVE], next_moved(campaign.pk, steps, now) if steps else None
    )


def coming(
    campaign: Any, figures: Mapping[str, int], channels: list[Card], inside: Inside | None = None
) -> list[Coming]:
    """What will happen to the campaign by itself, soonest first."""
    entries = [*_going_on(campaign, figures, channels), *_messages(campaign, channels)]
    if inside:
        entries += _in_workflow(campaign, inside)
    if campaign.starts_at:
        entries.append(Coming(campaign.starts_at, "It starts."))
    if campaign.next_run_at and campaign.next_run_at != campaign.starts_at:
        entries.append(Coming(campaign.next_run_at, "The next run goes out."))
    if campaign.stops_at:
        how = "journeys in progress may finish" if campaign.stop_mode == "finish" else "at once"
        entries.append(
            Coming(campaign.stops_at, f"It stops ({how})." if campaign.kind in BY_STEPS else "It stops.")
        )
    if campaign.status in s.RESTING and campaign.archive_due_at and not campaign.scheduled:
        entries.append(Coming(campaign.archive_due_at, "It is archived by itself, after six months at rest."))
    return sorted(entries, key=lambda entry: (not entry.is_now, entry.at is None, entry.at or datetime.max))


def _in_workflow(campaign: Any, inside: Inside) -> list[Coming]:
    """What becomes of those who are inside, and whether others come in."""
    if campaign.status not in s.LIVE:
        return []
    found = []
    if inside.next_at:
        who = "The one person" if inside.number == 1 else f"The next of {inside.number:,} people"
        found.append(Coming(inside.next_at, f"{who} in the workflow goes on."))
    if campaign.status == s.RUNNING and campaign.enter_since:
        found.append(Coming(None, "Whoever meets the trigger enters.", True))
    return found


def _messages(campaign: Any, channels: list[Card]) -> list[Coming]:
    """Messages that go out later than the campaign starts, each at its own time."""
    if campaign.status not in (s.DRAFT, s.SCHEDULED, s.RUNNING):
        return []
    return [
        Coming(card.channel.sends_at, f"{card.name} goes out.")
        for card in channels
        if card.channel.sends_at and not card.done
    ]


def _going_on(campaign: Any, figures: Mapping[str, int], channels: list[Card]) -> list[Coming]:
    found = []
    if campaign.sweep or any(card.channel.sweep for card in channels):
        found.append(Coming(None, "The last stop or restart is still being carried out.", True))
    if campaign.status == s.STOPPING:
        found.append(Coming(None, "It becomes Stopped when the last person has finished.", True))
    if campaign.kind == "python" and campaign.status == s.RUNNING:
        text = "Its contacts are looked at again and again; what is planned for them goes out at its time."
        found.append(Coming(None, text, True))
    for card in channels:
        if card.channel.status != cs.RUNNING:
            continue
        if card.channel.sends_at and not card.done:
            continue  # its time is an entry of its own
        if not card.channel.enrolled and campaign.kind not in (*BY_STEPS, "python"):
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

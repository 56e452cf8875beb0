"""What an action will do, in numbers, before it is taken: the confirmation page and the API's GET. Nothing is changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from campaigns.domain import states as s
from campaigns.domain.approval import find_entry
from campaigns.domain.durations import duration_words
from campaigns.domain.guards import first_reason, may_take
from campaigns.domain.permissions import refusal
from campaigns.domain.programs import BY_STEPS
from campaigns.domain.schedule import told
from campaigns.domain.triggers import ENTERED_BY, type_of
from campaigns.engine import audience_counts
from campaigns.engine.rechecking import waiting_without_limit
from campaigns.models import Campaign, Journey, Membership
from campaigns.services import flow_impact
from campaigns.services.approval_impact import publish, reject, submit, withdraw
from campaigns.services.consequences import Choice, Impact, be, messages, people
from campaigns.services.counts import channel_counts, journey_counts
from campaigns.services.entering import asks_for_audience
from campaigns.services.errors import NotAllowed
from campaigns.services.facts import facts_for
from campaigns.services.offers import Offer, offers_of
from campaigns.services.strategies import strategy_of
from channels.domain.kinds import KINDS
from channels.models import Channel, InAppMessage


def impact(action: str, campaign: Campaign, membership: Membership, now: datetime) -> Impact:
    """What this action would do now. `NotAllowed` where the lifecycle has no such action in this status."""
    facts = facts_for([campaign], membership)[campaign.pk]
    offered = {offer.name: offer for offer in offers_of(campaign, membership.role, facts) if not offer.link}
    offer = offered.get(action)
    if offer is None:
        entry = find_entry(campaign.lifecycle, campaign.status, action, facts.approval)
        if entry is None:
            raise NotAllowed(f"A campaign that is {campaign.look.label} has no action “{action}”.")
        reason = first_reason(entry.guards, facts)
        if not may_take(entry, membership.role, facts):
            reason = refusal(entry.roles, entry.label)
        offer = Offer(action, entry.label, not reason, reason)
    found = Impact(action, offer.label, offer.enabled, offer.reason, danger=offer.danger)
    _DESCRIBE.get(action, _nothing)(found, campaign, now)
    return found


def numbers_of(campaign: Campaign, journeys: Mapping[str, Any] | None = None) -> dict[str, int]:
    """What is on its way just now: unsent, being sent, in-app messages to recall, people in progress.

    ``journeys``: the campaign's `journey_counts`, where the caller has them already.
    """
    journeys = journeys or journey_counts([campaign.pk])[campaign.pk]
    channels = list(Channel.objects.filter(campaign=campaign))
    counts = channel_counts([channel.pk for channel in channels])
    in_app = [channel.pk for channel in channels if KINDS[channel.kind].recallable]
    unopened = InAppMessage.objects.filter(
        channel_id__in=in_app, opened_at__isnull=True, recalled_at__isnull=True
    )
    return {
        "audience": sum(counts[c.pk]["audience"] for c in channels),
        "unsent": sum(counts[c.pk]["pending"] + counts[c.pk]["drafted"] for c in channels),
        "drafted": sum(counts[c.pk]["drafted"] for c in channels),
        "being_sent": sum(counts[c.pk]["sending"] for c in channels),
        "sent": sum(counts[c.pk]["sent"] for c in channels),
        "cancelled": sum(counts[c.pk]["cancelled"] for c in channels),
        "to_recall": unopened.count() if in_app else 0,
        "in_progress": journeys[Journey.ACTIVE],
        "not_enrolled": _not_enrolled(campaign, channels),
    }


def _not_enrolled(campaign: Campaign, channels: list[Channel]) -> int:
    """People of the audience who have no ledger row yet, over all channels that are at work."""
    waiting = [channel for channel in channels if channel.started_at and not channel.enrolled]
    if not waiting or campaign.kind in BY_STEPS:
        return 0
    total = audience_counts.count(campaign) if not all(channel.outcome for channel in waiting) else 0
    counts = channel_counts([channel.pk for channel in waiting])
    return sum(
        max(0, (channel.promised if channel.outcome else total) - counts[channel.pk]["audience"])
        for channel in waiting
    )


def _nothing(found: Impact, campaign: Campaign, now: datetime) -> None:
    """An action without consequences to state."""


def _start(found: Impact, campaign: Campaign, now: datetime) -> None:
    if campaign.kind == "flow":
        journeys = journey_counts([campaign.pk])[campaign.pk]
        flow_impact.start(found, campaign, numbers_of(campaign, journeys), journeys["at"])
        return
    if campaign.kind == "journey":
        _say_who_enters(found, campaign, starts=True)
    elif campaign.kind == "python":
        total = found.numbers["audience"] = audience_counts.count(campaign)
        _start_strategy(found, campaign, total)
    else:
        total = audience_counts.count(campaign)
        found.numbers = {"audience": total}
        found.sentences.append(f"The audience has {people(total)} now; sending begins at once.")
    if campaign.starts_at and campaign.starts_at > now:
        found.sentences.append(
            f"It was scheduled for {told(campaign.starts_at, campaign.timezone)}; that time is dropped."
        )


def _say_who_enters(found: Impact, campaign: Campaign, *, starts: bool = False) -> None:
    """Whom its trigger lets in: those who match now where it is a condition, else those to whom something happens."""
    if not asks_for_audience(campaign):
        found.numbers = {"audience": 0}
        what = ENTERED_BY[type_of(campaign.trigger)].format(
            **{"name": "", "attribute": ""} | campaign.trigger
        )
        found.sentences.append(f"Nobody enters at once; from then on {what}.")
        return
    total = audience_counts.count(campaign)
    found.numbers = {"audience": total}
    if starts:
        enter = "matches now and enters" if total == 1 else "match now and enter"
        found.sentences.append(f"{people(total)} {enter}; whoever is added later enters too.")


def _start_strategy(found: Impact, campaign: Campaign, total: int) -> None:
    strategy = strategy_of(campaign)
    name = strategy.title if strategy else campaign.strategy
    found.sentences.append(
        f"The strategy “{name}” is asked about {people(total)}, and about whoever is added later; what it plans goes out "
        + ("within the time windows." if campaign.windows else "at any hour, as there are no time windows.")
    )
    every = campaign.frequency.get("at_most_every")
    if campaign.strategy_runs.exists() and not campaign.frequency.get("every_time"):
        since = f" in the last {duration_words(every)}" if every else ""
        found.sentences.append(f"What somebody was sent in an earlier run{since} is not sent again.")


def _schedule(found: Impact, campaign: Campaign, now: datetime) -> None:
    total = audience_counts.count(campaign)
    found.numbers = {"audience": total}
    found.sentences.append(f"The audience has {people(total)} now; whoever it has at the start is contacted.")
    found.needs_time = ("starts_at", "stops_at") if campaign.kind == "journey" else ("starts_at",)
    if campaign.status == s.STOPPED and asks_for_audience(campaign):
        _ask_who(found, total)


def _schedule_stop(found: Impact, campaign: Campaign, now: datetime) -> None:
    found.numbers = numbers_of(campaign)
    found.needs_time = ("stops_at",)
    _ask_how(found, campaign)


def _ask_who(found: Impact, total: int) -> None:
    found.asks = "audience"
    found.choices = [
        Choice(
            "current",
            "Current people and future additions",
            f"{people(total)} {'matches' if total == 1 else 'match'} now; frequency settings apply.",
        ),
        Choice("future", "Future additions only", "Only people who are added after the restart enter."),
    ]


def _ask_how(found: Impact, campaign: Campaign) -> None:
    numbers = found.numbers
    found.asks = "mode"
    told = ["Everybody leaves at once"] if numbers["in_progress"] else []
    if unsent := numbers["unsent"]:
        told.append(f"{messages(unsent, 'unsent message')} {be(unsent)} cancelled")
    if recalled := numbers["to_recall"]:
        told.append(f"{messages(recalled, 'in-app message')} not opened yet {be(recalled)} recalled")
    if leaving := numbers["being_sent"]:
        told.append(f"{messages(leaving)} being sent right now can't be recalled")
    found.choices = [
        Choice("exit", "Exit immediately", f"{'; '.join(told) or 'Nobody is inside and nothing waits'}."),
        Choice(
            "finish",
            "Finish their journey",
            "Nobody new enters; it stays Stopping until the last one leaves."
            + _told_endless(campaign)
            + _told_drafts(numbers["drafted"]),
        ),
    ]


def _told_endless(campaign: Campaign) -> str:
    """A campaign that lets people finish waits as long as they do."""
    if not (endless := waiting_without_limit(campaign)):
        return ""
    waits = "waits" if endless == 1 else "wait"
    return f" {people(endless)} {waits} for something without a limit, and it waits with them."


def _told_drafts(number: int) -> str:
    """No campaign waits for drafts: nobody may ever look at them."""
    if not number:
        return ""
    waits = "waits" if number == 1 else "wait"
    return f" {messages(number, 'draft')} {waits} for release: what is not released by then is cancelled."


def _stop(found: Impact, campaign: Campaign, now: datetime) -> None:
    journeys = journey_counts([campaign.pk])[campaign.pk]
    numbers = found.numbers = numbers_of(campaign, journeys)
    if campaign.kind == "flow":
        flow_impact.stop(found, numbers, journeys["at"])
        return
    if campaign.kind == "journey" and (numbers["in_progress"] or numbers["unsent"]):
        found.sentences.append(f"{people(numbers['in_progress'])} {be(numbers['in_progress'])} in progress.")
        _ask_how(found, campaign)
        if campaign.status == s.STOPPING:
            found.choices = found.choices[:1]
        return
    if campaign.kind == "journey":
        found.sentences.append("Nobody is in progress: it stops at once.")
        return
    word = {"sms": "text", "voice": "call"}.get(campaign.kind, "message")
    unsent = numbers["unsent"] + numbers["not_enrolled"]
    found.sentences.append(f"{messages(unsent, 'unsent ' + word)} {be(unsent)} cancelled.")
    if numbers["being_sent"]:
        found.sentences.append(
            f"{messages(numbers['being_sent'], word)} being sent right now can't be recalled."
        )
    found.sentences.append(f"{messages(numbers['sent'], word)} sent already are kept in the results.")
    if campaign.kind == "python":
        found.sentences.append("Start begins a new run: the strategy is asked about everybody again.")
    if campaign.kind in ("voice", "message"):
        found.sentences.append("A stop is permanent: it cannot be restarted. Clone it to send it again.")


def _restart(found: Impact, campaign: Campaign, now: datetime) -> None:
    if campaign.kind == "journey":
        _say_who_enters(found, campaign)
        if asks_for_audience(campaign):
            _ask_who(found, found.numbers["audience"])
        return
    numbers = found.numbers = numbers_of(campaign)
    found.sentences.append(
        f"{messages(numbers['cancelled'] + numbers['unsent'] + numbers['not_enrolled'], 'text')} that were not sent "
        f"go out now; the {people(numbers['sent'])} texted already are not contacted again."
    )


def _archive(found: Impact, campaign: Campaign, now: datetime) -> None:
    found.numbers = numbers_of(campaign)
    _say_what_ends(found)
    found.sentences.append("It moves to the Archived tab and becomes read-only; its results are kept.")
    if campaign.scheduled:
        found.sentences.append("Its schedule is dropped.")


def _say_what_ends(found: Impact) -> None:
    numbers = found.numbers
    if numbers["in_progress"]:
        found.sentences.append(f"The journeys of {people(numbers['in_progress'])} end.")
    if unsent := numbers["unsent"] + numbers["not_enrolled"]:
        found.sentences.append(f"{messages(unsent, 'unsent message')} {be(unsent)} cancelled.")


def _unarchive(found: Impact, campaign: Campaign, now: datetime) -> None:
    found.sentences.append("It moves back to the Active tab; nobody is contacted by that.")


def _delete(found: Impact, campaign: Campaign, now: datetime) -> None:
    numbers = found.numbers = numbers_of(campaign)
    _say_what_ends(found)
    found.sentences.append(
        f"Content, settings and the records of {messages(numbers['audience'])} are deleted for good. "
        "The activity log is kept. Archive it instead to keep its results."
    )
    found.needs_name, found.danger = True, True


def _duplicate(found: Impact, campaign: Campaign, now: datetime) -> None:
    found.sentences.append(
        "A draft copy is made with the same settings and content; it sends nothing by itself."
    )


def _cancel_schedule(found: Impact, campaign: Campaign, now: datetime) -> None:
    found.sentences.append("It will not start by itself any more and can be edited again.")


_DESCRIBE: Mapping[str, Callable[[Impact, Campaign, datetime], None]] = {
    "start": _start, "publish": publish, "approve": publish, "schedule": _schedule, "schedule_stop": _schedule_stop,
    "stop": _stop, "force_stop": _stop, "restart": _restart, "archive": _archive, "unarchive": _unarchive,
    "delete": _delete, "duplicate": _duplicate, "cancel_schedule": _cancel_schedule, "reject": reject,
    "submit": submit, "withdraw": withdraw,
}  # fmt: skip

"""Why somebody is in a campaign and at which step, or why not: checks in the order in which the engine asks them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import F

from campaigns.domain import triggers as tr
from campaigns.domain.programs import BY_STEPS, Program, node_of, programs_of
from campaigns.engine.judging import judge, left_out
from campaigns.models import Campaign, Event, Journey, Person, Segment
from campaigns.services.segments import condition_words
from channels.domain.kinds import KINDS
from channels.domain.states import REASONS
from channels.models import Channel, Delivery

MOST = 50


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that has to hold. ``holds`` is None where it cannot be told beforehand."""

    words: str
    holds: bool | None


@dataclass(slots=True)
class Explanation:
    """The answer in a sentence, and what it rests on."""

    inside: bool
    summary: str
    checks: list[Check] = field(default_factory=list)
    journeys: list[Journey] = field(default_factory=list)
    deliveries: Sequence[Delivery] = ()


def explain(campaign: Campaign, person: Person, now: datetime) -> Explanation:
    """Why this person of the campaign's workspace is in it or not; a fixed number of queries for each flow."""
    journeys = list(Journey.objects.filter(campaign=campaign, person=person).order_by("-id")[:MOST])
    channels = dict(Channel.objects.filter(campaign=campaign).values_list("pk", "kind"))
    own = Delivery.objects.alias(of=F("channel_id") + 0).filter(of__in=list(channels), person=person)
    deliveries = list(own.select_related("channel").order_by("-id")[:MOST])
    checks = list(_checks(campaign, person, now))
    found = Explanation(bool(journeys or deliveries), "", checks, journeys, deliveries)
    found.summary = _summary(campaign, person, found)
    return found


def _summary(campaign: Campaign, person: Person, found: Explanation) -> str:
    name = person.display_name
    active = next((one for one in found.journeys if one.status == Journey.ACTIVE), None)
    if active is not None:
        return f"{name} is in it, at {_step_words(campaign, active.step)}."
    if found.journeys:
        last = found.journeys[0]
        ended = "has finished it" if last.status == Journey.FINISHED else "has left it"
        why = REASONS.get(last.reason, last.reason.replace("_", " "))
        return f"{name} {ended}{f': {why[:1].lower()}{why[1:]}' if why else ''}."
    if found.deliveries:
        last_one = found.deliveries[0]
        why = REASONS.get(last_one.reason, "")
        said = f"{last_one.get_status_display().lower()}{f' ({why[:1].lower()}{why[1:]})' if why else ''}"
        return f"{name} is in it: {KINDS[last_one.channel.kind].label} {said}."
    reason = next((check.words for check in found.checks if check.holds is False), "")
    if reason:
        return f"{name} is not in it: {reason}"
    return f"{name} is not in it yet; nothing known stands against it."


def _step_words(campaign: Campaign, key: str) -> str:
    node = node_of(campaign, key)
    if node is None:
        return f"the step “{key}”, which is no longer there"
    return f"the step “{node.step.name or node.step.key}” ({node.step.type.replace('_', ' ')})"


def _checks(campaign: Campaign, person: Person, now: datetime) -> Iterator[Check]:
    running = campaign.status == "running"
    yield Check(f"The campaign is {campaign.look.label}.", running)
    if campaign.kind in BY_STEPS:
        yield Check(
            "Its doors are open: people may enter." if campaign.enter_since else "Nobody may enter now.",
            campaign.enter_since is not None,
        )
        for program in programs_of(campaign):
            yield from _ways_in(campaign, program, person, now)
    else:
        yield from _chosen(campaign, person, now)
    yield from _reachable(campaign, person)


def _ways_in(campaign: Campaign, program: Program, person: Person, now: datetime) -> Iterator[Check]:
    if program.flow:
        yield Check(
            f"The flow “{program.name}” is {'active' if program.active else 'not active'}.", program.active
        )
    trigger = program.trigger or {}
    kind = tr.type_of(trigger)
    if not trigger:
        yield from _chosen(campaign, person, now)
    elif kind == tr.SEGMENT:
        yield from _segments(trigger, person)
    elif kind == tr.EVENT:
        yield _event(trigger, person)
    elif kind == tr.WEBHOOK:
        yield Check("Somebody calls the campaign's webhook about this person.", None)
    elif kind == tr.DATE:
        yield _date(trigger, person)
    else:
        yield from _conditions(campaign, [tr.kept_condition(trigger)], person, now)
    if trigger.get("filter"):
        yield from _conditions(campaign, [trigger["filter"]], person, now)
    yield _often(campaign, program, person)


def _segments(trigger: Mapping[str, Any], person: Person) -> Iterator[Check]:
    for group in trigger.get("in") or []:
        yield from _in_lists(list(group), person, wanted=True)
    if trigger.get("not_in"):
        yield from _in_lists(list(trigger["not_in"]), person, wanted=False)


def _in_lists(ids: Sequence[int], person: Person, *, wanted: bool) -> Iterator[Check]:
    """In one of the lists, or in none of them."""
    lists = list(Segment.objects.filter(pk__in=ids).order_by("name"))
    inside = {one.pk for one in lists if one.kind == Segment.EVERYONE}
    inside |= set(person.list_memberships.filter(segment_id__in=ids).values_list("segment_id", flat=True))
    names = " or ".join(f"“{one.name}”" for one in lists) or "a list that is no longer there"
    if bool(inside) == wanted:
        yield Check(f"{'In' if wanted else 'In none of'} {names}.", True)
    else:
        yield Check(f"{'Not in' if wanted else 'In'} {names}.", False)


def _conditions(
    campaign: Campaign, conditions: Sequence[Mapping[str, Any]], person: Person, now: datetime
) -> Iterator[Check]:
    """Each part of an *all* on its own, so that the one which stands in the way is named."""
    parts = [part for condition in conditions if condition for part in condition.get("all", [condition])]
    said = judge(parts, [person.pk], campaign.workspace_id, now).get(person.pk, [])
    for part, holds in zip(parts, said, strict=True):
        words = condition_words(part)
        yield Check(f"{words[:1].upper()}{words[1:]}." if holds else f"It does not hold: {words}.", holds)


def _event(trigger: Mapping[str, Any], person: Person) -> Check:
    name = trigger.get("name", "")
    last = Event.objects.filter(person=person, name=name).order_by("-occurred_at").first()
    if last is None:
        return Check(f"“{name}” has never happened to this person.", False)
    return Check(f"“{name}” happened last on {last.occurred_at:%Y-%m-%d %H:%M} UTC.", None)


def _date(trigger: Mapping[str, Any], person: Person) -> Check:
    name = trigger.get("attribute", "")
    value = (person.attributes or {}).get(name)
    if value in (None, ""):
        return Check(f"This person has no {name}.", False)
    return Check(
        f"{name} is {value}; people enter {trigger.get('offset') or 'on the day'} at {trigger.get('at', '')}.",
        None,
    )


def _often(campaign: Campaign, program: Program, person: Person) -> Check:
    """Whether the frequency lets the person in (again)."""
    times = Journey.objects.filter(campaign=campaign, flow=program.flow, person=person).count()
    entered = f"entered {times} time{'' if times == 1 else 's'} so far"
    frequency = tr.frequency_of(program.trigger, program.frequency)
    if frequency.within:
        return Check(f"At most once in {frequency.within}; {entered}.", None)
    if frequency.every:
        return Check(f"Every time; {entered}.", True)
    return Check(f"Once; {entered}.", not times)


def _chosen(campaign: Campaign, person: Person, now: datetime) -> Iterator[Check]:
    """The audience of a campaign that has chosen one."""
    if campaign.segment_id is not None:
        yield from _in_lists([campaign.segment_id], person, wanted=True)
    elif not campaign.audience_condition:
        yield Check("Nobody has been chosen yet.", False)
    yield from _conditions(campaign, [campaign.audience_condition, campaign.audience_filter], person, now)


def _reachable(campaign: Campaign, person: Person) -> Iterator[Check]:
    """Whether each channel could reach them."""
    for channel in Channel.objects.filter(campaign=campaign).order_by("position", "id"):
        reason = left_out(channel.kind, channel.pk, [person.pk], campaign.workspace_id).get(person.pk, "")
        label = KINDS[channel.kind].label
        words = REASONS.get(reason, reason)
        yield Check(
            f"{label}: {words[:1].lower()}{words[1:]}." if reason else f"{label} can reach them.", not reason
        )

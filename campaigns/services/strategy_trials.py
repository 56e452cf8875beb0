"""The dry run of a python campaign: the strategy is asked about a few contacts, and nothing of its plan is kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from campaigns.domain.steps import MESSAGE, Step
from campaigns.domain.strategies import Contact
from campaigns.domain.workflow import Node
from campaigns.engine.judging import left_out
from campaigns.engine.strategies import Outcome, rehearse
from campaigns.engine.strategy_walk import Next
from campaigns.models import Campaign, Person
from campaigns.services.walking import DryRun, Visit, Walk, content_for, fill
from channels.models import Channel

#: Seconds that a page waits for a strategy; whoever has not been asked about by then is left out.
PATIENCE = 6.0


def rehearsal(campaign: Campaign, people: Sequence[Person], now: datetime) -> DryRun:
    """What the strategy plans for these people, each message as it would go out."""
    walks = {person.pk: Walk(person) for person in people}
    asked = [Next(person.pk, _contact(person)) for person in people]
    outcomes = (
        rehearse(campaign, asked, now, PATIENCE) if campaign.strategy else "No strategy has been chosen yet."
    )
    if isinstance(outcomes, str):
        for walk in walks.values():
            walk.end = outcomes
        return DryRun(None, list(walks.values()), {})
    channels = {c.kind: c for c in Channel.objects.filter(campaign=campaign).order_by("-position", "-id")}
    why = {
        kind: left_out(kind, channel.pk, list(walks), campaign.workspace_id)
        for kind, channel in channels.items()
    }
    reached: dict[str, int] = {}
    for outcome in outcomes:
        walk = walks[outcome.person_id]
        walk.end = outcome.problem or ("" if outcome.steps else "The strategy plans nothing for them.")
        for visit in _visits(campaign, walk.person, outcome, channels, why):
            walk.visits.append(visit)
            reached[visit.node.key] = reached.get(visit.node.key, 0) + 1
    return DryRun(None, [walks[outcome.person_id] for outcome in outcomes], reached)


def _contact(person: Person) -> Contact:
    return Contact(
        person.external_id, person.email, person.phone, person.timezone, dict(person.attributes or {})
    )


def _visits(
    campaign: Campaign,
    person: Person,
    outcome: Outcome,
    channels: dict[str, Channel],
    why: dict[str, dict[int, str]],
) -> list[Visit]:
    found = []
    for step, place in outcome.steps:
        channel = channels[step.channel]
        node = Node(
            f"{step.stage} · {step.channel}", Step(step.stage, MESSAGE, step.stage, step.channel), (), "", 0
        )
        visit = Visit(place.due_at, node, "")
        own = {"subject": step.subject, "body": step.body}
        content = own if step.body else content_for(
            channel.content, f"{channel.pk}.0.{step.step}.{person.pk}", person, channel.winner
        )  # fmt: skip
        reason = "window_passed" if place.passed else why[step.channel].get(person.pk, "")
        fill(visit, campaign, person, step.channel, content, reason, plan=step.values)
        found.append(visit)
    return sorted(found, key=lambda visit: visit.at)

"""Dry runs: which steps people would take and which messages they would get, from what is known now. Nothing is written.

A whole sample walks together: one query for each condition of the workflow, however many people. What only the future
can tell (an event that a step waits for) is said instead of guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from campaigns.domain.programs import BY_STEPS, Program, programs_of
from campaigns.domain.steps import MESSAGE, Step
from campaigns.domain.triggers import EVENT, kept_condition, type_of
from campaigns.domain.workflow import Node
from campaigns.engine.judging import left_out, some_who_did, some_who_meet
from campaigns.models import Campaign, Person
from campaigns.services.errors import Invalid
from campaigns.services.previewing import sample_people
from campaigns.services.strategy_trials import rehearsal
from campaigns.services.walking import DryRun, Visit, Walk, Walker, content_for, fill
from channels.models import Channel

SAMPLE = 100
#: What a dry run takes for granted; shown beside it.
ASSUMED = (
    "Everything is judged by what is known of people now: attributes, events and segments stay as they are.",
    "Whether somebody else with the same address gets a message first is only known when it is made.",
)


def sample(campaign: Campaign, now: datetime, flow: str = "", number: int = SAMPLE) -> list[Person]:
    """So many people who might enter: of the audience, or who meet the trigger; of an event, who did it.

    Anybody of the workspace where nothing says who (a webhook, a date, nothing chosen yet).
    """
    program = _program(campaign, flow) if campaign.kind in BY_STEPS else None
    trigger = program.trigger if program else {}
    if asked := kept_condition(trigger):
        ids = some_who_meet(asked, campaign.workspace_id, now, number)
    elif type_of(trigger) == EVENT:
        ids = some_who_did(str(trigger.get("name", "")), campaign.workspace_id, number)
    else:
        return sample_people(campaign, number)
    return list(Person.objects.filter(pk__in=ids).order_by("pk"))


def dry_run(campaign: Campaign, people: Sequence[Person], now: datetime, flow: str = "") -> DryRun:
    """Let people walk through the campaign's workflow (of a flow campaign: through ``flow``, else its first active one).

    A campaign without steps sends each person the message of each of its channels. Raises `Invalid` for a flow that is
    not there.
    """
    if campaign.kind == "python":
        return rehearsal(campaign, people, now)
    if campaign.kind not in BY_STEPS:
        return _blast(campaign, people, now)
    program = _program(campaign, flow)
    walks = {person.pk: Walk(person) for person in people}
    if program is None or not program.workflow:
        for walk in walks.values():
            walk.end = "There is no step to take yet."
        return DryRun(program, list(walks.values()), {})
    walker = Walker(campaign, program, walks, now)
    for node in program.graph().values():
        walker.take(node)
    return DryRun(program, list(walks.values()), walker.reached)


def _program(campaign: Campaign, flow: str) -> Program | None:
    programs = programs_of(campaign)
    if not flow:
        return next((one for one in programs if one.active), programs[0] if programs else None)
    for program in programs:
        if program.flow == flow:
            return program
    known = ", ".join(program.flow for program in programs if program.flow) or "there is none"
    raise Invalid.field("flow", f"flow must be the key of one of its flows: {known}.")


def _blast(campaign: Campaign, people: Sequence[Person], now: datetime) -> DryRun:
    """Each person gets the message of each channel, or a reason why not."""
    walks = {person.pk: Walk(person) for person in people}
    reached = {}
    for channel in Channel.objects.filter(campaign=campaign).order_by("position", "id"):
        node = _as_node(channel)
        why = left_out(channel.kind, channel.pk, list(walks), campaign.workspace_id)
        reached[node.key] = sum(not reason for reason in why.values())
        for pk, walk in walks.items():
            visit = Visit(campaign.starts_at or now, node, "")
            content = content_for(channel.content, f"{channel.pk}.0..{pk}", walk.person, channel.winner)
            fill(visit, campaign, walk.person, channel.kind, content, why.get(pk, ""))
            walk.visits.append(visit)
    for walk in walks.values():
        walk.end = "" if walk.visits else "The campaign has no channel yet."
    return DryRun(None, list(walks.values()), reached)


def _as_node(channel: Channel) -> Node:
    return Node(str(channel.pk), Step(channel.kind, MESSAGE, channel=channel.kind), (), "", 0)

"""What starting and stopping a flow campaign will do, in numbers: people inside keep their place (seed 002)."""

from __future__ import annotations

from collections.abc import Mapping

from campaigns.domain.programs import programs_of
from campaigns.domain.workflow import flow_of
from campaigns.models import Campaign
from campaigns.services.consequences import Impact, be, messages, people


def start(found: Impact, campaign: Campaign, numbers: Mapping[str, int], at: Mapping[str, int]) -> None:
    """Which flows let people in, and what goes on where it was. ``at``: step as journeys call it → people there."""
    found.numbers = dict(numbers)
    active = [flow.name for flow in programs_of(campaign) if flow.active]
    if active:
        named = ", ".join(f"“{name}”" for name in active[:5]) + (" …" if len(active) > 5 else "")
        count = f"{len(active)} flow{'' if len(active) == 1 else 's'} {'lets' if len(active) == 1 else 'let'}"
        found.sentences.append(
            f"{count} people in from now on: {named}. They are read-only until you stop it."
        )
    if inside := numbers["in_progress"]:
        goes = "goes" if inside == 1 else "go"
        who = _in_several(at, inside) or f"{people(inside)} inside"
        found.sentences.append(f"{who} {goes} on from where they were.")
    if waiting := numbers["unsent"] - numbers["drafted"]:
        found.sentences.append(
            f"{messages(waiting)} that {'waits' if waiting == 1 else 'wait'} can go out now."
        )


def stop(found: Impact, numbers: Mapping[str, int], at: Mapping[str, int]) -> None:
    """Stop leads back to Inactive: nothing is cancelled, nobody leaves. ``at`` as in `start`."""
    if inside := numbers["in_progress"]:
        keep = "Their place is kept" if inside == 1 else "Their places are kept"
        several = _in_several(at, inside)
        who = f"{several} are under way" if several else f"{people(inside)} {be(inside)} inside"
        found.sentences.append(f"{who}. {keep}: they go on at the next Start.")
    else:
        found.sentences.append("Nobody is inside.")
    if waiting := numbers["unsent"] - numbers["drafted"]:
        waits = "waits" if waiting == 1 else "wait"
        found.sentences.append(f"{messages(waiting, 'unsent message')} {waits} for the next Start as well.")
    if leaving := numbers["being_sent"]:
        found.sentences.append(f"{messages(leaving)} being sent right now can't be recalled.")
    found.sentences.append("Events are not processed until then, and its flows can be edited.")


def _in_several(at: Mapping[str, int], inside: int) -> str:
    """Of people in several flows, who may be the same ones: how many journeys there are; "" where all are in one."""
    flows = {flow_of(step) for step, number in at.items() if number}
    return f"{inside:,} journeys through {len(flows)} flows" if len(flows) > 1 else ""

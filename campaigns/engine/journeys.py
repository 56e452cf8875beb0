"""Moves people through the workflows of journeys and flows: all who are due at a step at once, in batches.

What happens at a step is in routes.py, the statements are in moving.py, who enters is in entering.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db.models import Sum

from campaigns.domain.programs import BY_STEPS, programs_of
from campaigns.domain.steps import SENDING
from campaigns.engine.batches import (
    Deadline,
    campaign_is,
    keep_nothing,
    only_worker,
    until_done,
)
from campaigns.engine.entering import enter_people
from campaigns.engine.moving import Move, move_of
from campaigns.engine.rechecking import RECHECK, look_again
from campaigns.engine.routes import STEP_REMOVED, Stop
from campaigns.models import Campaign, Journey, JourneyTally
from channels.models import Channel

__all__ = ["advance", "enter_people"]

BATCH = 10_000

_AS_READ = "status IN ('running', 'stopping') AND deleted_at IS NULL AND version = %(version)s"


def advance(campaign_id: int, now: datetime, *, seconds: float = 10.0, batch: int = BATCH) -> int:
    """Take everybody who is due as far as they can go now, for about ``seconds``; answers how many were looked at.

    Every way leads further down the workflow, so one round over its steps takes a person through several of them. Each
    round takes one batch a step: however many are at the top, those further down are not kept waiting.
    """
    deadline = Deadline(seconds)
    campaign = Campaign.objects.filter(
        pk=campaign_id, kind__in=BY_STEPS, status__in=("running", "stopping"), deleted_at__isnull=True
    ).first()
    if campaign is None:
        return 0
    reached = occupied_steps(campaign_id)
    here = {key for program in programs_of(campaign) for key in program.graph()}
    moved = _leave_removed_steps(campaign, reached - here, now, batch, deadline)
    if campaign.sweep == RECHECK:
        moved += until_done(deadline, partial(_move, campaign, partial(look_again, campaign, now, batch)))
        if deadline.passed():
            return moved
    desks = _desks(campaign, now, batch)
    busy = reached & desks.keys()
    while busy:
        for key in (key for key in desks if key in busy):
            found = _move(campaign, desks[key].move().execute)
            moved += found
            if found < batch:
                busy.discard(key)
            if found:
                busy |= desks[key].leads_to & desks.keys()
            if deadline.passed():
                return moved
    return moved


@dataclass(slots=True)
class _Desk:
    """A step that works, and how it is done; that is found out when the first person is there."""

    make: Callable[[], Move]
    leads_to: set[str]
    made: Move | None = None

    def move(self) -> Move:
        self.made = self.made or self.make()
        return self.made


def _desks(campaign: Campaign, now: datetime, batch: int) -> dict[str, _Desk]:
    """The steps of all active workflows, in an order in which every way leads down.

    Where the campaign has lost the channel of a message, people wait before it until there is one again.
    """
    channels = _channels(campaign.pk)
    desks: dict[str, _Desk] = {}
    for program in programs_of(campaign):
        nodes = program.graph() if program.active else {}
        for key, node in nodes.items():
            if node.step.type in SENDING and node.step.channel not in channels:
                continue
            stop = Stop(campaign, program, nodes, node, now)
            leads_to = {way.to for way in node.ways if way.to}
            desks[key] = _Desk(partial(move_of, stop, channels, batch), leads_to)
    return desks


def occupied_steps(campaign_id: int) -> set[str]:
    """The keys of the steps at which somebody is: from the tallies, whatever the number of people."""
    tallies = JourneyTally.objects.filter(campaign_id=campaign_id, status=Journey.ACTIVE)
    return set(
        tallies.values("step").annotate(people=Sum("n")).filter(people__gt=0).values_list("step", flat=True)
    )


def _channels(campaign_id: int) -> Mapping[str, int]:
    """Kind of channel → the campaign's first channel of that kind."""
    found = Channel.objects.filter(campaign_id=campaign_id).order_by("-position", "-id")
    return dict(found.values_list("kind", "pk"))


def _move(campaign: Campaign, one_batch: Callable[[Any], int]) -> int:
    """One batch in one transaction; 0 where nobody is due, another worker is at it, or the campaign has changed."""
    with only_worker("advance", campaign.pk) as cursor:
        if cursor is None:
            return 0
        moved = one_batch(cursor)
        # The version too: a workflow edited meanwhile would have led people elsewhere.
        if moved and not campaign_is(cursor, campaign.pk, _AS_READ, {"version": campaign.version}):
            keep_nothing()
            return 0
    return moved


def _leave_removed_steps(
    campaign: Campaign, removed: Iterable[str], now: datetime, batch: int, deadline: Deadline
) -> int:
    """People at a step that the workflow no longer has leave the journey, whenever they would have been due."""

    def leave(cursor: Any, key: str) -> int:
        cursor.execute(_LEAVE, {"campaign": campaign.pk, "step": key, "now": now, "batch": batch})
        return int(cursor.rowcount)

    return sum(until_done(deadline, partial(_move, campaign, partial(leave, key=key))) for key in removed)


_LEAVE = f"""UPDATE campaigns_journey SET status = 'exited', reason = '{STEP_REMOVED}', ended_at = %(now)s
    WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM campaigns_journey
        WHERE campaign_id = %(campaign)s AND step = %(step)s AND status = 'active'
        ORDER BY due_at LIMIT %(batch)s FOR UPDATE SKIP LOCKED))"""

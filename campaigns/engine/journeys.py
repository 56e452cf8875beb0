"""Moves people through the workflow of a journey: all who are due at a step at once, in batches.

A message step writes the ledger row in the statement that moves the person on, so nobody is ever moved past a message
without one, or given two. Who enters is in entering.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any

from django.db.models import Sum

from campaigns.domain.workflow import DELAY, EXIT, MESSAGE, Step, next_steps, parse_workflow
from campaigns.engine.audience import BY_INDEX
from campaigns.engine.batches import (
    Deadline,
    campaign_is,
    keep_nothing,
    only_worker,
    until_done,
)
from campaigns.engine.entering import enter_people
from campaigns.engine.skipping import LEDGER_COLUMNS, ledger_values, skip_reason
from campaigns.models import Campaign, Journey, JourneyTally
from channels.models import Channel

__all__ = ["advance", "enter_people"]

BATCH = 10_000
#: Why a journey ended before its last step.
STEP_REMOVED, EXIT_STEP = "step_removed", "exit_step"

_AS_READ = "status IN ('running', 'stopping') AND deleted_at IS NULL AND version = %(version)s"

# Places (ctid) instead of keys: the rows have just been locked, and nothing is looked up twice.
_DUE = """SELECT ctid AS place, person_id, entry FROM campaigns_journey
    WHERE campaign_id = %(campaign)s AND step = %(step)s AND status = 'active' AND due_at <= %(now)s
    ORDER BY due_at LIMIT %(batch)s FOR UPDATE SKIP LOCKED"""

# Another person with the same address has this message of this entry, or is due for it and comes first. Channel and
# status are hidden (+ 0, || '') so that both are looked up by the person: of a campaign that has just begun the planner
# expects nothing, and may walk all its rows for each person.
_COVERED = f"""EXISTS (
        SELECT 1 FROM channels_delivery d WHERE d.channel_id + 0 = %(channel)s AND d.run = due.entry
            AND d.step = %(step)s AND d.person_id = o.id AND d.status <> 'skipped' {BY_INDEX})
    OR (o.id < p.id AND EXISTS (
        SELECT 1 FROM campaigns_journey other WHERE other.campaign_id = %(campaign)s AND other.person_id = o.id
            AND other.entry = due.entry AND other.step = %(step)s AND other.status || '' = 'active'
            AND other.due_at <= %(now)s {BY_INDEX}))"""


def advance(campaign_id: int, now: datetime, *, seconds: float = 10.0, batch: int = BATCH) -> int:
    """Move everybody who is due as far as they can go now, for about ``seconds``; answers how many moves were made.

    Steps are taken in the workflow's order, so one call leads a person through several of them.
    """
    deadline = Deadline(seconds)
    campaign = Campaign.objects.filter(
        pk=campaign_id, kind="journey", status__in=("running", "stopping"), deleted_at__isnull=True
    ).first()
    if campaign is None:
        return 0
    steps = parse_workflow(campaign.workflow)
    channels = _channels(campaign_id)
    reached = occupied_steps(campaign_id)
    moved = _leave_removed_steps(campaign, reached - {step.key for step in steps}, now, batch, deadline)
    for step, following in next_steps(steps):
        # Where the campaign has lost the channel of a message, people wait before it until there is one again.
        if step.key not in reached or (step.type == MESSAGE and step.channel not in channels):
            continue
        values = _values(campaign, step, following, now) | {
            "batch": batch,
            "channel": channels.get(step.channel),
        }
        moved += until_done(deadline, partial(_move, campaign, move_sql(step, following), values))
        if deadline.passed():
            break
        if following:
            reached.add(following.key)
    return moved


def occupied_steps(campaign_id: int) -> set[str]:
    """The keys of the steps at which somebody is: from the tallies, whatever the number of people."""
    tallies = JourneyTally.objects.filter(campaign_id=campaign_id, status=Journey.ACTIVE)
    return set(
        tallies.values("step").annotate(people=Sum("n")).filter(people__gt=0).values_list("step", flat=True)
    )


def _channels(campaign_id: int) -> dict[str, int]:
    """Kind of channel → the campaign's first channel of that kind."""
    found = Channel.objects.filter(campaign_id=campaign_id).order_by("-position", "-id")
    return dict(found.values_list("kind", "pk"))


def _values(campaign: Campaign, step: Step, following: Step | None, now: datetime) -> dict[str, Any]:
    return {
        "campaign": campaign.pk,
        "workspace": campaign.workspace_id,
        "zone": campaign.timezone,
        "step": step.key,
        "following": following.key if following else step.key,
        "interval": step.duration.interval if step.duration else None,
        "now": now,
    }


def move_sql(step: Step, following: Step | None) -> str:
    """The statement that takes a batch of people who are due over one step."""
    if step.type != MESSAGE:
        return f"""UPDATE campaigns_journey SET {_arrival(step, following)}
            WHERE ctid = ANY(ARRAY(SELECT place FROM ({_DUE}) AS due))"""
    # LATERAL … LIMIT: each person by key, even where the planner takes the table for an empty one. In the key's order,
    # which no other index has that holds the id: that of an empty table costs nothing to walk from end to end.
    return f"""
        WITH due AS MATERIALIZED ({_DUE}),
        written AS (
            INSERT INTO channels_delivery {LEDGER_COLUMNS}
            SELECT {ledger_values(run="entry", step="%(step)s")}
            FROM (SELECT due.person_id, due.entry, {skip_reason(step.channel, _COVERED)} AS why
                  FROM due CROSS JOIN LATERAL (
                      SELECT * FROM campaigns_person WHERE id BETWEEN due.person_id AND due.person_id
                      ORDER BY id LIMIT 1) p OFFSET 0) AS person
            ON CONFLICT (channel_id, run, step, person_id) DO NOTHING)
        UPDATE campaigns_journey SET {_arrival(step, following)}
        WHERE ctid = ANY(ARRAY(SELECT place FROM due))"""


def _arrival(step: Step, following: Step | None) -> str:
    """What a person's row says after the step: at the next one, finished, or exited."""
    if step.type == EXIT:
        return f"status = 'exited', reason = '{EXIT_STEP}', ended_at = %(now)s"
    if step.type == DELAY and following:
        # Counted from when they came here, not from when this is run: a late beat makes nobody later still.
        due = "due_at + %(interval)s::interval"
        if step.duration and step.duration.is_calendar:
            due = "(due_at AT TIME ZONE %(zone)s + %(interval)s::interval) AT TIME ZONE %(zone)s"
        return f"step = %(following)s, due_at = {due}"
    if following:
        return "step = %(following)s, due_at = %(now)s"
    return "status = 'finished', ended_at = %(now)s"


def _move(campaign: Campaign, sql: str, values: dict[str, Any]) -> int:
    """One batch in one transaction; 0 where nobody is due, another worker is at it, or the campaign has changed."""
    with only_worker("advance", campaign.pk) as cursor:
        if cursor is None:
            return 0
        cursor.execute(sql, values)
        moved = int(cursor.rowcount)
        # The version too: a workflow edited meanwhile would have led people elsewhere.
        if moved and not campaign_is(cursor, campaign.pk, _AS_READ, {"version": campaign.version}):
            keep_nothing()
            return 0
    return moved


def _leave_removed_steps(
    campaign: Campaign, removed: Iterable[str], now: datetime, batch: int, deadline: Deadline
) -> int:
    """People at a step that the workflow no longer has leave the journey, whenever they would have been due."""
    moved = 0
    for key in removed:
        values = {"campaign": campaign.pk, "step": key, "now": now, "batch": batch}
        moved += until_done(deadline, partial(_move, campaign, _LEAVE, values))
    return moved


_LEAVE = f"""UPDATE campaigns_journey SET status = 'exited', reason = '{STEP_REMOVED}', ended_at = %(now)s
    WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM campaigns_journey
        WHERE campaign_id = %(campaign)s AND step = %(step)s AND status = 'active'
        ORDER BY due_at LIMIT %(batch)s FOR UPDATE SKIP LOCKED))"""

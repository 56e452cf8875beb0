"""Marks conversions (seed 000, goals): the latest message that a person was sent in time, and the journey it belongs to.

What people do counts from the sending of that message on. Once per person and run (entry), whatever the kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from campaigns.domain.conditions import window_start
from campaigns.domain.goals import Goal
from campaigns.engine.audience import BY_INDEX
from campaigns.engine.conditions import compile_condition
from campaigns.engine.lookups import person_of
from campaigns.models import Campaign
from channels.models import Channel

#: Of a goal by events alone the events' own times decide, so that a worker that was down loses nobody for so long.
LATE = timedelta(days=1)


def mark_converted(cursor: Any, campaign: Campaign, goal: Goal, people: Sequence[int], now: datetime) -> int:
    """Those of the people who have reached the goal by now; answers how many were marked."""
    channels = list(Channel.objects.filter(campaign=campaign).values_list("pk", flat=True))
    if not channels:
        return 0
    met = compile_condition(goal.condition, campaign.workspace_id, now, prefix="goal", done_after=_SENT)
    since = window_start(goal.within, now)
    assert since is not None
    values = met.params | {
        "campaign": campaign.pk, "people": list(people), "now": now, "channels": channels,
        "since": since - LATE if goal.by_events else since, "within": goal.within.interval,
    }  # fmt: skip
    cursor.execute(convert_sql(met.sql("p"), goal, by_flow=campaign.kind == "flow"), values)
    return int(cursor.fetchone()[0])


#: When an event counts: after the message, as long as the goal says.
_SENT = "AND e.occurred_at > d.sent_at AND e.occurred_at <= d.sent_at + %(within)s::interval"


def convert_sql(met: str, goal: Goal, *, by_flow: bool) -> str:
    """The statement. Of several messages after which the goal was reached the latest counts, so none counts twice."""
    changed = "AND p.updated_at > d.sent_at" if goal.by_attributes else ""
    flow, same_flow = "''", ""
    if by_flow:
        flow = "split_part(d.step, ':', 1)"
        same_flow = "AND split_part(o.step, ':', 1) = d.flow"
    return f"""
        WITH latest AS MATERIALIZED (
            SELECT d.* FROM unnest(%(people)s::bigint[]) AS chosen (id)
            JOIN {person_of("chosen.id")}
            JOIN LATERAL (
                SELECT d.id, d.person_id, d.run, d.sent_at, {flow} AS flow FROM channels_delivery d
                WHERE d.person_id = p.id AND d.channel_id + 0 = ANY(%(channels)s) AND d.status || '' = 'sent'
                    AND d.sent_at > %(since)s AND d.sent_at <= %(now)s AND {met} {changed}
                ORDER BY d.sent_at DESC, d.id DESC LIMIT 1) d ON true
            WHERE NOT EXISTS (SELECT 1 FROM channels_delivery o
                    WHERE o.person_id = p.id AND o.channel_id + 0 = ANY(%(channels)s) AND o.run = d.run
                        AND o.converted_at IS NOT NULL {same_flow} {BY_INDEX})),
        marked AS (
            UPDATE channels_delivery d SET converted_at = %(now)s
            WHERE d.converted_at IS NULL AND d.id = ANY(ARRAY(SELECT id FROM latest))),
        reached AS (
            UPDATE campaigns_journey j SET converted_at = %(now)s
            FROM latest WHERE j.campaign_id = %(campaign)s AND j.person_id = latest.person_id
                AND j.flow = latest.flow AND j.entry = latest.run AND j.converted_at IS NULL)
        SELECT count(*) FROM latest"""

"""People of a set leave a workflow where they meet its exit criteria; others wake where what they wait for has come true.

Under the lock of whoever moves people on ("advance", see `hold_people`): a person is either still before a step or there
for everybody to see, with all ledger rows that the way there has made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from campaigns.domain.conditions import Condition
from campaigns.engine.audience import BY_INDEX
from campaigns.engine.conditions import compile_condition
from campaigns.engine.lookups import person_of
from campaigns.engine.routes import EXIT_CRITERIA
from campaigns.models import Campaign
from channels.models import Channel

# The people of the set, each by key, and what they are inside of. The status hidden, so that each is
# looked up by the person: else all active journeys of the campaign may be walked.
_INSIDE = f"""FROM unnest(%(people)s::bigint[]) AS chosen (id)
    JOIN {person_of("chosen.id")}
    JOIN LATERAL (
        SELECT j.id, j.person_id, j.entry, j.flow, j.step, j.due_at FROM campaigns_journey j
        WHERE j.campaign_id = %(campaign)s AND j.person_id = p.id AND j.status || '' = 'active' {BY_INDEX}) j ON true"""


def hold_people(cursor: Any, campaign_id: int) -> None:
    """Wait until nobody is moved in this campaign, and keep it so until the transaction ends."""
    cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('advance', %s))", [campaign_id])


def leave_met(
    cursor: Any, campaign: Campaign, leaving: Condition, people: Sequence[int], now: datetime
) -> int:
    """Those of the people who meet the exit criteria leave, unsent messages of their entry with them; how many."""
    met = compile_condition(leaving, campaign.workspace_id, now, prefix="leaving")
    channels = list(Channel.objects.filter(campaign=campaign).values_list("pk", flat=True))
    values = {"campaign": campaign.pk, "people": list(people), "now": now, "channels": channels}
    cursor.execute(leave_sql(met.sql("p")), values | met.params)
    return int(cursor.fetchone()[0])


def leave_sql(met: str) -> str:
    """The statement; steps of different flows may have the same entry, so the step's own flow is looked at."""
    return f"""
        WITH met AS MATERIALIZED (SELECT j.id, j.person_id, j.entry, j.flow {_INSIDE} WHERE {met}),
        gone AS (
            UPDATE campaigns_journey j SET status = 'exited', reason = '{EXIT_CRITERIA}', ended_at = %(now)s
            FROM met WHERE j.id = met.id AND j.status = 'active'),
        cancelled AS (
            UPDATE channels_delivery d SET status = 'cancelled', reason = '{EXIT_CRITERIA}', lease_until = NULL, fence = NULL
            WHERE d.status IN ('pending', 'drafted') AND d.id = ANY(ARRAY(
                SELECT u.id FROM met JOIN LATERAL (
                    SELECT u.id FROM channels_delivery u WHERE u.person_id = met.person_id
                        AND u.channel_id + 0 = ANY(%(channels)s) AND u.run = met.entry
                        AND (met.flow = '' OR starts_with(u.step, met.flow || ':'))
                        AND u.status || '' IN ('pending', 'drafted') {BY_INDEX}) u ON true)))
        SELECT count(*) FROM met"""


def wake_met(
    cursor: Any, campaign: Campaign, waits: Mapping[str, Condition], people: Sequence[int], now: datetime
) -> int:
    """Those of the people whose wait is over are due now; answers how many."""
    values: dict[str, Any] = {"campaign": campaign.pk, "people": list(people), "now": now}
    cases = []
    for number, (key, condition) in enumerate(waits.items()):
        met = compile_condition(condition, campaign.workspace_id, now, prefix=f"wait{number}x")
        values |= met.params | {f"step{number}": key}
        cases.append(f"WHEN %(step{number})s THEN {met.sql('p')}")
    cursor.execute(wake_sql(cases), values)
    return int(cursor.rowcount)


def wake_sql(cases: Sequence[str]) -> str:
    """The statement; a case for each step at which people wait."""
    return f"""
        UPDATE campaigns_journey w SET due_at = %(now)s
        WHERE w.status = 'active' AND w.due_at > %(now)s AND w.id = ANY(ARRAY(
            SELECT j.id {_INSIDE}
            WHERE j.due_at > %(now)s AND CASE j.step {" ".join(cases)} ELSE false END))"""

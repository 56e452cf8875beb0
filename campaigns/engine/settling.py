"""Which channels and campaigns have come to their end. Only answers; the gateway makes the transitions.

The counts are asked first, because they are cheap while a campaign runs; the ledger's own indexes confirm it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import connection

from campaigns.domain.deliveries import IN_RUNS, ONE_BY_ONE
from campaigns.engine.quiet import NOTHING_LEFT
from channels.domain.retries import REPORTED_WITHIN

MOST = 1_000
#: Kinds that complete by themselves when everything is processed.
_COMPLETING = ("sms", "voice", "message")

# CASE keeps the order: the ledger is looked at only where the counts say that it is worth it.
_QUIET = f"""(c.sweep = '' AND CASE WHEN coalesce((
        SELECT sum(t.n) FROM channels_tally t
        WHERE t.channel_id = c.id AND t.status IN ('pending', 'sending')), 0) = 0
    THEN {NOTHING_LEFT.format(channel="c.id")} ELSE false END)"""

# A channel that calls again whom it did not reach waits for the report of its last calls.
_UNREPORTED = f"""(c.kind = 'voice' AND c.content ->> 'retries' IS NOT NULL AND EXISTS (
        SELECT 1 FROM channels_call call WHERE call.channel_id = c.id AND call.outcome = ''
            AND call.called_at > %(now)s::timestamptz - interval '{REPORTED_WITHIN.total_seconds()} seconds'))"""

_DONE = f"(c.status = 'running' AND c.enrolled AND {_QUIET} AND NOT {_UNREPORTED})"

_CHANNELS = f"""
    SELECT c.id FROM channels_channel c JOIN campaigns_campaign k ON k.id = c.campaign_id
    WHERE c.status = 'running' AND k.kind = 'outreach' AND k.deleted_at IS NULL {{only}} AND {_DONE}
    ORDER BY c.id LIMIT %(most)s"""

_ENDLESS = ", ".join(f"'{name}'" for name in ONE_BY_ONE)
_RUNS = ", ".join(f"'{name}'" for name in IN_RUNS)

# Whoever follows people one by one never completes; what goes out in runs does when no run is left.
_COMPLETE = f"""
    SELECT k.id FROM campaigns_campaign k
    WHERE k.status = 'running' AND k.kind = ANY(%(kinds)s) AND k.deleted_at IS NULL {{only}}
        AND coalesce(k.delivery ->> 'type', '') NOT IN ({_ENDLESS}, {_RUNS})
        AND EXISTS (SELECT 1 FROM channels_channel c WHERE c.campaign_id = k.id)
        AND NOT EXISTS (
            SELECT 1 FROM channels_channel c
            WHERE c.campaign_id = k.id AND c.status NOT IN ('completed', 'stopped') AND NOT {_DONE})
    ORDER BY k.id LIMIT %(most)s"""

# A channel that was added meanwhile begins with the next run.
_RUN_ENDS = _COMPLETE.replace(f"NOT IN ({_ENDLESS}, {_RUNS})", f"IN ({_RUNS})").replace(
    "('completed', 'stopped')", "('completed', 'stopped', 'ready')"
)

_SETTLE = f"""
    SELECT k.id FROM campaigns_campaign k
    WHERE k.status = 'stopping' AND k.deleted_at IS NULL AND k.sweep = '' {{only}}
        AND CASE WHEN coalesce((
            SELECT sum(t.n) FROM campaigns_journeytally t WHERE t.campaign_id = k.id AND t.status = 'active'), 0) = 0
        THEN (SELECT j.id FROM campaigns_journey j WHERE j.campaign_id = k.id AND j.status = 'active'
              ORDER BY j.campaign_id, j.step, j.due_at LIMIT 1) IS NULL
        ELSE false END
        AND NOT EXISTS (SELECT 1 FROM channels_channel c WHERE c.campaign_id = k.id AND NOT {_QUIET})
    ORDER BY k.id LIMIT %(most)s"""


def ready_channels(now: datetime, only: int | None = None) -> list[int]:
    """Running channels of outreach campaigns that have worked through their whole contact list (seed 003, Completed).

    ``only`` asks about one of them, as the other two do about one campaign: once more, under its lock.
    """
    return _ids(_CHANNELS, "c", only, {"now": now})


def ready_to_complete(now: datetime, only: int | None = None) -> list[int]:
    """Running blasts and messages all of whose channels have nothing left to do, and that go out only once."""
    return _ids(_COMPLETE, "k", only, {"kinds": list(_COMPLETING), "now": now})


def ready_to_end_run(now: datetime, only: int | None = None) -> list[int]:
    """Running messages whose present run has nothing left to do."""
    return _ids(_RUN_ENDS, "k", only, {"kinds": ["message"], "now": now})


def ready_to_settle(now: datetime, only: int | None = None) -> list[int]:
    """Stopping journeys that the last person has finished and whose last message has been handed over (seed 000)."""
    return _ids(_SETTLE, "k", only, {})


def _ids(sql: str, table: str, only: int | None, values: Mapping[str, Any]) -> list[int]:
    condition = f"AND {table}.id = %(only)s" if only is not None else ""
    with connection.cursor() as cursor:
        cursor.execute(sql.format(only=condition), {"most": MOST, "only": only, **values})
        return [pk for (pk,) in cursor.fetchall()]

"""The log of calls, and calling again whom a call did not reach (domain/retries.py says whom, and when).

A report is about one call, by the id that the provider gave it. Only one about the latest call of a row may queue the
row again, once; what comes late or twice about an earlier call is written down, and nobody is called for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from channels.domain import states as s
from channels.domain.receipts import EFFECTS
from channels.domain.retries import read_retries
from channels.engine.claiming import Gate
from channels.engine.recording import Result

#: No row is ever called again more often, whatever its outcomes are in turn.
MOST_REDIALS = 15
_OUTCOMES = {outcome: EFFECTS[outcome].fails for outcome, _ in s.CALL_CHOICES}
#: Statuses of a channel in which a call may still be placed again: now, or once it goes on.
_OPEN = (s.RUNNING, s.PAUSED, s.ERRORED)

_PLACED = """
INSERT INTO channels_call (delivery_id, channel_id, number, provider_id, outcome, detail, called_at)
SELECT delivery, %(channel)s, number, provider_id, '', '', %(now)s
FROM json_to_recordset(%(calls)s::json) AS placed (delivery bigint, number int, provider_id text)
ON CONFLICT (delivery_id, number) DO UPDATE SET provider_id = excluded.provider_id, called_at = excluded.called_at
"""
# Of several outcomes the highest is kept, as the ledger does. A call that was in doubt is logged by its first report.
_REPORTED = """
WITH told AS (
    SELECT DISTINCT ON (delivery, number) delivery, number, kind, detail, provider_id, at
    FROM json_to_recordset(%(reports)s::json) AS report (
        delivery bigint, number int, kind text, rank int, detail text, provider_id text, at timestamptz)
    ORDER BY delivery, number, rank DESC, detail
)
INSERT INTO channels_call AS log (delivery_id, channel_id, number, provider_id, outcome, detail, called_at, reported_at)
SELECT ledger.id, ledger.channel_id, coalesce(told.number, ledger.redials + 1), told.provider_id, told.kind, told.detail,
    coalesce(ledger.sent_at, told.at), told.at
FROM told JOIN channels_delivery AS ledger ON ledger.id = told.delivery
WHERE ledger.id = ANY(%(ids)s)
ON CONFLICT (delivery_id, number) DO UPDATE
SET outcome = excluded.outcome, detail = excluded.detail, reported_at = excluded.reported_at
WHERE coalesce((%(ranks)s::jsonb ->> log.outcome)::int, -1) < (%(ranks)s::jsonb ->> excluded.outcome)::int
"""
_RULES = (
    "SELECT id, content FROM channels_channel WHERE id = ANY(%s) AND status = ANY(%s) ORDER BY id FOR SHARE"
)
_AGAIN = """
WITH queued AS (
    UPDATE channels_delivery AS ledger
    SET status = 'pending', reason = '', detail = '', provider_id = '', sent_at = NULL, fence = NULL, attempt = 0,
        redials = ledger.redials + 1, due_at = %(now)s::timestamptz + rule.seconds * interval '1 second'
    FROM json_to_recordset(%(rules)s::json) AS rule (channel bigint, outcome text, times int, seconds float8)
    WHERE ledger.id = ANY(%(ids)s) AND ledger.channel_id = rule.channel AND ledger.reason = rule.outcome
      AND ledger.status = 'failed' AND ledger.delivered_at IS NULL AND ledger.redials < %(most)s
      AND rule.times > (SELECT count(*) FROM channels_call AS log WHERE log.delivery_id = ledger.id
                        AND log.outcome = rule.outcome AND log.again_at IS NOT NULL)
    RETURNING ledger.id, ledger.redials, ledger.due_at
)
UPDATE channels_call AS log SET again_at = queued.due_at
FROM queued WHERE log.delivery_id = queued.id AND log.number = queued.redials
"""
# Somebody did answer an earlier call: the row ends as it would have if that had been told in time.
_ANSWERED = """
WITH told AS (
    SELECT delivery, min(at) AS at FROM json_to_recordset(%(reports)s::json) AS report (delivery bigint, at timestamptz)
    GROUP BY delivery
), ended AS (
    UPDATE channels_delivery AS ledger
    SET delivered_at = least(ledger.delivered_at, told.at),
        status = CASE WHEN ledger.status = 'pending' THEN 'failed' ELSE ledger.status END,
        reason = CASE WHEN ledger.status = 'pending' THEN log.outcome ELSE ledger.reason END,
        detail = CASE WHEN ledger.status = 'pending' THEN log.detail ELSE ledger.detail END,
        provider_id = CASE WHEN ledger.status = 'pending' THEN log.provider_id ELSE ledger.provider_id END,
        sent_at = CASE WHEN ledger.status = 'pending' THEN log.called_at ELSE ledger.sent_at END,
        redials = ledger.redials - CASE WHEN ledger.status = 'pending' THEN 1 ELSE 0 END
    FROM told, channels_call AS log
    WHERE ledger.id = ANY(%(ids)s) AND ledger.id = told.delivery AND log.delivery_id = ledger.id
      AND log.number = ledger.redials AND ledger.status IN ('pending', 'sent', 'failed', 'unknown')
    RETURNING ledger.id, ledger.redials
)
UPDATE channels_call AS log SET again_at = NULL
FROM ended WHERE log.delivery_id = ended.id AND log.number = ended.redials + 1
"""


def log_placed(channel_id: int, results: Sequence[Result], recorded: set[int], gate: Gate) -> None:
    """Write down the calls that the provider has taken over, in the transaction that records them as sent."""
    placed = [
        {"delivery": r.row.id, "number": r.row.redials + 1, "provider_id": r.provider_id[:200]}
        for r in results
        if r.status == s.SENT and r.row.id in recorded
    ]
    if placed:
        _run(_PLACED, {"channel": channel_id, "now": gate.now, "calls": json.dumps(placed)})


def keep_from_stopping(channel_ids: Iterable[int]) -> dict[int, Mapping[str, Any]]:
    """The contents of those channels that may call again; a stop waits until this transaction has ended.

    Asked before any row is changed: channels are always locked before their rows.
    """
    ids = sorted(set(channel_ids))
    if not ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_RULES, [ids, list(_OPEN)])
        return {pk: _content(content) for pk, content in cursor.fetchall()}


def _content(stored: Any) -> Mapping[str, Any]:
    return json.loads(stored) if isinstance(stored, str) else stored


def log_reported(
    reports: Sequence[Mapping[str, Any]], contents: Mapping[int, Mapping[str, Any]], now: datetime
) -> None:
    """Write down how calls ended, and queue again whom they did not reach.

    A report is ``{"delivery", "number", "kind", "detail", "provider_id", "at"}``; ``number`` is None of the latest call.
    """
    told = [{**r, "rank": _OUTCOMES[r["kind"]]} for r in reports if r["kind"] in _OUTCOMES]
    if not told:
        return
    values = {"reports": json.dumps(told), "ids": sorted({r["delivery"] for r in told}), "now": now}
    _run(_REPORTED, {**values, "ranks": json.dumps(_OUTCOMES)})
    late = [r for r in told if r["kind"] == s.ANSWERED and r["number"] is not None]
    if late:
        ids = sorted({r["delivery"] for r in late})
        _run(_ANSWERED, {"reports": json.dumps(late), "ids": ids})
    rules = [
        {"channel": pk, "outcome": r.outcome, "times": r.times, "seconds": r.after.total_seconds()}
        for pk, content in contents.items()
        for r in read_retries(content)
    ]
    latest = sorted({r["delivery"] for r in told if r["number"] is None})
    if rules and latest:
        again = {"rules": json.dumps(rules), "ids": latest, "now": now, "most": MOST_REDIALS}
        _run(_AGAIN, again)


def _run(sql: str, values: Mapping[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)

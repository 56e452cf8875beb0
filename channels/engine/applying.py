"""Applying what was reported to the ledger: batch by batch, each a handful of statements in one transaction.

Every change is a minimum or a maximum over all reports, so that their order and number do not matter.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection, transaction

from channels.domain.receipts import EFFECTS, GIVE_UP_AFTER, KEPT, SUPPRESSION_RANKS, retry_after
from channels.engine.calls import keep_from_stopping, log_reported
from channels.engine.suppressing import suppress_reported

BATCH = 1000
#: One worker applies at a time: two would lock the same rows in different orders.
_LOCK = 0x53 << 48

_PICK = """
SELECT id, delivery_id, kind, permanent, address, connection_id, bot, at, detail, provider_id, tries, received_at
FROM channels_receivedevent WHERE due_at <= %s ORDER BY due_at, id LIMIT %s FOR UPDATE SKIP LOCKED
"""
# By the key that we gave the provider, else by the id that the provider gave us; only within the workspace of the
# connection that the report came through. A row that is still being sent is recorded in a moment. Whoever is called
# again has another id since: what is told of an earlier call is found by the log.
_MATCH = """
SELECT event.id, delivery.id, channel.id, channel.kind, campaign.workspace_id, delivery.call
FROM channels_receivedevent AS event
JOIN LATERAL (
    SELECT own.id, own.channel_id, own.status, NULL::int AS call FROM channels_delivery AS own
    WHERE own.id = event.delivery_id AND (event.connection_id IS NULL OR own.provider_id = event.provider_id
        OR own.provider_id = '' AND (own.redials = 0 OR event.provider_id LIKE '%%r' || own.redials))
    UNION ALL
    SELECT theirs.id, theirs.channel_id, theirs.status, NULL FROM channels_delivery AS theirs
    WHERE event.delivery_id IS NULL AND theirs.provider_id = event.provider_id AND theirs.provider_id <> ''
    UNION ALL
    SELECT ledger.id, ledger.channel_id, ledger.status, log.number FROM channels_call AS log
    JOIN channels_delivery AS ledger ON ledger.id = log.delivery_id AND log.number <= ledger.redials
    WHERE log.provider_id = event.provider_id AND log.provider_id <> ''
) AS delivery ON true
JOIN channels_channel AS channel ON channel.id = delivery.channel_id
JOIN campaigns_campaign AS campaign ON campaign.id = channel.campaign_id
LEFT JOIN channels_connection AS account ON account.id = event.connection_id
WHERE event.id = ANY(%s) AND (delivery.status NOT IN ('pending', 'sending')
    OR delivery.status = 'pending' AND delivery.call IS NOT NULL)
  AND (event.connection_id IS NULL OR campaign.workspace_id = account.workspace_id)
ORDER BY delivery.id
"""
# The ids stand once more beside the reports, so that rows are found by them whatever the planner thinks of their number.
# The earliest time of each kind; of the reasons to fail the highest, of equal ones the first in the alphabet.
_APPLY = """
WITH reported AS (
    SELECT delivery, min(at) AS first, min(at) FILTER (WHERE marks = 'delivered_at') AS delivered,
        min(at) FILTER (WHERE marks = 'opened_at') AS opened, min(at) FILTER (WHERE marks = 'clicked_at') AS clicked,
        max(fails) AS fails
    FROM json_to_recordset(%(events)s::json)
        AS event (delivery bigint, at timestamptz, marks text, fails int, kind text, detail text)
    GROUP BY delivery
), worst AS (
    SELECT DISTINCT ON (delivery) delivery, kind, detail
    FROM json_to_recordset(%(events)s::json) AS event (delivery bigint, fails int, kind text, detail text)
    WHERE fails > 0 ORDER BY delivery, fails DESC, detail
)
UPDATE channels_delivery AS ledger
SET delivered_at = least(ledger.delivered_at, reported.delivered), opened_at = least(ledger.opened_at, reported.opened),
    clicked_at = least(ledger.clicked_at, reported.clicked), sent_at = least(ledger.sent_at, reported.first),
    status = CASE WHEN reported.fails > 0 THEN 'failed' WHEN ledger.status = 'unknown' THEN 'sent' ELSE ledger.status END,
    reason = CASE WHEN reported.fails > ranks.now THEN worst.kind
                  WHEN ledger.status = 'unknown' THEN '' ELSE ledger.reason END,
    detail = CASE WHEN reported.fails > ranks.now THEN worst.detail
                  WHEN reported.fails = ranks.now AND reported.fails > 0 THEN least(ledger.detail, worst.detail)
                  ELSE ledger.detail END
FROM reported
LEFT JOIN worst USING (delivery)
JOIN LATERAL (
    SELECT coalesce((%(ranks)s::jsonb ->> before.reason)::int, 0) AS now FROM channels_delivery before
    WHERE before.id = reported.delivery AND before.status = 'failed'
    UNION ALL SELECT 0 LIMIT 1
) AS ranks ON true
WHERE ledger.id = ANY(%(ids)s) AND ledger.id = reported.delivery AND (
    ledger.status IN ('sent', 'unknown') OR ledger.status = 'failed' AND %(ranks)s::jsonb ? ledger.reason)
"""
_SETTLE = """
UPDATE channels_receivedevent AS event
SET delivery_id = found.delivery, channel_id = found.channel, state = found.state, due_at = found.due_at,
    tries = event.tries + 1, bot = found.bot
FROM json_to_recordset(%s::json) AS found (
    id bigint, delivery bigint, channel bigint, state text, due_at timestamptz, bot bool)
WHERE event.id = ANY(%s) AND event.id = found.id
"""
_FAILING = {kind: effect.fails for kind, effect in EFFECTS.items() if effect.fails}


class Event(NamedTuple):
    """A stored report."""

    id: int
    delivery_id: int | None
    kind: str
    permanent: bool
    address: str
    connection_id: int | None
    bot: bool
    at: datetime
    detail: str
    provider_id: str
    tries: int
    received_at: datetime


class Match(NamedTuple):
    """The message that a report is about."""

    delivery: int
    channel: int
    channel_kind: str
    workspace: int
    call: int | None
    """The number of an earlier call of the row; None where it is about the latest message."""


def apply_received(now: datetime, *, batch: int = BATCH) -> dict[str, int]:
    """Apply everything that is due: ``{"applied", "waiting", "unmatched"}``."""
    done = {"applied": 0, "waiting": 0, "unmatched": 0}
    while True:
        with transaction.atomic():
            events = _pick(now, batch)
            if events:
                _apply_batch(events, now, done)
        if len(events) < batch:
            return done


def forget_received(now: datetime) -> int:
    """Remove reports so old that none of them comes again."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM channels_receivedevent WHERE received_at < %s AND due_at IS NULL", [now - KEPT]
        )
        return cursor.rowcount


def go_by_indexes() -> None:
    """For the rest of this transaction, one probe of an index for each report.

    Until the ledger is analysed the planner takes every row for one without a provider's id, and would read them all.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config(name, 'off', true) FROM unnest(%s::text[]) AS name",
            [["enable_seqscan", "enable_hashjoin", "enable_mergejoin"]],
        )


def _pick(now: datetime, batch: int) -> list[Event]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return []
        go_by_indexes()
        cursor.execute(_PICK, [now, batch])
        return list(map(Event._make, cursor.fetchall()))


def _apply_batch(events: Sequence[Event], now: datetime, done: dict[str, int]) -> None:
    matches = _match(events)
    bots = _bots(events)
    contents = keep_from_stopping(m.channel for m in matches.values() if m.channel_kind == "voice")
    _mark_rows(events, {pk: match for pk, match in matches.items() if match.call is None}, bots)
    log_reported(_calls(events, matches), contents, now)
    suppress_reported(
        [(event, matches.get(event.id)) for event in events if EFFECTS[event.kind].suppresses], now
    )
    settled = [_settled(event, matches.get(event.id), event.id in bots, now) for event in events]
    for row in settled:
        done[row["state"]] += 1
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE, [json.dumps(settled), [event.id for event in events]])


def _match(events: Sequence[Event]) -> dict[int, Match]:
    with connection.cursor() as cursor:
        cursor.execute(_MATCH, [[event.id for event in events]])
        return {event_id: Match(*rest) for event_id, *rest in cursor.fetchall()}


# Somebody reads before they follow a second link; whoever follows all of them within two seconds is a program.
_HURRIED = """
SELECT clicked.id
FROM channels_receivedevent AS clicked
WHERE clicked.id = ANY(%s) AND clicked.kind = 'clicked' AND clicked.link <> '' AND (
    SELECT count(DISTINCT near.link) FROM channels_receivedevent AS near
    WHERE near.delivery_id = clicked.delivery_id AND near.kind = 'clicked'
      AND near.at BETWEEN clicked.at - interval '2 seconds' AND clicked.at + interval '2 seconds'
) >= greatest(2, (
    SELECT count(*) FROM channels_link AS link JOIN channels_delivery AS delivery ON delivery.channel_id = link.channel_id
    WHERE delivery.id = clicked.delivery_id))
"""


def _bots(events: Sequence[Event]) -> set[int]:
    """Which of the opens and clicks were no person's."""
    known = {event.id for event in events if event.bot}
    clicks = [event.id for event in events if event.kind == "clicked" and event.connection_id is None]
    if not clicks:
        return known
    with connection.cursor() as cursor:
        cursor.execute(_HURRIED, [clicks])
        return known | {event_id for (event_id,) in cursor.fetchall()}


def _mark_rows(events: Sequence[Event], matches: dict[int, Match], bots: set[int]) -> None:
    rows = [
        {
            "delivery": matches[event.id].delivery,
            "at": event.at.isoformat(),
            # A program that opens a message shows that it has arrived, but not that anybody has seen it.
            "marks": "" if event.id in bots else EFFECTS[event.kind].marks,
            "fails": EFFECTS[event.kind].fails,
            "kind": event.kind,
            "detail": event.detail,
        }
        for event in events
        if event.id in matches
    ]
    if rows:
        ids = sorted({match.delivery for match in matches.values()})
        values: dict[str, Any] = {"events": json.dumps(rows), "ranks": json.dumps(_FAILING), "ids": ids}
        with connection.cursor() as cursor:
            cursor.execute(_APPLY, values)


def _calls(events: Sequence[Event], matches: dict[int, Match]) -> list[dict[str, Any]]:
    """What was told of calls."""
    return [
        {
            "delivery": match.delivery, "number": match.call, "kind": event.kind, "detail": event.detail,
            "provider_id": event.provider_id, "at": event.at.isoformat(),
        }
        for event in events
        if (match := matches.get(event.id)) and match.channel_kind == "voice"
    ]  # fmt: skip


def _settled(event: Event, match: Match | None, bot: bool, now: datetime) -> dict[str, Any]:
    """What becomes of the stored report itself."""
    state, due_at = "applied", None
    if match is None and (event.provider_id or event.delivery_id or not event.address):
        due_at = now + retry_after(event.tries)
        state = "waiting" if due_at <= event.received_at + GIVE_UP_AFTER else "unmatched"
    return {
        "id": event.id,
        "delivery": match.delivery if match else event.delivery_id,
        "channel": match.channel if match else None,
        "state": state,
        "due_at": due_at.isoformat() if due_at and state == "waiting" else None,
        "bot": bot,
    }


assert set(SUPPRESSION_RANKS) >= {effect.suppresses for effect in EFFECTS.values() if effect.suppresses}

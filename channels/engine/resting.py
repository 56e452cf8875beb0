"""Quiet hours at the claim: whoever may not be contacted now waits for their next allowed moment.

One statement moves a whole group, so that a claim never meets the same people again before it is their time.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from channels.domain.hours import Hours
from channels.engine.claiming import Claimed

#: So many rows are moved at once, beside those that were claimed.
GROUP = 5_000

# An hour that never comes is no reason to wait for ever: such a row is skipped, and says why.
_PUT_BACK = """
UPDATE channels_delivery AS delivery
SET status = CASE WHEN moved.at IS NULL THEN 'skipped' ELSE 'pending' END,
    reason = CASE WHEN moved.at IS NULL THEN 'no_hour' ELSE delivery.reason END,
    due_at = coalesce(moved.at, delivery.due_at), attempt = delivery.attempt - 1, lease_until = NULL
FROM json_to_recordset(%(rows)s::json) AS moved (id bigint, at timestamptz)
WHERE delivery.id = ANY(%(ids)s) AND delivery.id = moved.id
"""
_MOVE = """
WITH picked AS MATERIALIZED (
    SELECT delivery.id, person.timezone FROM channels_delivery AS delivery
    JOIN campaigns_person AS person ON person.id = delivery.person_id
    WHERE delivery.channel_id = %(channel)s AND delivery.status = 'pending' AND delivery.due_at <= %(now)s
    ORDER BY delivery.due_at, delivery.id LIMIT %(group)s FOR UPDATE OF delivery SKIP LOCKED
)
UPDATE channels_delivery AS delivery
SET status = CASE WHEN asleep.at IS NULL THEN 'skipped' ELSE 'pending' END,
    reason = CASE WHEN asleep.at IS NULL THEN 'no_hour' ELSE delivery.reason END,
    due_at = coalesce(asleep.at, delivery.due_at)
FROM picked JOIN json_to_recordset(%(asleep)s::json) AS asleep (timezone text, at timestamptz) USING (timezone)
WHERE delivery.id = picked.id
"""


def let_rest(
    channel_id: int, hours: Hours, home_zone: str, rows: Sequence[Claimed], now: datetime
) -> list[Claimed]:
    """Those of the claimed rows whose people may be contacted now; the others, and those like them, are put off."""
    zones = {row.timezone or "" for row in rows}
    moments = {zone: hours.next_allowed(now, zone, home_zone) for zone in zones}
    asleep = {zone: at for zone, at in moments.items() if at != now}
    if not asleep:
        return list(rows)
    resting = [row for row in rows if (row.timezone or "") in asleep]
    put_back = [{"id": row.id, "at": _text(asleep[row.timezone or ""])} for row in resting]
    places = [{"timezone": zone, "at": _text(at)} for zone, at in asleep.items()]
    with connection.cursor() as cursor:
        cursor.execute(_PUT_BACK, {"rows": json.dumps(put_back), "ids": [row.id for row in resting]})
        cursor.execute(
            _MOVE, {"channel": channel_id, "now": now, "group": GROUP, "asleep": json.dumps(places)}
        )
    return [row for row in rows if (row.timezone or "") not in asleep]


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None

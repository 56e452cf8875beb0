"""What strategies planned (python campaigns), read for the rows that were just claimed; and who has to wait for a window."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from channels.engine.claiming import Claimed, Plan

#: What waits for its next window is out of the way for so long; until then the campaign's engine finds that window.
SET_ASIDE = timedelta(minutes=2)

_PLANS = """
SELECT delivery_id, stage, subject, body, values::text, coalesce(window_ends <= %(now)s, false)
FROM channels_plannedmessage WHERE delivery_id = ANY(%(ids)s)
"""
_PUT_BACK = """
UPDATE channels_delivery SET status = 'pending', attempt = attempt - 1, lease_until = NULL, due_at = %(until)s
WHERE id = ANY(%(ids)s)
"""


def in_their_windows(rows: Sequence[Claimed], now: datetime) -> list[Claimed]:
    """The claimed rows with their plans, without those whose window has ended and who wait for the next: put back."""
    with connection.cursor() as cursor:
        cursor.execute(_PLANS, {"ids": [row.id for row in rows], "now": now})
        found = {pk: rest for pk, *rest in cursor.fetchall()}
        aside = {pk for pk, (*_, waits) in found.items() if waits}
        if aside:
            cursor.execute(_PUT_BACK, {"ids": list(aside), "until": now + SET_ASIDE})
    return [row._replace(plan=_plan(found.get(row.id))) for row in rows if row.id not in aside]


def _plan(found: list[Any] | None) -> Plan | None:
    if found is None:
        return None
    stage, subject, body, values, _ = found
    return Plan(stage, subject, body, json.loads(values))

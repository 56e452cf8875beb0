"""After an edit of a workflow, whoever waits for a condition or a window is looked at again; and who waits without a limit.

An edit leaves the campaign's ``sweep``; the next call that moves people begins with this, and nobody moves before it is
done: whoever fell asleep again meanwhile would be woken for ever.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection

from campaigns.domain.programs import programs_of
from campaigns.domain.steps import WAIT_UNTIL, WINDOW
from campaigns.models import Campaign

#: What the campaign's ``sweep`` is until then.
RECHECK = "recheck"

_WAKE = """UPDATE campaigns_journey SET due_at = %(now)s
    WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM campaigns_journey
        WHERE campaign_id = %(campaign)s AND step = %(step)s AND status = 'active' AND due_at > %(now)s
        ORDER BY due_at LIMIT %(batch)s FOR UPDATE SKIP LOCKED))"""

_DONE = """UPDATE campaigns_campaign SET sweep = ''
    WHERE id = %(campaign)s AND sweep = 'recheck' AND version = %(version)s AND NOT EXISTS (
        SELECT 1 FROM campaigns_journey WHERE campaign_id = %(campaign)s AND step = ANY(%(steps)s)
            AND status = 'active' AND due_at > %(now)s)"""

_WITHOUT_LIMIT = """SELECT count(*) FROM campaigns_journey
    WHERE campaign_id = %(campaign)s AND step = ANY(%(steps)s) AND status = 'active' AND until IS NULL"""


def look_again(campaign: Campaign, now: datetime, batch: int, cursor: Any) -> int:
    """A batch of those who wait is due now; 0 when that is so of everybody, which is then noted."""
    steps = _steps(campaign, (WAIT_UNTIL, WINDOW))
    values = {
        "campaign": campaign.pk,
        "version": campaign.version,
        "now": now,
        "batch": batch,
        "steps": steps,
    }
    for step in steps:
        cursor.execute(_WAKE, values | {"step": step})
        if cursor.rowcount:
            return int(cursor.rowcount)
    cursor.execute(_DONE, values)
    return 0


def waiting_without_limit(campaign: Campaign) -> int:
    """How many people wait for a condition that they never give up."""
    steps = _steps(campaign, (WAIT_UNTIL,))
    if not steps:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_WITHOUT_LIMIT, {"campaign": campaign.pk, "steps": steps})
        return int(cursor.fetchone()[0])


def _steps(campaign: Campaign, types: Iterable[str]) -> list[str]:
    return [
        key
        for program in programs_of(campaign)
        for key, node in program.graph().items()
        if node.step.type in types
    ]

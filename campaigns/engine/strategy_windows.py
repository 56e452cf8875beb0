"""What was planned for no certain time and has missed the end of its window moves to the next window, zone by zone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from campaigns.domain.planned_times import next_window, read_windows
from campaigns.domain.windows import Window
from campaigns.engine.batches import Deadline, campaign_is, keep_nothing, only_worker, until_done
from campaigns.engine.lookups import person_of
from campaigns.models import Campaign
from channels.models import Channel

BATCH = 5_000
#: Further than the sender sets aside what it meets (channels/engine/planned.py).
_ASIDE = timedelta(minutes=5)

# In the claim index's order; the probe of the plan is by its primary key.
_MISSED = f"""
    SELECT d.id, p.timezone FROM channels_delivery d
    CROSS JOIN LATERAL (
        SELECT 1 FROM channels_plannedmessage m WHERE m.delivery_id = d.id AND m.window_ends <= %(now)s
        ORDER BY m.delivery_id LIMIT 1) m
    LEFT JOIN {person_of("d.person_id", "timezone")}
    WHERE d.channel_id = %(channel)s AND d.status = 'pending' AND d.due_at <= %(soon)s
    ORDER BY d.due_at, d.id LIMIT %(batch)s FOR UPDATE OF d SKIP LOCKED"""
_MOVE = """
    WITH moved AS MATERIALIZED (
        SELECT * FROM json_to_recordset(%(rows)s::json) AS r (id bigint, due_at timestamptz, ends timestamptz)),
    planned AS (
        UPDATE channels_plannedmessage m SET window_ends = moved.ends FROM moved WHERE m.delivery_id = moved.id)
    UPDATE channels_delivery d SET due_at = moved.due_at FROM moved WHERE d.id = moved.id"""


def move_to_next_window(campaign: Campaign, now: datetime, deadline: Deadline) -> int:
    """Everything of the campaign that waits behind a window that is over; answers how many rows moved."""
    windows = read_windows(campaign.windows)
    if not windows:
        return 0
    moved = 0
    for channel_id in Channel.objects.filter(campaign=campaign).values_list("pk", flat=True):
        moved += until_done(deadline, partial(_batch, campaign, channel_id, windows, now))
    return moved


def _batch(campaign: Campaign, channel_id: int, windows: Sequence[Window], now: datetime) -> int:
    with only_worker("strategy-windows", campaign.pk) as cursor:
        if cursor is None:
            return 0
        values = {"channel": channel_id, "now": now, "soon": now + _ASIDE, "batch": BATCH}
        cursor.execute(_MISSED, values)
        found = cursor.fetchall()
        if not found:
            return 0
        cursor.execute(_MOVE, {"rows": json.dumps(_placed(found, campaign, windows, now))})
        if not campaign_is(cursor, campaign.pk, "status = 'running' AND deleted_at IS NULL"):
            keep_nothing()
            return 0
    return len(found)


def _placed(
    found: Sequence[Any], campaign: Campaign, windows: Sequence[Window], now: datetime
) -> list[dict[str, Any]]:
    spans = {zone: next_window(windows, zone or "", campaign.timezone, now) for _, zone in found}
    rows = []
    for pk, zone in found:
        span = spans[zone]
        assert span is not None  # there are windows
        rows.append({"id": pk, "due_at": span[0].isoformat(), "ends": span[1].isoformat()})
    return rows

"""Recovery: what a worker had in its hands when it died."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction

from channels.engine.lines import CannotSend, open_settings, own_provider
from channels.models import Channel

BATCH = 1000

_LOST = """
SELECT id, channel_id FROM channels_delivery
WHERE status = 'sending' AND lease_until < clock_timestamp()
ORDER BY lease_until LIMIT %s FOR UPDATE SKIP LOCKED
"""
_DOUBT = """
UPDATE channels_delivery SET status = 'unknown', reason = 'lost_worker', lease_until = NULL WHERE id = ANY(%s)
"""
# Of a stopped channel the sweep may have passed already, so its rows are cancelled here. Locking the channel's row
# makes a stop that happens just now wait, and then find these rows pending.
_QUEUE_AGAIN = """
WITH state AS (
    SELECT id, status, coalesce(nullif(sweep_reason, ''), 'stopped') AS stop_reason
    FROM channels_channel WHERE id = ANY(%(channels)s) FOR SHARE
)
UPDATE channels_delivery AS delivery
SET status = CASE state.status WHEN 'stopped' THEN 'cancelled' ELSE 'pending' END,
    reason = CASE state.status WHEN 'stopped' THEN state.stop_reason ELSE '' END,
    lease_until = NULL
FROM state WHERE state.id = delivery.channel_id AND delivery.id = ANY(%(ids)s)
"""


def recover_expired(now: datetime) -> dict[str, int]:
    """Rows whose lease has run out: in doubt, or queued again where a repeated call does no harm.

    Answers ``{"unknown": n, "requeued": n}``. Leases are by the database's clock; ``now`` is there for the shape of a
    duty only. A worker that was merely slow still records what really happened, unless the row was claimed anew.
    """
    done = {"unknown": 0, "requeued": 0}
    repeatable: dict[int, bool] = {}
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_LOST, [BATCH])
            lost = cursor.fetchall()
            for channel_id in {channel_id for _, channel_id in lost} - repeatable.keys():
                repeatable[channel_id] = may_repeat(channel_id)
            again = [pk for pk, channel_id in lost if repeatable[channel_id]]
            doubt = [pk for pk, channel_id in lost if not repeatable[channel_id]]
            if doubt:
                cursor.execute(_DOUBT, [doubt])
                done["unknown"] += cursor.rowcount
            if again:
                channels = [channel_id for channel_id, repeats in repeatable.items() if repeats]
                cursor.execute(_QUEUE_AGAIN, {"channels": channels, "ids": again})
                done["requeued"] += cursor.rowcount
        if len(lost) < BATCH:
            return done


def may_repeat(channel_id: int) -> bool:
    """Whether the channel's provider recognises a repeated message, so that nobody gets it twice."""
    channel = Channel.objects.filter(pk=channel_id).select_related("connection").first()
    if channel is None:
        return False
    try:
        if channel.connection is None:
            provider, options = own_provider(channel.kind)
        else:
            provider, options = open_settings(channel.connection)
    except CannotSend:
        return False
    return provider.deduplicates(options)

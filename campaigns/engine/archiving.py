"""The six-month rule in one statement. Called by the gateway alone: this is its set-based form."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection

from campaigns.domain.lifecycles import BY_KIND
from campaigns.domain.states import RESTING
from campaigns.engine.batches import go_by_index

REASON = "Archived by itself six months after its last active date."

_ARCHIVE = """
    WITH due AS MATERIALIZED (
        SELECT ctid AS place, id, status FROM campaigns_campaign
        WHERE status = ANY(%(resting)s) AND archive_due_at IS NOT NULL AND archive_due_at <= %(now)s
            AND deleted_at IS NULL AND (stops_at IS NULL OR stops_at < %(now)s)
            AND (starts_at IS NULL OR starts_at <= %(now)s - make_interval(hours => coalesce((
                SELECT least(p.grace_hours, 87600) FROM approvals_policy p
                WHERE p.workspace_id = campaigns_campaign.workspace_id), 24)))
            AND kind || '/' || status = ANY(%(edges)s)
        ORDER BY archive_due_at LIMIT %(most)s FOR UPDATE SKIP LOCKED),
    archived AS (
        UPDATE campaigns_campaign c
        SET status = 'archived', status_reason = %(reason)s, status_since = %(now)s, updated_at = %(now)s,
            version = c.version + 1, archive_due_at = NULL, enter_since = NULL,
            starts_at = NULL, stops_at = NULL,
            sweep = CASE WHEN kind = 'flow' AND started_at IS NOT NULL THEN 'exit' ELSE sweep END
        FROM due WHERE c.ctid = due.place
        RETURNING c.id, c.workspace_id, c.name, c.kind, due.status AS from_status),
    -- People wait inside an Inactive flow: their journeys end, and what waits for them is cancelled.
    ended AS (
        UPDATE channels_channel h
        SET status = 'stopped', finished_at = %(now)s, sweep = 'cancel', sweep_reason = 'archived'
        FROM archived WHERE archived.kind = 'flow' AND h.campaign_id = archived.id AND h.status = 'paused')
    INSERT INTO campaigns_activity (workspace_id, campaign_id, channel_id, actor_id, actor_label, via, action, subject,
        from_status, to_status, reason, data, at)
    SELECT workspace_id, id, NULL, NULL, 'system', 'beat', 'auto_archive', name,
        from_status, 'archived', %(reason)s, '{}', %(now)s
    FROM archived
    RETURNING campaign_id"""


def archive_edges() -> list[str]:
    """The “kind/status” pairs from which the lifecycle tables let a campaign be archived by itself."""
    return [
        f"{lifecycle.kind}/{source}"
        for lifecycle in BY_KIND.values()
        for edge in lifecycle.system
        if edge.action == "auto_archive"
        for source in edge.sources
    ]


def archive_due(now: datetime, limit: int = 10_000) -> list[int]:
    """Archive at most ``limit`` campaigns whose day has come, with their activity rows; answers their ids.

    A scheduled start or stop still to come keeps a campaign alive, one that was missed does not.
    Two at once share the work and do nothing twice.
    Must be called in a transaction.
    """
    values: dict[str, Any] = {
        "now": now,
        "most": limit,
        "reason": REASON,
        "edges": archive_edges(),
        "resting": list(RESTING),
    }
    with connection.cursor() as cursor:
        go_by_index(cursor)
        cursor.execute(_ARCHIVE, values)
        return [pk for (pk,) in cursor.fetchall()]

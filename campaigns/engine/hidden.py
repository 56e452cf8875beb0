"""The hidden segments of triggers go with their campaigns: those of archived ones rest, those of none are removed."""

from __future__ import annotations

from datetime import datetime

from campaigns.engine.batches import Deadline, only_worker, until_done

BATCH = 10_000

_NEEDED = """EXISTS (
    SELECT 1 FROM campaigns_entrance e JOIN campaigns_campaign c ON c.id = e.campaign_id
    WHERE e.segment_id = s.id {which})"""

#: Archived by themselves, six months after (engine/archiving.py), or whose flow is gone.
_REST = f"""
    UPDATE campaigns_segment s SET archived_at = %(now)s
    WHERE s.hidden AND s.archived_at IS NULL
        AND NOT {_NEEDED.format(which="AND c.status <> 'archived' AND c.deleted_at IS NULL")}"""

_ORPHAN = f"""
    SELECT s.id FROM campaigns_segment s
    WHERE s.hidden AND s.archived_at IS NOT NULL AND NOT {_NEEDED.format(which="")}
    ORDER BY s.id LIMIT 1"""

_MEMBERS = """
    WITH gone AS (
        DELETE FROM campaigns_segmentmember WHERE ctid = ANY(ARRAY(
            SELECT ctid FROM campaigns_segmentmember WHERE segment_id = %(segment)s LIMIT %(batch)s))
        RETURNING 1)
    SELECT count(*) FROM gone"""


def tidy_hidden(now: datetime, *, seconds: float = 5.0) -> int:
    """Archive and remove what no campaign needs any more, in batches; answers how many members and segments went."""
    return until_done(Deadline(seconds), lambda: _batch(now))


def _batch(now: datetime) -> int:
    with only_worker("hidden", 0) as cursor:
        if cursor is None:
            return 0
        cursor.execute(_REST, {"now": now})
        cursor.execute(_ORPHAN)
        found = cursor.fetchone()
        if found is None:
            return 0
        cursor.execute(_MEMBERS, {"segment": found[0], "batch": BATCH})
        gone = int(cursor.fetchone()[0])
        if gone < BATCH:
            cursor.execute("DELETE FROM campaigns_segment WHERE id = %(segment)s", {"segment": found[0]})
            gone += 1
        return gone

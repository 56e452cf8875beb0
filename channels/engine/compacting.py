"""Folds the ledger's appended counts: many small differences of a channel become one row per status."""

from __future__ import annotations

from django.db import connection, transaction

#: Only the newest rows are looked at: what was folded is older than what was counted since, and a table of millions
#: of campaigns is never read from end to end.
NEWEST = 100_000
#: Folding fewer rows than this is not worth the writing.
WORTH_FOLDING = 50
MOST_CHANNELS = 200

_CROWDED = """
SELECT channel_id FROM (SELECT * FROM channels_tally ORDER BY id DESC LIMIT %s) AS newest
GROUP BY channel_id HAVING count(*) > %s + count(DISTINCT (run, step, status, variant))
ORDER BY count(*) DESC LIMIT %s
"""
# One statement: a reader sees either the differences or their sum, never both or neither.
_FOLD = """
WITH folded AS (DELETE FROM channels_tally WHERE channel_id = %s RETURNING channel_id, run, step, status, variant, n)
INSERT INTO channels_tally (channel_id, run, step, status, variant, n)
SELECT channel_id, run, step, status, variant, sum(n) FROM folded
GROUP BY channel_id, run, step, status, variant HAVING sum(n) <> 0
"""
_LOCK_CLASS = 0x7A11


def compact_tallies() -> int:
    """Fold the counts of crowded channels; answers how many channels. Safe with two at once."""
    with connection.cursor() as cursor:
        cursor.execute(_CROWDED, [NEWEST, WORTH_FOLDING, MOST_CHANNELS])
        crowded = [channel_id for (channel_id,) in cursor.fetchall()]
    return sum(_fold(channel_id) for channel_id in crowded)


def _fold(channel_id: int) -> bool:
    """Fold one channel; False if somebody else is doing it just now."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [_LOCK_CLASS, channel_id % 2**31])
        if not cursor.fetchone()[0]:
            return False
        cursor.execute(_FOLD, [channel_id])
    return True

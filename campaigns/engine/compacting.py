"""Folds the appended counts of journeys, so that a sum stays a few rows however many batches there were."""

from __future__ import annotations

from django.db import connection, transaction

#: Only the newest rows are looked at: what was folded is older than what was counted since.
NEWEST = 100_000
#: Folding fewer rows than this is not worth the writing.
WORTH_FOLDING = 50

_CROWDED = """
    SELECT campaign_id FROM (SELECT * FROM campaigns_journeytally ORDER BY id DESC LIMIT %(newest)s) AS newest
    GROUP BY campaign_id HAVING count(*) > %(worth)s + count(DISTINCT (step, status))"""

_FOLD = """
    WITH gone AS (
        DELETE FROM campaigns_journeytally WHERE campaign_id = %(campaign)s
        RETURNING step, status, n),
    folded AS (
        INSERT INTO campaigns_journeytally (campaign_id, step, status, n)
        SELECT %(campaign)s, step, status, sum(n) FROM gone GROUP BY step, status HAVING sum(n) <> 0)
    SELECT count(*) FROM gone"""


def compact_journey_tallies(worth: int = WORTH_FOLDING) -> int:
    """Fold the counts of every campaign with more than ``worth`` rows too many; answers how many rows were folded.

    One statement each: a reader sees the old rows or their sum, never something between. Two at once fold different
    rows, for a row deleted by the one is gone for the other.
    """
    folded = 0
    with connection.cursor() as cursor:
        cursor.execute(_CROWDED, {"newest": NEWEST, "worth": worth})
        for (campaign_id,) in cursor.fetchall():
            with transaction.atomic():
                cursor.execute(_FOLD, {"campaign": campaign_id})
                folded += cursor.fetchone()[0]
    return folded

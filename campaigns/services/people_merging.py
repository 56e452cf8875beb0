"""People into the database, set-based: COPY into a staging table, then one statement per thing to be done.

Used by file imports and by the API. Everything here runs inside the caller's transaction.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from campaigns.domain.people import PersonRow


class MergeCounts(NamedTuple):
    """What became of the staged people."""

    created: int
    updated: int
    unchanged: int


# Temporary: private to this connection and free of WAL. Emptied at every commit, so a crash leaves nothing behind.
_CREATE = """
CREATE TEMPORARY TABLE IF NOT EXISTS campaigns_staged_person (
    external_id text NOT NULL, email text NOT NULL, phone text NOT NULL, timezone text NOT NULL,
    attributes jsonb NOT NULL
) ON COMMIT DELETE ROWS"""

_COPY = "COPY campaigns_staged_person (external_id, email, phone, timezone, attributes) FROM STDIN"

# In one order everywhere: two imports that touch the same people then wait for each other instead of
# dead-locking. Empty text means "not known" and never overwrites what is known. A usable number replaces what was
# kept of an unusable one. `xmax = 0` holds exactly for rows this statement inserted.
_MERGE = """
WITH merged AS (
    INSERT INTO campaigns_person AS person (workspace_id, external_id, email, phone, timezone, attributes,
        shares_email, shares_phone, created_at, updated_at)
    SELECT %(workspace)s, external_id, email, phone, timezone, attributes, false, false, %(now)s, %(now)s
    FROM campaigns_staged_person ORDER BY external_id COLLATE "C"
    ON CONFLICT (workspace_id, external_id) DO UPDATE SET
        email = COALESCE(NULLIF(excluded.email, ''), person.email),
        phone = COALESCE(NULLIF(excluded.phone, ''), person.phone),
        timezone = COALESCE(NULLIF(excluded.timezone, ''), person.timezone),
        attributes = {attributes},
        updated_at = excluded.updated_at
    WHERE (excluded.email <> '' AND excluded.email <> person.email)
        OR (excluded.phone <> '' AND excluded.phone <> person.phone)
        OR (excluded.timezone <> '' AND excluded.timezone <> person.timezone)
        OR {attributes} <> person.attributes
    RETURNING (person.xmax = 0) AS is_new
)
SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new) FROM merged""".format(
    attributes="""(person.attributes
            - CASE WHEN excluded.email <> '' THEN 'email_as_given' ELSE '' END
            - CASE WHEN excluded.phone <> '' THEN 'phone_as_given' ELSE '' END
            - CASE WHEN excluded.phone <> '' THEN 'phone_extension' ELSE '' END
            - CASE WHEN excluded.timezone <> '' THEN 'timezone_as_given' ELSE '' END
            || excluded.attributes)"""
)

# Temporary tables have no statistics, and a plan that reads all people for every batch would make a large import
# quadratic. A LATERAL subquery that cannot be flattened (LIMIT) leaves one plan: staged people one by one, by index.
# ``+ 0`` leaves one index: where the workspace is new the planner expects nobody in it, and any index that begins with
# the workspace, which then walks all its people for each, looks as good.
_ADD_TO_LIST = """
INSERT INTO campaigns_segmentmember (segment_id, person_id, since)
SELECT %(segment)s, known.id, %(now)s
FROM campaigns_staged_person staged
CROSS JOIN LATERAL (
    SELECT id FROM campaigns_person
    WHERE workspace_id + 0 = %(workspace)s AND external_id = staged.external_id LIMIT 1
) known
ORDER BY known.id
ON CONFLICT DO NOTHING"""

# Only addresses that were staged are looked at. The hint may stay true after the other person has changed: it only
# saves a campaign the look for duplicates among people whose address nobody shares. ``+ 0``: as above.
# Their places as an array, which no wrong guess of the planner's turns into a look at all people for each of them.
_MARK_SHARED = """
UPDATE campaigns_person SET shares_{address} = true
WHERE NOT shares_{address} AND ctid = ANY(ARRAY(
    SELECT unnest(people.places)
    FROM (SELECT DISTINCT {address} FROM campaigns_staged_person WHERE {address} <> '') staged
    CROSS JOIN LATERAL (
        SELECT array_agg(ctid) AS places FROM campaigns_person
        WHERE workspace_id + 0 = %(workspace)s AND {address} = staged.{address} AND {address} <> ''
    ) people
    WHERE cardinality(people.places) > 1
))"""


def merge_people(
    workspace_id: int, rows: Sequence[PersonRow], now: datetime, segment_id: int | None = None
) -> MergeCounts:
    """Create or update people (and put them on a list), in the caller's transaction.

    `rows` name each external id once. Unknown values never erase known ones; attributes are merged key by key.
    """
    if not rows:
        return MergeCounts(0, 0, 0)
    values = {"workspace": workspace_id, "segment": segment_id, "now": now}
    with connection.cursor() as cursor:
        cursor.execute(_CREATE)
        cursor.execute("DELETE FROM campaigns_staged_person")
        with cursor.copy(_COPY) as copy:
            for row in rows:
                copy.write_row(row)
        # Compiling the plans would cost more than running them; and a table that was empty when it was last analyzed
        # looks so small that reading it whole, for each person anew, seems cheaper than its index.
        cursor.execute("SET LOCAL jit = off; SET LOCAL enable_seqscan = off")
        cursor.execute(_MERGE, values)
        created, updated = cursor.fetchone()
        if segment_id is not None:
            cursor.execute(_ADD_TO_LIST, values)
        if created or updated:
            for address in ("email", "phone"):
                cursor.execute(_MARK_SHARED.format(address=address), values)
        cursor.execute("SET LOCAL enable_seqscan = on")
    return MergeCounts(created, updated, len(rows) - created - updated)


def learn_statistics() -> None:
    """Tell the planner how many people there are and how many a list has: PostgreSQL by itself may take minutes.

    To be called after many have come in, with nothing else in the transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE campaigns_person, campaigns_segmentmember")

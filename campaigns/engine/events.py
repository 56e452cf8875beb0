"""The stream of events: how far it can be read without missing one that is still on its way in.

Ids are given out before their rows are visible, so the highest visible id proves nothing about lower ones. Whoever
inserts events holds a shared lock of the workspace until the commit; a reader takes it exclusively for an instant, when
nobody is between the two, and learns an id up to which everything is there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import OperationalError, connection, transaction

from campaigns.domain.deliveries import API, type_of
from campaigns.domain.triggers import trigger_name
from campaigns.models import Campaign, Workspace

_LOCK = "hashtextextended('events', %(workspace)s)"
#: Longer than any insert of one call; a reader that waits longer tries again at the next beat.
_PATIENCE = "3s"

_LAST = """
    SELECT id FROM campaigns_event WHERE workspace_id = %(workspace)s AND name = %(name)s
    ORDER BY workspace_id DESC, name DESC, id DESC LIMIT 1"""

_INSERT = """
    INSERT INTO campaigns_event (workspace_id, person_id, name, properties, event_id, occurred_at, received_at)
    SELECT %(workspace)s, e.person_id, e.name, e.properties, e.event_id, e.occurred_at, %(now)s
    FROM unnest(%(people)s::bigint[], %(names)s::text[], %(properties)s::jsonb[], %(ids)s::text[],
                %(times)s::timestamptz[]) WITH ORDINALITY
        AS e (person_id, name, properties, event_id, occurred_at, place)
    ORDER BY e.place
    ON CONFLICT (workspace_id, event_id) WHERE NOT event_id = '' DO NOTHING"""


def event_name(campaign: Campaign) -> str:
    """The event that a campaign follows; of one that is triggered by API, the console's own name for its triggers."""
    if type_of(campaign.delivery) == API:
        return trigger_name(campaign.pk)
    return str(campaign.delivery.get("event", ""))


def insert_events(workspace: Workspace, rows: Sequence[Mapping[str, Any]], now: datetime) -> int:
    """Insert events in the order given; answers how many were new. Those with an id that was taken already are left out.

    ``rows`` have person_id, name, properties (JSON text), event_id and occurred_at.
    """
    values: dict[str, Any] = {
        "workspace": workspace.pk, "now": now,
        "people": [row["person_id"] for row in rows], "names": [row["name"] for row in rows],
        "properties": [row["properties"] for row in rows], "ids": [row["event_id"] for row in rows],
        "times": [row["occurred_at"] for row in rows],
    }  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_xact_lock_shared({_LOCK})", values)
        cursor.execute(_INSERT, values)
        return int(cursor.rowcount)


def hold_running(campaign_id: int) -> bool:
    """Whether the campaign is running, and keep it so until this transaction ends: triggers do not wait for each other."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM campaigns_campaign WHERE id = %s AND status = 'running' AND deleted_at IS NULL FOR SHARE",
            [campaign_id],
        )
        return cursor.fetchone() is not None


def safe_id(campaign: Campaign) -> int:
    """The id of the last event that the campaign follows; see `last_safe_id`."""
    return last_safe_id(campaign.workspace_id, event_name(campaign))


def last_safe_id(workspace_id: int, name: str) -> int:
    """The id of the last event of this name; none with a lower id can appear any more. 0 for none yet.

    Inside a transaction the workspace's lock is kept until its end; a commit of events waits for it so long.
    """
    values: dict[str, Any] = {"workspace": workspace_id, "name": name}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [_PATIENCE])
        cursor.execute(f"SELECT pg_advisory_xact_lock({_LOCK})", values)
        cursor.execute("SELECT set_config('lock_timeout', '0', true)")
        # A statement of its own: it sees everything that was committed before the lock was ours.
        cursor.execute(_LAST, values)
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def last_safe_id_or_none(workspace_id: int, name: str) -> int | None:
    """As `last_safe_id`; None where somebody has been inserting for so long that the next beat has to look."""
    try:
        return last_safe_id(workspace_id, name)
    except OperationalError:
        return None

"""Addresses that a provider reports as dead or unwilling go to the suppression list."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from channels.domain.kinds import KINDS
from channels.domain.receipts import EFFECTS, SUPPRESSION_RANKS

# What the provider names is what it tried; where it names nothing, the person's address is.
_SUPPRESS = """
WITH reported AS (
    SELECT coalesce(event.workspace, account.workspace_id) AS workspace, event.address_kind, event.reason, event.rank,
        coalesce(nullif(event.address, ''),
            CASE event.address_kind WHEN 'email' THEN person.email ELSE person.phone END) AS address
    FROM json_to_recordset(%(rows)s::json) AS event (
        workspace bigint, connection bigint, delivery bigint, address_kind text, address text, reason text, rank int)
    LEFT JOIN channels_connection AS account ON account.id = event.connection
    LEFT JOIN channels_delivery AS delivery ON delivery.id = event.delivery
    LEFT JOIN campaigns_person AS person ON person.id = delivery.person_id
), worst AS (
    SELECT DISTINCT ON (workspace, address_kind, address) * FROM reported
    WHERE address <> '' AND workspace IS NOT NULL
    ORDER BY workspace, address_kind, address, rank DESC
)
INSERT INTO channels_suppression AS held (workspace_id, address_kind, address, reason, created_at)
SELECT workspace, address_kind, address, reason, %(now)s FROM worst
ON CONFLICT (workspace_id, address_kind, address) DO UPDATE SET reason = excluded.reason
WHERE (%(ranks)s::jsonb ->> held.reason)::int < (%(ranks)s::jsonb ->> excluded.reason)::int
"""


def suppress_reported(reported: Sequence[tuple[Any, Any]], now: datetime) -> None:
    """Put the addresses of these (report, its message or None) on the list; of several reasons the gravest stays."""
    rows = []
    for event, match in reported:
        kind = _address_kind(event.address, match.channel_kind if match else "")
        if not kind or (event.kind == "bounced" and not event.permanent):
            continue
        reason = EFFECTS[event.kind].suppresses
        rows.append(
            {
                "workspace": match.workspace if match else None,
                "connection": event.connection_id,
                "delivery": match.delivery if match else None,
                "address_kind": kind,
                "address": event.address.strip().lower() if kind == "email" else event.address.strip(),
                "reason": reason,
                "rank": SUPPRESSION_RANKS[reason],
            }
        )
    if rows:
        values: dict[str, Any] = {
            "rows": json.dumps(rows),
            "now": now,
            "ranks": json.dumps(SUPPRESSION_RANKS),
        }
        with connection.cursor() as cursor:
            cursor.execute(_SUPPRESS, values)


def _address_kind(address: str, channel_kind: str) -> str:
    """email or phone; "" for a message that went to neither and names no address."""
    of_channel = KINDS[channel_kind].address if channel_kind in KINDS else ""
    if of_channel in ("email", "phone"):
        return of_channel
    return "email" if "@" in address else "phone" if address.startswith("+") else ""

"""Storing what is reported about messages: one statement a call, nothing is looked up and nothing waits."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from channels.domain.receipts import delivery_of
from channels.engine.recording import storable
from channels.providers.base import Receipt

_LENGTHS = {"event_id": 200, "provider_id": 200, "address": 254, "detail": 300}

_STORE = """
INSERT INTO channels_receivedevent (connection_id, event_id, kind, provider_id, delivery_id, channel_id, address, detail,
    permanent, link, bot, at, received_at, state, due_at, tries)
SELECT %(connection)s, event_id, kind, provider_id, delivery_id, NULL, address, detail, permanent, link, bot,
    least(coalesce(at, %(now)s::timestamptz), %(now)s::timestamptz), %(now)s, 'waiting',
    %(now)s::timestamptz + wait * interval '1 second', 0
FROM json_to_recordset(%(events)s::json) AS event (
    event_id text, kind text, provider_id text, delivery_id bigint, address text, detail text, permanent bool, link text,
    bot bool, at timestamptz, wait float8
)
ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody, or some program, opened a message or followed a link of it."""

    kind: str
    delivery_id: int
    link: str = ""
    bot: bool = False
    detail: str = ""


def store_receipts(connection_id: int, receipts: Sequence[Receipt], now: datetime) -> int:
    """Keep what a provider reports; answers how much of it is new. What lies in the future happened just now."""
    rows = [
        {
            "event_id": receipt.event_id,
            "kind": receipt.kind,
            "provider_id": receipt.provider_id,
            "delivery_id": delivery_of(receipt.provider_id),
            "address": receipt.address,
            "detail": receipt.detail,
            "permanent": receipt.permanent,
            "at": receipt.at.isoformat() if receipt.at else None,
        }
        for receipt in receipts
    ]
    return _store(connection_id, rows, now)


#: Whether a program has clicked on everything shows only after it has; until then a click waits.
VISIT_WAIT_SECONDS = 3.0


def store_visit(visit: Visit, now: datetime) -> None:
    """Keep an open or a click; it counts as soon as it is known whether a person did it."""
    row = {
        "kind": visit.kind,
        "delivery_id": visit.delivery_id,
        "link": visit.link,
        "bot": visit.bot,
        "detail": visit.detail,
        "wait": VISIT_WAIT_SECONDS,
    }
    _store(None, [row], now)


_DEFAULTS: dict[str, Any] = {
    "event_id": "", "provider_id": "", "delivery_id": None, "address": "", "detail": "", "permanent": True, "link": "",
    "bot": False, "at": None, "wait": 0.0,
}  # fmt: skip


def _store(connection_id: int | None, rows: Sequence[Mapping[str, Any]], now: datetime) -> int:
    if not rows:
        return 0
    events = [
        {
            name: storable(value, _LENGTHS[name]) if name in _LENGTHS else value
            for name, value in {**_DEFAULTS, **row}.items()
        }
        for row in rows
    ]
    with connection.cursor() as cursor:
        cursor.execute(_STORE, {"connection": connection_id, "now": now, "events": json.dumps(events)})
        return cursor.rowcount

"""What templates see of the events that messages follow: the properties, and the event's name and time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from channels.engine.claiming import Claimed
from channels.engine.statements import run

_EVENTS = """
SELECT id, name, occurred_at, properties FROM campaigns_event WHERE id = ANY(%(events)s)
"""


def with_events(rows: Sequence[Claimed]) -> list[Claimed]:
    """The rows, each with the event that it follows: one query for all, none where there is none."""
    wanted = sorted({row.event_id for row in rows if row.event_id is not None})
    if not wanted:
        return list(rows)
    found = {pk: event_values(*rest) for pk, *rest in run(_EVENTS, {"events": wanted})}
    return [row._replace(event=found.get(row.event_id)) if row.event_id else row for row in rows]


def event_values(name: str, occurred_at: datetime, properties: str | Mapping[str, Any]) -> dict[str, Any]:
    """Plain values: ``event.amount`` is a property; a property called name or occurred_at comes before the event's own."""
    told = json.loads(properties) if isinstance(properties, str) else properties
    shown = "" if name.startswith("$") else name
    return {"name": shown, "occurred_at": occurred_at.astimezone(UTC).isoformat(), **(told or {})}

"""The devices of the people who were just claimed, and those that turned out to be gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from channels.engine.claiming import Claimed
from channels.engine.recording import Result
from channels.engine.statements import run
from channels.models import Device
from channels.providers.base import DeviceAddress

#: So many devices of a person are reached, those seen last.
MOST_DEVICES = 20

_DEVICES = """
SELECT person_id, id, token, keys FROM channels_device
WHERE person_id = ANY(%(people)s) AND kind = %(kind)s AND invalid_at IS NULL
ORDER BY person_id, seen_at DESC, id DESC
"""


def with_devices(rows: Sequence[Claimed], kind: str) -> list[Claimed]:
    """The rows, each with the valid devices of its person; inside the transaction that claims them."""
    found: dict[int, list[DeviceAddress]] = {}
    values: Mapping[str, Any] = {"people": [row.person_id for row in rows], "kind": kind}
    for person_id, device_id, token, keys in run(_DEVICES, values) if rows else ():
        devices = found.setdefault(person_id, [])
        if len(devices) < MOST_DEVICES:
            devices.append(DeviceAddress(device_id, token, keys if isinstance(keys, dict) else {}))
    return [row._replace(devices=tuple(found.get(row.person_id, ()))) for row in rows]


def bury(results: Sequence[Result], now: datetime) -> None:
    """Mark the devices that the service does not know any more; inside the transaction that records the results."""
    dead = [device for r in results if r.outcome is not None for device in r.outcome.dead_devices]
    if dead:
        Device.objects.filter(pk__in=dead, invalid_at=None).update(invalid_at=now)

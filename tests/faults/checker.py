"""Compares what a sink has on disk with what the ledger says. The product never reads that journal."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from channels.models import Channel, Delivery

_KEY = re.compile(r"d(\d+)\.\d+")


def rounds(short: int = 3) -> int:
    """How often a fault is injected: FAULT_ROUNDS, else the short form."""
    return int(os.environ.get("FAULT_ROUNDS") or short)


@dataclass(frozen=True)
class Comparison:
    """Promises R1 to R3 in numbers."""

    duplicates: list[int]
    """Deliveries that arrived more than once."""
    lost: list[int]
    """Deliveries that the ledger calls sent and that never arrived."""
    unexplained: list[int]
    """Deliveries that arrived and are neither sent nor in doubt."""
    arrived: int
    statuses: dict[str, int]

    @property
    def clean(self) -> bool:
        """Nobody twice, nobody lost, nothing that the ledger does not know."""
        return not (self.duplicates or self.lost or self.unexplained)


def compare(channel: Channel, journal: Iterable[dict[str, Any]]) -> Comparison:
    """The ledger of a channel beside the journal of the sink that its messages went to."""
    arrived = Counter(delivery_of(record) for record in journal)
    rows = dict(Delivery.objects.filter(channel=channel).values_list("pk", "status"))
    return Comparison(
        duplicates=sorted(pk for pk, times in arrived.items() if times > 1),
        lost=sorted(pk for pk, status in rows.items() if status == "sent" and pk not in arrived),
        unexplained=sorted(pk for pk in arrived if rows.get(pk) not in ("sent", "unknown")),
        arrived=len(arrived),
        statuses=dict(Counter(rows.values())),
    )


def delivery_of(record: dict[str, Any]) -> int:
    """Which delivery a line of a journal is about: the Message-ID or webhook-id carries it."""
    name = record.get("message_id") or record["headers"]["webhook-id"]
    found = _KEY.search(name)
    assert found, f"Not one of ours: {name}"
    return int(found.group(1))

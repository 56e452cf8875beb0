"""The one transaction of a group: record what has come back, then claim the next rows."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import InterfaceError, OperationalError, connection, transaction

from channels.engine import calls, devices, happened, health, keeping, pacing, planned
from channels.engine.claiming import Claimed, Gate, claim, give_back, look
from channels.engine.lines import Line
from channels.engine.recording import Result, record
from channels.engine.resting import let_rest

log = logging.getLogger(__name__)

#: After a broken database connection: seconds between the attempts to record what has been sent.
RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
#: Claims in a row that may find nobody awake; the next beat goes on.
MOST_TRIES = 5
BROKEN = (OperationalError, InterfaceError)


@dataclass(slots=True)
class Exchanged:
    """What one transaction did."""

    recorded: set[int] = field(default_factory=set)
    claimed: list[Claimed] = field(default_factory=list)
    gate: Gate | None = None
    wait: float = 0.0
    """Seconds until the rate limit allows the next claim."""


class Exchange:
    """Records and claims for one line. The worker's own database connection does nothing else meanwhile."""

    def __init__(self, line: Line, now: datetime | None) -> None:
        self._line = line
        self._now = now
        self._fence: int | None = None

    @property
    def time_stands_still(self) -> bool:
        """Whether the time was given: then no wait ever ends."""
        return self._now is not None

    def run(
        self, results: Sequence[Result], room: int, refresh: Callable[[tuple[str, str]], None]
    ) -> Exchanged:
        """Record ``results`` and claim up to ``room`` rows; ``refresh`` re-reads the content where it has changed."""
        with transaction.atomic():
            done = self._record(results)
            if room > 0 and done.gate is not None and not done.gate.closed:
                refresh(done.gate.version)
                self._claim(done, room)
        self._fence = None
        return done

    def record_only(self, results: Sequence[Result], wait: Callable[[float], None]) -> set[int]:
        """Record, also over a database connection that has just broken: what was sent must not be in doubt.

        Recording twice is harmless (the fence), and a claim whose commit was never confirmed is undone.
        """
        for pause in (*RETRY_SECONDS, None):
            try:
                with transaction.atomic():
                    if self._fence is not None:
                        give_back(self._fence)
                    recorded = self._record(results).recorded
                self._fence = None
                return recorded
            except BROKEN:
                if pause is None or connection.in_atomic_block:
                    raise
                log.warning("The database does not answer; trying again to record %d messages", len(results))
                connection.close()
                wait(pause)
        raise AssertionError("unreachable")

    def _record(self, results: Sequence[Result]) -> Exchanged:
        line = self._line
        gate = look(line.channel_id, self._now)
        if gate is None:
            return Exchanged()
        recorded = record(results, gate)
        keeping.keep(
            line.provider.store,
            results,
            recorded,
            gate,
            channel_id=line.channel_id,
            connection_id=line.connection_id,
            kind=line.channel_kind,
        )
        if line.channel_kind == "voice":
            calls.log_placed(line.channel_id, results, recorded, gate)
        if results:
            devices.bury(results, gate.now)
            health.note(line.connection_id, results, gate)
        return Exchanged(recorded=recorded, gate=gate)

    def _awake(self, gate: Gate, room: int) -> list[Claimed]:
        """Claimed rows of people who may be contacted at this hour. Each try moves thousands of sleepers out of the way."""
        line = self._line
        for _ in range(MOST_TRIES if line.hours or line.planned else 1):
            rows = claim(
                line.channel_id, gate, room, address_kind=line.address_kind, lease_seconds=line.lease_seconds,
                kind=line.channel_kind,
            )  # fmt: skip
            if not rows:
                return rows
            if line.hours:
                rows = let_rest(line.channel_id, line.hours, line.home_zone, rows, gate.now)
            if rows and line.planned:
                rows = planned.in_their_windows(rows, gate.now)
            if rows:
                return rows
        return []

    def _claim(self, done: Exchanged, room: int) -> None:
        gate, line = done.gate, self._line
        assert gate is not None
        limited = gate.rate if line.connection_id is not None else None
        if limited:
            assert line.connection_id is not None
            allowed, done.wait = pacing.allowance(line.connection_id, limited, gate.now)
            room = min(room, allowed)
        if room <= 0:
            return
        self._fence = gate.fence
        done.claimed = self._awake(gate, room)
        if line.to_devices:
            done.claimed = devices.with_devices(done.claimed, line.channel_kind)
        done.claimed = happened.with_events(done.claimed)
        if limited and done.claimed:
            assert line.connection_id is not None
            pacing.spend(line.connection_id, limited, gate.now)

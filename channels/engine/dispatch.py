"""Dispatch: one worker sends what is due in one channel, for a while.

Claim, commit, call, record: the messages in a worker's hands never exceed a small window, and each group costs one
transaction (see exchange.py). A dispatch ends when nothing is due, when its time is up, when the gate closes (stop,
pause, a connection with an error) or when the process is asked to stop; whichever it is, what has begun is finished
and recorded.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone

from channels.engine.claiming import Claimed, due_channels
from channels.engine.exchange import BROKEN, Exchange, Exchanged
from channels.engine.health import set_error
from channels.engine.lines import CannotSend, Line, find_line
from channels.engine.pacing import Window
from channels.engine.recording import Result, settle
from channels.engine.rendering import Renderer
from channels.engine.slots import held_slots
from channels.engine.statements import indexes_only
from channels.engine.stopping import StopRequest, deferred_signals
from channels.models import Channel
from channels.providers.base import Message, Sender

log = logging.getLogger(__name__)

#: What has come back is recorded at least this often, so that pages see progress and a crash leaves little in doubt.
RECORD_WITHIN_SECONDS = 0.25
#: A dispatch waits for a rate limit or a pause of at most so long; for a longer one the next beat comes back.
LONGEST_WAIT_SECONDS = 2.0
#: Rendered messages are handed over in such groups, so that the first calls start while the rest is being rendered.
SUBMIT_GROUP = 10


@dataclass(slots=True)
class DispatchReport:
    """What one dispatch did."""

    channel_id: int
    ended: str = "idle"
    """idle, time, closed, busy (no slot was free), waiting (rate limit or pause), stopping, database or missing."""
    detail: str = ""
    claimed: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    """Rows recorded, by their status in the ledger."""
    ring: list[int] = field(default_factory=list)
    """Channels of the same connection that have rows due and may go on now, this one last."""


def dispatch_channel(
    channel_id: int, *, now: datetime | None = None, seconds: float = 20.0, stop: StopRequest | None = None
) -> DispatchReport:
    """Send what is due in a channel, for at most about ``seconds``.

    ``now`` stands still where it is given (tests, `tick --now`); otherwise it is the database's clock. Safe to call
    at any time, by any number of workers at once: each takes its own rows.
    """
    report = DispatchReport(channel_id)
    try:
        line = find_line(channel_id)
    except CannotSend as problem:
        return _refused(report, problem)
    if line is None:
        report.ended = "missing"
        return report
    with (
        deferred_signals(stop or StopRequest()) as request,
        held_slots(line.connection_id, channel_id, line.parallelism, alone=line.one_worker) as slots,
    ):
        if not slots:
            report.ended = "busy"
            return report
        with indexes_only():
            _Pump(line, slots, report, request, now).run(seconds)
    if not request:
        report.ring = _next_channels(line, report, now or timezone.now())
    return report


def _refused(report: DispatchReport, problem: CannotSend) -> DispatchReport:
    connection_id = (
        Channel.objects.filter(pk=report.channel_id).values_list("connection_id", flat=True).first()
    )
    if connection_id is not None:
        set_error(connection_id, str(problem))
    report.ended, report.detail = "closed", str(problem)
    return report


def _next_channels(line: Line, report: DispatchReport, now: datetime) -> list[int]:
    """Who goes next: channels that this one kept waiting by holding the slots they share, then this one itself."""
    if report.ended not in ("time", "idle"):
        return []
    if line.connection_id is None:
        return [line.channel_id] if report.ended == "time" else []
    due = due_channels(now, line.connection_id)
    return sorted(due, key=lambda channel_id: channel_id == line.channel_id)


class _Pump:
    """Keeps the provider's lines busy with messages of one channel."""

    def __init__(
        self, line: Line, slots: int, report: DispatchReport, stop: StopRequest, now: datetime | None
    ) -> None:
        self._sender: Sender = line.provider.open(line.settings, slots)
        self._renderer = Renderer(line)
        self._exchange = Exchange(line, now)
        # A provider that takes many messages in one call needs as many in hand to fill it.
        self._window = Window(slots * getattr(line.provider, "batch", 1))
        self._report = report
        self._stop = stop
        self._out: dict[int, Claimed] = {}
        self._results: list[Result] = []
        self._measured_at = time.monotonic()
        self._pause = 0.0
        self._stalled = False

    def run(self, seconds: float) -> None:
        """Claim and send until there is a reason to end, then finish what has begun."""
        deadline = time.monotonic() + seconds
        try:
            while self._go_on(deadline) and self._round(deadline):
                self._gather()
        except BROKEN as problem:
            self._report.ended, self._report.detail = "database", str(problem)
            log.warning("Channel %s: %s", self._report.channel_id, problem)
        finally:
            self._finish()

    def _go_on(self, deadline: float) -> bool:
        if self._stop:
            self._report.ended = "stopping"
        elif time.monotonic() >= deadline:
            self._report.ended = "time"
        elif self._stalled:
            self._report.ended, self._report.detail = "waiting", "the provider starts nothing"
        else:
            return True
        return False

    def _round(self, deadline: float) -> bool:
        """One transaction and the rendering that follows it; False when there is nothing more to do."""
        room, began = self._window.size - len(self._out), time.monotonic()
        done = self._exchange.run(self._results, room, self._renderer.refresh)
        self._window.measure_exchange(time.monotonic() - began)
        self._pause = done.wait
        self._take_stock(done)
        self._hand_over(done.claimed)
        if done.claimed or self._out or self._results:
            return True
        return self._wait(done, deadline)

    def _take_stock(self, done: Exchanged) -> None:
        """Count what was recorded; learn the pace from it."""
        self._count(done.recorded)
        self._report.claimed += len(done.claimed)
        moment = time.monotonic()
        if any(r.outcome is not None and r.outcome.retry_after is not None for r in self._results):
            self._window.shrink()
        elif self._results:
            self._window.measure(self._started(), moment - self._measured_at)
        # Whoever gives everything back at once would get it again and again.
        self._stalled = bool(self._results) and not self._started() and not self._out
        if self._results or not self._out:
            self._measured_at = moment
        self._results = []

    def _started(self) -> int:
        """How many of the results are not of messages that were merely given back."""
        return sum(result.outcome is None or result.outcome.kind != "released" for result in self._results)

    def _count(self, recorded: set[int]) -> None:
        counts = self._report.counts
        for result in self._results:
            if result.row.id in recorded:
                counts[result.status] = counts.get(result.status, 0) + 1

    def _hand_over(self, claimed: list[Claimed]) -> None:
        """Render and submit; who cannot be contacted has a result at once."""
        ready: list[Message] = []
        for row in claimed:
            made = self._renderer.render(row)
            if isinstance(made, Result):
                self._results.append(made)
                continue
            self._out[row.id] = row
            ready.append(made)
            if len(ready) == SUBMIT_GROUP:
                self._sender.submit(ready)
                ready = []
        if ready:
            self._sender.submit(ready)

    def _wait(self, done: Exchanged, deadline: float) -> bool:
        """Nothing could be claimed and nothing is out: say why, or sleep through a short wait."""
        gate = done.gate
        wait = max(done.wait, gate.wait if gate else 0.0)
        if gate is None or (gate.closed and not gate.wait):
            self._report.ended, self._report.detail = "closed", gate.closed if gate else "the channel is gone"
            return False
        if wait <= 0:
            self._report.ended = "idle"
            return False
        if (
            wait > LONGEST_WAIT_SECONDS
            or time.monotonic() + wait > deadline
            or self._exchange.time_stands_still
        ):
            self._report.ended, self._report.detail = "waiting", gate.closed or "the rate limit"
            return False
        self._stop.wait(wait)
        return True

    def _gather(self) -> None:
        """Collect outcomes until there is room enough for another claim, or it is time to record (or claim) again."""
        record_at = time.monotonic() + min(RECORD_WITHIN_SECONDS, self._pause or RECORD_WITHIN_SECONDS)
        while self._out and not self._stop:
            left = record_at - time.monotonic()
            self._collect(max(0.0, left))
            enough = self._window.size - len(self._out) >= self._window.refill
            if left <= 0 or (enough and not self._pause):
                return

    def _collect(self, timeout: float) -> bool:
        finished = self._sender.collect(timeout)
        for message, outcome in finished:
            row = self._out.pop(message.key, None)
            if row is not None:
                self._results.append(settle(row, message, outcome))
        return bool(finished)

    def _finish(self) -> None:
        """Let what has begun end, give the rest back, and record it all."""
        self._sender.close()
        while self._out and self._collect(0.0):
            pass
        if self._results or self._report.ended == "database":
            self._count(self._exchange.record_only(self._results, time.sleep))
        self._results = []

"""`manage.py work`: sends what is due without a broker; the same work as a Celery worker of the dispatch queue."""

from __future__ import annotations

import json
import logging
import time
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from channels.engine.claiming import due_channels
from channels.engine.dispatch import dispatch_channel
from channels.engine.stopping import StopRequest, deferred_signals

log = logging.getLogger(__name__)

#: Between two looks for something to do.
LOOK_SECONDS = 1.0


class Command(BaseCommand):
    """Claims and sends until stopped (SIGTERM and Ctrl-C let what has begun end), or until idle."""

    help = "Sends what is due, without a broker. Run as many at once as you like."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="End as soon as nothing is due.")
        parser.add_argument(
            "--seconds", type=float, default=20.0, help="A channel's turn before the next one's (default 20)."
        )

    def handle(self, *, once: bool, seconds: float, **_: Any) -> None:
        self.seconds = seconds
        self.sent: Counter[str] = Counter()
        started = time.monotonic()
        with deferred_signals(StopRequest(), deliver=False) as stop:
            while not stop:
                if self.round(stop):
                    continue
                if once:
                    break
                stop.wait(LOOK_SECONDS)
        self.stdout.write(json.dumps({**self.sent, "seconds": round(time.monotonic() - started, 2)}))

    def round(self, stop: StopRequest) -> int:
        """Give each channel that has something due its turn; answers how many rows were claimed."""
        claimed = 0
        try:
            for channel_id in due_channels(timezone.now()):
                if stop:
                    break
                claimed += self.turn(channel_id, stop)
        except (OperationalError, InterfaceError) as problem:
            self.stderr.write(f"The database does not answer: {str(problem).strip()}")
            connection.close()
            stop.wait(LOOK_SECONDS)
        return claimed

    def turn(self, channel_id: int, stop: StopRequest) -> int:
        """One channel's turn; one that is broken does not keep the others waiting."""
        try:
            report = dispatch_channel(channel_id, seconds=self.seconds, stop=stop)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            log.exception("Channel %s cannot be sent", channel_id)
            return 0
        self.sent.update(report.counts)
        return report.claimed

"""The health of a connection as sending sees it: pauses that a provider asked for, and errors of the account."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import F

from channels.domain import states as s
from channels.engine.claiming import Gate
from channels.engine.recording import Result
from channels.models import Connection

log = logging.getLogger(__name__)

#: So many failures one after the other, of messages that had failed before, mean that the account is broken.
MOST_FAILURES = 30
LONGEST_PAUSE_SECONDS = 3600.0
_MESSAGE_LENGTH = 500


def note(connection_id: int | None, results: Sequence[Result], gate: Gate) -> None:
    """Draw the conclusions from a group of results, inside the transaction that records them."""
    if connection_id is None:
        return
    asked = [result for result in results if result.outcome is not None]
    if any(result.status == s.SENT for result in asked):
        if gate.failures:
            Connection.objects.filter(pk=connection_id).update(consecutive_failures=0)
    else:
        broken = [r for r in asked if r.outcome is not None and r.outcome.connection_error]
        if broken:
            set_error(connection_id, broken[-1].detail)
            return
        _count_failures(connection_id, [result for result in asked if _is_failure(result)])
    pauses = [
        r.delay for r in asked if r.outcome is not None and r.outcome.retry_after is not None and r.delay
    ]
    if pauses:
        _pause(connection_id, max(pauses), gate.now)


def set_error(connection_id: int, cause: str) -> None:
    """Send nothing more through it until a check succeeds; its channels go on running and say why they wait."""
    changed = Connection.objects.filter(pk=connection_id, status=s.CONNECTION_RUNNING).update(
        status=s.CONNECTION_ERROR,
        message=(cause or "Sending failed.")[:_MESSAGE_LENGTH],
        # From here on they count the checks that have failed, the first of which follows soon.
        consecutive_failures=0,
    )
    if changed:
        log.warning("Connection %s has an error: %s", connection_id, cause)


def _is_failure(result: Result) -> bool:
    """Whether it speaks against the account. A first refusal for now does not: greylisting refuses everybody once."""
    if result.status == s.UNKNOWN:
        return True
    refused = (
        result.outcome is not None and result.outcome.kind == "retry" and result.outcome.retry_after is None
    )
    return refused and result.row.attempt > 1


def _count_failures(connection_id: int, failures: Sequence[Result]) -> None:
    if not failures:
        return
    running = Connection.objects.filter(pk=connection_id)
    running.update(consecutive_failures=F("consecutive_failures") + len(failures))
    if running.filter(consecutive_failures__gte=MOST_FAILURES).exists():
        set_error(connection_id, f"{MOST_FAILURES} messages failed in a row. {failures[-1].detail}")


def _pause(connection_id: int, seconds: float, now: datetime) -> None:
    """Wait as long as the provider asked; workers that hear of the same pause do not shorten it."""
    until = now + timedelta(seconds=min(seconds, LONGEST_PAUSE_SECONDS))
    Connection.objects.filter(pk=connection_id).exclude(paused_until__gte=until).update(paused_until=until)

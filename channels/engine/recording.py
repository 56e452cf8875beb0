"""Recording: what became of the claimed messages, a group in one statement.

A row is changed only while it still carries the fence of the claim it was sent under: a worker that was stopped past
its lease cannot overwrite what has happened since.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass

from channels.domain import states as s
from channels.engine.claiming import Claimed, Gate
from channels.engine.statements import run
from channels.providers.base import Message, Outcome

MOST_ATTEMPTS = 5
FIRST_BACKOFF_SECONDS = 30.0
_REASON_LENGTH, _DETAIL_LENGTH, _PROVIDER_ID_LENGTH = 24, 300, 200


@dataclass(frozen=True, slots=True)
class Result:
    """How one claimed row ends (or goes back to the queue)."""

    row: Claimed
    status: str
    reason: str = ""
    detail: str = ""
    provider_id: str = ""
    delay: float | None = None
    """Of a row that is tried again: seconds from now; None keeps its place in the queue."""
    counts: bool = True
    """Whether this counts as an attempt."""
    message: Message | None = None
    """What was sent, where our own database keeps it."""
    outcome: Outcome | None = None
    """What the provider said; None where it was not asked."""
    variant: str = ""
    """The name of the content variant that left, or may have; "" where the content has none."""


def settle(row: Claimed, message: Message, outcome: Outcome) -> Result:
    """What an outcome means for its row of the ledger."""
    detail, variant = outcome.detail, message.context.get("variant", "")
    match outcome.kind:
        case "sent":
            return Result(
                row, s.SENT, detail=detail, provider_id=outcome.provider_id, message=message, outcome=outcome,
                variant=variant,
            )  # fmt: skip
        case "failed":
            reason = outcome.reason if 0 < len(outcome.reason) <= _REASON_LENGTH else "refused"
            return Result(row, s.FAILED, reason, detail, outcome=outcome, variant=variant)
        case "retry":
            return _try_again(row, outcome)
        case "released":
            return Result(row, s.PENDING, counts=False, outcome=outcome)
    doubt = f"{outcome.reason}: {detail}".strip(": ")
    return Result(row, s.UNKNOWN, "in_doubt", doubt, outcome=outcome, variant=variant)


def _try_again(row: Claimed, outcome: Outcome) -> Result:
    """Put the row back, later each time. A provider that asked for a pause is not held against the message."""
    if outcome.retry_after is not None:
        delay = max(0.0, outcome.retry_after)
        return Result(row, s.PENDING, detail=outcome.detail, delay=delay, counts=False, outcome=outcome)
    if outcome.connection_error:
        return Result(row, s.PENDING, detail=outcome.detail, delay=backoff(1), counts=False, outcome=outcome)
    if row.attempt >= MOST_ATTEMPTS:
        return Result(row, s.FAILED, "too_many_attempts", outcome.detail, outcome=outcome)
    return Result(row, s.PENDING, detail=outcome.detail, delay=backoff(row.attempt), outcome=outcome)


def backoff(attempt: int) -> float:
    """Seconds until the next try after so many: half a minute, a minute, two … give or take a fifth."""
    return FIRST_BACKOFF_SECONDS * 2 ** (attempt - 1) * random.uniform(0.8, 1.2)


# One JSON parameter: written and read in C on both sides, unlike eight arrays. The ids stand once more beside it, so that
# the rows are found by them: few rows are being sent at any time, and the planner would look for those instead.
_RECORD = """
UPDATE channels_delivery AS delivery
SET status = result.status, reason = result.reason, detail = result.detail, provider_id = result.provider_id,
    lease_until = NULL,
    sent_at = CASE WHEN result.status = 'sent' THEN %(now)s::timestamptz ELSE delivery.sent_at END,
    due_at = CASE WHEN result.delay IS NULL THEN delivery.due_at
                  ELSE %(now)s::timestamptz + result.delay * interval '1 second' END,
    attempt = delivery.attempt - result.uncounted, variant = coalesce(result.variant, delivery.variant)
FROM json_to_recordset(%(results)s::json) AS result (
    id bigint, fence bigint, status text, reason text, detail text, provider_id text, delay float8, uncounted int,
    variant text
)
WHERE delivery.id = ANY(%(ids)s) AND delivery.id = result.id
  AND delivery.fence = result.fence AND delivery.status IN ('sending', 'unknown')
RETURNING delivery.id
"""


def record(results: Sequence[Result], gate: Gate) -> set[int]:
    """Write the results; answers the ids of the rows that were still ours.

    Where the channel has been stopped meanwhile, a row that would wait again is cancelled instead: the sweep that
    follows a stop may have passed it already.
    """
    if not results:
        return set()
    rows = []
    for result in results:
        status, reason = _end(result, gate)
        rows.append(
            {
                "id": result.row.id,
                "fence": result.row.fence,
                "status": status,
                "reason": storable(reason, _REASON_LENGTH),
                "detail": storable(result.detail, _DETAIL_LENGTH),
                "provider_id": storable(result.provider_id, _PROVIDER_ID_LENGTH),
                "delay": result.delay,
                "uncounted": 0 if result.counts else 1,
            }
        )
        if result.variant:
            rows[-1]["variant"] = storable(result.variant)
    values = {"now": gate.now, "ids": [row["id"] for row in rows], "results": json.dumps(rows)}
    return {pk for (pk,) in run(_RECORD, values)}


def _end(result: Result, gate: Gate) -> tuple[str, str]:
    if result.status == s.PENDING and gate.stop_reason:
        return s.CANCELLED, gate.stop_reason
    return result.status, result.reason


def storable(value: str, longest: int | None = None) -> str:
    """What PostgreSQL can keep of a text: no NUL, no half characters, not too long. One odd answer must not hold up the
    group that it came with.
    """
    if not value:
        return ""
    if not value.isascii():
        value = value.encode("utf-8", "replace").decode()
    return value.replace("\0", "")[:longest]

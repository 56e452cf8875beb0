"""Gives every person of a blast's audience their ledger row: chunks by person id, each with its place in one transaction.

A chunk either has its rows *and* the cursor behind it, or neither; running it twice, or two at once, adds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from campaigns.domain.programs import BY_STEPS
from campaigns.engine.audience import BY_INDEX, LAST_ID, Audience, audience_of_channel
from campaigns.engine.batches import Deadline, campaign_is, keep_nothing, only_worker, walk_together
from campaigns.engine.skipping import (
    LEDGER_COLUMNS,
    has_opt_outs,
    is_short,
    join_suppressed,
    ledger_values,
    skip_reason,
)
from channels.domain import states as cs
from channels.models import Channel

#: Large enough that a chunk's own costs do not show, small enough that one which a stop discards is no loss.
CHUNK = 20_000

# Somebody with the same address is covered: they have a row already, or come earlier in this very chunk.
_COVERED = """EXISTS (
        SELECT 1 FROM channels_delivery d WHERE d.channel_id = %(channel)s AND d.run = %(run)s AND d.step = ''
            AND d.person_id = o.id AND d.status <> 'skipped' {by_index})
    OR (o.id < p.id AND o.id > %(after)s AND {in_audience})"""


@dataclass(slots=True)
class EnrolReport:
    """What a call has done. ``enrolled`` counts new ledger rows, the skipped ones among them."""

    enrolled: int = 0
    finished: bool = False
    """The whole audience has its rows."""


def enrol_channel(
    channel_id: int, now: datetime, *, chunk: int = CHUNK, seconds: float = 10.0
) -> EnrolReport:
    """Enrol chunk by chunk for about ``seconds``; what is left the next call goes on with.

    Stops without a trace as soon as the channel or its campaign is no longer running, and where another worker is
    already enrolling this channel.
    """
    deadline = Deadline(seconds)
    report = EnrolReport()
    while _enrol_chunk(channel_id, now, chunk, report) and not deadline.passed():
        pass
    return report


def _enrol_chunk(channel_id: int, now: datetime, chunk: int, report: EnrolReport) -> bool:
    """One chunk in one transaction; answers whether there may be another."""
    with only_worker("enrol", channel_id) as cursor:
        channel = _running(channel_id) if cursor else None
        if channel is None:
            return False
        if channel.enrolled:
            report.finished = True
            return False
        audience = audience_of_channel(channel, now)
        rows, upto = _insert_chunk(cursor, channel, audience, now, chunk) if audience else (0, None)
        if not _advance(cursor, channel, upto):
            keep_nothing()
            return False
    report.enrolled += rows
    report.finished = upto is None
    return not report.finished


def _running(channel_id: int) -> Channel | None:
    found = Channel.objects.select_related("campaign").filter(
        pk=channel_id, status=cs.RUNNING, campaign__status="running", campaign__deleted_at__isnull=True
    )
    return found.exclude(campaign__kind__in=BY_STEPS).first()


def _insert_chunk(
    cursor: Any, channel: Channel, audience: Audience, now: datetime, chunk: int
) -> tuple[int, int | None]:
    """The rows of the next chunk; answers how many are new and the person id it went up to (None: it was the last)."""
    values = audience.params | {
        "channel": channel.pk,
        "run": channel.run,
        "now": now,
        "due": due_from(channel, now),
        "after": channel.enrol_cursor,
        "chunk": chunk,
    }
    cursor.execute(audience.chunk_end(), values)
    end = cursor.fetchone()
    values["upto"] = end[0] if end else LAST_ID
    walk_together(cursor)
    sql = enrol_sql(
        channel.kind, audience, joined=is_short(cursor, channel.kind, audience.workspace_id, chunk),
        opted=has_opt_outs(cursor, audience.workspace_id),
    )  # fmt: skip
    try:
        with transaction.atomic():
            cursor.execute(sql, values)
    except IntegrityError:
        # Somebody of the chunk has a row already: the cursor was set back, or the list has moved.
        cursor.execute(f"{sql} ON CONFLICT DO NOTHING", values)
    return cursor.rowcount, end[0] if end else None


def due_from(channel: Channel, now: datetime) -> datetime:
    """When the channel's rows are due: at its own time where it has one that is to come (sms), else now."""
    return max(now, channel.sends_at or now)


def enrol_sql(kind: str, audience: Audience, *, joined: bool, opted: bool = True) -> str:
    """The statement that makes the rows of one chunk; the unique key refuses a second row for anybody.

    Asking for conflicts beforehand (ON CONFLICT) costs half as much again as the whole insert, and with a cursor there
    are none. ``joined``: with the suppression list side by side instead of looking each address up. Rows go in in the
    order of people, which saves the index more than the sort costs: a hash join would hand them over in no order.
    """
    reason = skip_reason(
        kind, _COVERED.format(in_audience=audience.has("o"), by_index=BY_INDEX), joined=joined, opted=opted
    )
    people = audience.people("p", join_suppressed(kind) if joined else "")
    return f"""
        INSERT INTO channels_delivery {LEDGER_COLUMNS}
        SELECT {ledger_values(run="%(run)s", step="''", due="%(due)s")}
        FROM (SELECT p.id AS person_id, {reason} AS why {people} OFFSET 0) AS person
        ORDER BY person_id"""


def _advance(cursor: Any, channel: Channel, upto: int | None) -> bool:
    """Move the cursor behind the chunk, unless channel or campaign have changed under it."""
    if not campaign_is(cursor, channel.campaign_id, "status = 'running' AND deleted_at IS NULL"):
        return False
    cursor.execute(
        """UPDATE channels_channel
           SET enrol_cursor = coalesce(%(upto)s, enrol_cursor), enrolled = %(upto)s IS NULL
           WHERE id = %(channel)s AND status = 'running' AND NOT enrolled AND enrol_cursor = %(after)s
               AND run = %(run)s""",
        {"upto": upto, "channel": channel.pk, "after": channel.enrol_cursor, "run": channel.run},
    )
    return cursor.rowcount == 1

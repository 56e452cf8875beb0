"""What an action left for the background: cancelling, recalling, queueing again, releasing drafts, ending journeys, purging.

Each batch is its own transaction and does only what is still asked for; whoever goes on later, goes on where it stopped.
A sweep ends only when nothing is left *and* nothing is on its way any more.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from campaigns.engine.audience import LAST_ID
from campaigns.engine.batches import (
    Deadline,
    campaign_is,
    keep_nothing,
    only_worker,
    until_done,
)
from campaigns.engine.enrolment import due_from
from campaigns.engine.purging import purge
from campaigns.engine.quiet import NOTHING_LEFT
from campaigns.models import Campaign
from channels.domain.kinds import KINDS
from channels.models import Channel

BATCH = 5_000
CANCEL, REQUEUE, EXIT = "cancel", "requeue", "exit"
#: What somebody decided about all drafts of a channel; those up to the id that the sweep's reason names.
RELEASE, DISCARD = "release", "discard"
DISCARDED = "discarded"
#: The reason that recalls what was sent but not opened: a journey that is exited (seed 000, Exit immediately).
_RECALLS = "exited"
_FIRST = "-infinity"


def sweep(campaign_id: int, now: datetime, *, seconds: float = 10.0) -> int:
    """All background work that actions left on a campaign and its channels; answers how many rows it changed."""
    deadline = Deadline(seconds)
    campaign = Campaign.objects.filter(pk=campaign_id).first()
    if campaign is None:
        return 0
    if campaign.deleted_at is not None:
        return purge(campaign_id, deadline)
    swept = sweep_campaign(campaign_id, now, deadline) if campaign.sweep else 0
    for pk in Channel.objects.filter(campaign_id=campaign_id).exclude(sweep="").values_list("pk", flat=True):
        swept += sweep_channel(pk, now, deadline)
    return swept


# --- the campaign: journeys end

# Places (ctid) instead of keys: the rows have just been locked, and nothing is looked up twice.
_END_JOURNEYS = """
    UPDATE campaigns_journey SET status = 'exited', reason = %(reason)s, ended_at = %(now)s
    WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM campaigns_journey WHERE campaign_id = %(campaign)s AND status = 'active'
        ORDER BY step, due_at LIMIT %(batch)s FOR UPDATE SKIP LOCKED))"""


def sweep_campaign(
    campaign_id: int, now: datetime, deadline: Deadline | None = None, *, batch: int = BATCH
) -> int:
    """End the active journeys of a campaign that was stopped or archived; answers how many."""
    swept = until_done(deadline or Deadline(10), partial(_end_journeys, campaign_id, now, batch))
    _finish_campaign(campaign_id)
    return swept


def _end_journeys(campaign_id: int, now: datetime, batch: int) -> int:
    with only_worker("sweep", campaign_id) as cursor:
        if cursor is None:
            return 0
        campaign = Campaign.objects.filter(pk=campaign_id, sweep=EXIT).only("status").first()
        if campaign is None:
            return 0
        reason = "archived" if campaign.status == "archived" else "stopped"
        values = {"campaign": campaign_id, "now": now, "batch": batch, "reason": reason}
        cursor.execute(_END_JOURNEYS, values)
        ended = int(cursor.rowcount)
        if ended and not campaign_is(cursor, campaign_id, "sweep = 'exit'"):
            keep_nothing()
            return 0
    return ended


def _finish_campaign(campaign_id: int) -> None:
    with only_worker("sweep", campaign_id) as cursor:
        if cursor is not None:
            cursor.execute(
                """UPDATE campaigns_campaign SET sweep = ''
                   WHERE id = %(campaign)s AND sweep = 'exit' AND (
                       SELECT j.id FROM campaigns_journey j WHERE j.campaign_id = %(campaign)s AND j.status = 'active'
                       ORDER BY j.step, j.due_at LIMIT 1) IS NULL""",
                {"campaign": campaign_id},
            )


# --- a channel: its ledger rows

# Ordered by the claim index's own columns, behind the last place, so that no batch walks over what is done.
_CANCEL = """
    WITH swept AS (
        UPDATE channels_delivery
        SET status = 'cancelled', reason = %(reason)s, lease_until = NULL, fence = NULL
        WHERE ctid = ANY(ARRAY(
            SELECT ctid FROM channels_delivery
            WHERE channel_id = %(channel)s AND status = 'pending' AND (due_at, id) > (%(due)s, %(id)s)
            ORDER BY due_at, id LIMIT %(batch)s FOR UPDATE SKIP LOCKED))
        RETURNING due_at AS due, id)
    SELECT count(*) OVER (), due, id FROM swept ORDER BY due DESC, id DESC LIMIT 1"""

_RECALL = """
    WITH taken AS (
        UPDATE channels_inappmessage SET recalled_at = %(now)s
        WHERE ctid = ANY(ARRAY(
            SELECT ctid FROM channels_inappmessage
            WHERE channel_id = %(channel)s AND delivery_id > %(id)s AND opened_at IS NULL AND recalled_at IS NULL
            ORDER BY delivery_id LIMIT %(batch)s FOR UPDATE SKIP LOCKED))
        RETURNING delivery_id AS id),
    recalled AS (
        UPDATE channels_delivery d SET status = 'recalled', reason = %(reason)s
        FROM taken WHERE d.id = taken.id AND d.status = 'sent' AND d.opened_at IS NULL)
    SELECT count(*) OVER (), id FROM taken ORDER BY id DESC LIMIT 1"""

# Behind the unique key: no other index has the cancelled rows, and none is worth its cost for this alone.
_REQUEUE = """
    WITH swept AS (
        UPDATE channels_delivery SET status = 'pending', reason = '', due_at = %(due_again)s
        WHERE ctid = ANY(ARRAY(
            SELECT ctid FROM channels_delivery
            WHERE channel_id = %(channel)s AND status = 'cancelled' AND reason = 'stopped'
                AND (run, step, person_id) > (%(run)s, %(step)s, %(person)s)
            ORDER BY run, step, person_id LIMIT %(batch)s FOR UPDATE SKIP LOCKED))
        RETURNING run, step, person_id AS person)
    SELECT count(*) OVER (), run, step, person FROM swept ORDER BY run DESC, step DESC, person DESC LIMIT 1"""

# Drafts, behind the last id: released into the queue, or cancelled. The partial index has no other row of the status.
_DRAFTS = """
    WITH swept AS (
        UPDATE channels_delivery SET status = %(becomes)s, reason = %(reason)s, due_at = greatest(due_at, %(now)s)
        WHERE ctid = ANY(ARRAY(
            SELECT ctid FROM channels_delivery
            WHERE channel_id = %(channel)s AND status = 'drafted' AND id > %(id)s AND id <= %(upto)s
            ORDER BY channel_id, status, id LIMIT %(batch)s FOR UPDATE SKIP LOCKED))
        RETURNING id)
    SELECT count(*) OVER (), id FROM swept ORDER BY id DESC LIMIT 1"""
_BECOMES = {
    RELEASE: {"becomes": "pending", "reason": ""},
    DISCARD: {"becomes": "cancelled", "reason": DISCARDED},
}

_STARTS: dict[str, dict[str, Any]] = {
    _CANCEL: {"due": _FIRST, "id": 0},
    _RECALL: {"id": 0},
    _DRAFTS: {"id": 0},
    _REQUEUE: {"run": -1, "step": "", "person": 0},
}


def sweep_channel(
    channel_id: int, now: datetime, deadline: Deadline | None = None, *, batch: int = BATCH
) -> int:
    """Cancel what a stop left unsent, recall what may be, queue it again, release drafts; answers how many rows."""
    deadline = deadline or Deadline(10)
    channel = Channel.objects.filter(pk=channel_id).exclude(sweep="").first()
    if channel is None:
        return 0
    values = {"channel": channel_id, "now": now, "batch": batch, "reason": channel.sweep_reason}
    values["due_again"] = due_from(channel, now)
    if channel.sweep == REQUEUE:
        swept, whole = _pass(channel, _REQUEUE, values, deadline)
    elif channel.sweep in _BECOMES:
        decided = values | _BECOMES[channel.sweep] | {"upto": _upto(channel)}
        swept, whole = _pass(channel, _DRAFTS, decided, deadline)
    else:
        swept, whole = _pass(channel, _CANCEL, values, deadline)
        if whole:
            unsent = values | {"becomes": "cancelled", "upto": LAST_ID}
            drafts, whole = _pass(channel, _DRAFTS, unsent, deadline)
            swept += drafts
        if whole and _recalls(channel):
            recalled, whole = _pass(channel, _RECALL, values, deadline)
            swept += recalled
    if whole:
        _finish_channel(channel)
    return swept


def _pass(channel: Channel, sql: str, values: dict[str, Any], deadline: Deadline) -> tuple[int, bool]:
    """Batch after batch from the first row to the last: how many rows, and whether the last was reached."""
    total, place = 0, _STARTS[sql]
    while True:
        found = _batch(channel, sql, values | place)
        if found is None:
            return total, False
        if not found:
            return total, True
        total += found[0]
        place = dict(zip(place, found[1:], strict=True))
        if deadline.passed():
            return total, False


def _batch(channel: Channel, sql: str, values: dict[str, Any]) -> tuple[Any, ...] | None:
    """One batch: (rows, place of the last …), () where there is none left, None where this is not ours to do now."""
    with only_worker("sweep", channel.campaign_id) as cursor:
        if cursor is None:
            return None
        cursor.execute(sql, values)
        found = cursor.fetchone()
        if not _still_asked(cursor, channel):
            keep_nothing()
            return None
    return found or ()


def _still_asked(cursor: Any, channel: Channel) -> bool:
    """Lock the channel until the batch has committed, and look whether its sweep is still the one begun."""
    cursor.execute(
        "SELECT 1 FROM channels_channel WHERE id = %s AND sweep = %s AND status = %s FOR SHARE",
        [channel.pk, channel.sweep, channel.status],
    )
    return cursor.fetchone() is not None


def _recalls(channel: Channel) -> bool:
    return channel.sweep_reason == _RECALLS and KINDS[channel.kind].recallable


#: Nothing of a channel is left to take back. A message that was on its way may have arrived behind the recall.
_NOTHING_TO_RECALL = """NOT EXISTS (
    SELECT 1 FROM channels_inappmessage m
    WHERE m.channel_id = %(channel)s AND m.opened_at IS NULL AND m.recalled_at IS NULL)"""


_NO_DRAFT = """(
    SELECT d.id FROM channels_delivery d WHERE d.channel_id = %(channel)s AND d.status = 'drafted' AND d.id <= %(upto)s
    ORDER BY d.channel_id, d.status, d.id LIMIT 1) IS NULL"""


def _upto(channel: Channel) -> int:
    """The last draft that a decision about all of them is about; later ones are for a decision of their own."""
    return int(channel.sweep_reason) if channel.sweep in _BECOMES else LAST_ID


def _finish_channel(channel: Channel) -> None:
    """The sweep is over, unless a row is still being sent (it may come back to the queue) or has been overlooked."""
    conditions = ["id = %(channel)s", "sweep = %(sweep)s", "status = %(status)s"]
    if channel.sweep != REQUEUE:
        conditions.append(_NO_DRAFT)
    if channel.sweep == CANCEL:
        conditions.append(NOTHING_LEFT.format(channel="%(channel)s"))
    if _recalls(channel):
        conditions.append(_NOTHING_TO_RECALL)
    values = {"channel": channel.pk, "sweep": channel.sweep, "status": channel.status, "upto": _upto(channel)}
    with only_worker("sweep", channel.campaign_id) as cursor:
        if cursor is not None:
            # Locked first: what the statement below sees is then what is so when it commits.
            cursor.execute("SELECT 1 FROM channels_channel WHERE id = %(channel)s FOR UPDATE", values)
            cursor.execute(
                f"UPDATE channels_channel SET sweep = '', sweep_reason = '' WHERE {' AND '.join(conditions)}",
                values,
            )

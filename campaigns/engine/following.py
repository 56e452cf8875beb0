"""Messages that follow what people do: the events that a campaign waits for become ledger rows, batch by batch.

A batch makes its rows and moves the campaign's event cursor in one transaction, so every event counts exactly once, in
the order in which the events came. ``run`` is how often this person has been given one before (0 the first time).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from campaigns.domain.deliveries import ACTION, API, BY_EVENT, INACTION, type_of
from campaigns.domain.durations import parse_duration
from campaigns.engine.audience import BY_INDEX, Audience, audience_of
from campaigns.engine.batches import Deadline, keep_nothing, only_worker
from campaigns.engine.events import event_name, last_safe_id_or_none
from campaigns.engine.skipping import LEDGER_COLUMNS_IN_FULL, skip_reason
from campaigns.models import Campaign
from channels.domain import states as cs
from channels.models import Channel

BATCH = 5_000
_RUNNING = "status = 'running' AND deleted_at IS NULL AND version = %(version)s"

#: The events of the next batch, in the order in which they came; those too young for their time to be over stay.
_END = """
    SELECT count(*), min(id), max(id), min(id) FILTER (WHERE received_at > %(now)s - %(within)s::interval)
    FROM (SELECT id, received_at FROM campaigns_event
          WHERE workspace_id = %(workspace)s AND name = %(name)s AND id > %(after)s AND id <= %(safe)s
          ORDER BY workspace_id, name, id LIMIT %(batch)s) AS next"""

#: inaction: the person did the second event within the time after the first.
_DID_IT = f"""EXISTS (
        SELECT 1 FROM campaigns_event w WHERE w.person_id = e.person_id AND w.name = %(without)s
            AND w.occurred_at >= e.occurred_at AND w.occurred_at <= e.occurred_at + %(within)s::interval {BY_INDEX})"""

# By the person's own rows: a plan that looked through the channel's would read the whole of it for each event.
_GIVEN = "d.person_id = e.person_id AND d.channel_id + 0 = %(channel)s"


def follow(campaign_id: int, now: datetime, *, seconds: float = 10.0, batch: int = BATCH) -> int:
    """Make the ledger rows for what has happened since the last time, for about ``seconds``; answers how many."""
    deadline = Deadline(seconds)
    campaign = Campaign.objects.filter(
        pk=campaign_id, kind="message", status="running", deleted_at__isnull=True
    ).first()
    if campaign is None or type_of(campaign.delivery) not in BY_EVENT:
        return 0
    safe = last_safe_id_or_none(campaign.workspace_id, event_name(campaign))
    made, goes_on = 0, safe is not None and safe > campaign.event_cursor
    while goes_on:
        found, goes_on = _batch(campaign_id, safe or 0, now, batch)
        made += found
        if deadline.passed():
            break
    return made


def _batch(campaign_id: int, safe: int, now: datetime, batch: int) -> tuple[int, bool]:
    """One batch in one transaction: how many rows it made, and whether there may be another."""
    with only_worker("follow", campaign_id) as cursor:
        campaign = Campaign.objects.filter(pk=campaign_id, status="running").first() if cursor else None
        audience = audience_of(campaign, now) if campaign else None
        if cursor is None or campaign is None or audience is None:
            return 0, False
        values = _values(campaign, audience, now) | {"safe": safe, "batch": batch}
        cursor.execute(_END, values)
        count, first, last, young = cursor.fetchone()
        if not count or first == young:
            return 0, False
        values["upto"] = (young - 1) if young is not None else last
        made = _insert_rows(cursor, campaign, audience, values)
        if not _advance(cursor, values):
            keep_nothing()
            return 0, False
    return made, young is None and count == batch


def _values(campaign: Campaign, audience: Audience, now: datetime) -> dict[str, Any]:
    delivery, every = campaign.delivery, campaign.frequency.get("at_most_every")
    within = parse_duration(delivery["within"]) if type_of(delivery) == INACTION else None
    delay = delivery.get("delay") if type_of(delivery) == ACTION else None
    return audience.params | {
        "campaign": campaign.pk,
        "version": campaign.version,
        "name": event_name(campaign),
        "after": campaign.event_cursor,
        "now": now,
        "without": delivery.get("without"),
        # Its end is counted from when we heard of the event, so that what is reported late still has its time.
        "within": within.interval if within else None,
        "delay": parse_duration(delay).interval if delay else "0 seconds",
        "every": parse_duration(every).interval if every else None,
    }


def _insert_rows(cursor: Any, campaign: Campaign, audience: Audience, values: dict[str, Any]) -> int:
    made = 0
    running = Channel.objects.filter(campaign=campaign, status=cs.RUNNING).order_by("pk")
    for pk, kind in running.values_list("pk", "kind"):
        cursor.execute(follow_sql(campaign, kind, audience), values | {"channel": pk})
        made += int(cursor.rowcount)
    return made


def follow_sql(campaign: Campaign, kind: str, audience: Audience) -> str:
    """The statement that makes the rows of one batch of events (%(after)s < id <= %(upto)s) in one channel."""
    conditions = [audience.has("p")]
    if type_of(campaign.delivery) == INACTION:
        conditions.append(f"NOT {_DID_IT}")
    often = _every_time(campaign)
    if not often:
        conditions.append(
            f"NOT EXISTS (SELECT 1 FROM channels_delivery d WHERE {_GIVEN} {_lately(campaign)} {BY_INDEX})"
        )
    # Once, or at most once in a time: of several events in a batch the first counts.
    first = "" if often else "DISTINCT ON (e.person_id)"
    nth = "row_number() OVER (PARTITION BY e.person_id ORDER BY e.id) - 1" if often else "0"
    before = f"""coalesce((SELECT max(d.run) + 1 FROM channels_delivery d WHERE {_GIVEN}), 0)"""
    return f"""
        INSERT INTO channels_delivery {LEDGER_COLUMNS_IN_FULL}
        SELECT %(channel)s, run, '', person_id, CASE WHEN why = '' THEN 'pending' ELSE 'skipped' END, why, due, 0, '', '',
            event_id, NULL::timestamptz
        FROM (
            SELECT {first} e.person_id, e.id AS event_id, {nth} + {before} AS run, {skip_reason(kind, "false")} AS why,
                GREATEST(e.occurred_at + %(delay)s::interval, %(now)s) AS due
            FROM campaigns_event e JOIN campaigns_person p ON p.id = e.person_id
            WHERE e.workspace_id = %(workspace)s AND e.name = %(name)s AND e.id > %(after)s AND e.id <= %(upto)s
                AND {" AND ".join(conditions)}
            ORDER BY e.person_id, e.id OFFSET 0) AS person
        ON CONFLICT DO NOTHING"""


def _every_time(campaign: Campaign) -> bool:
    """By API every trigger counts, unless something else is said; otherwise a person gets it once."""
    if not campaign.frequency:
        return type_of(campaign.delivery) == API
    return bool(campaign.frequency.get("every_time"))


def _lately(campaign: Campaign) -> str:
    return "AND d.due_at > %(now)s - %(every)s::interval" if campaign.frequency.get("at_most_every") else ""


def _advance(cursor: Any, values: dict[str, Any]) -> bool:
    """Move the cursor behind the batch, unless the campaign has changed under it."""
    cursor.execute(
        f"""UPDATE campaigns_campaign SET event_cursor = %(upto)s
            WHERE id = %(campaign)s AND event_cursor = %(after)s AND {_RUNNING}""",
        values,
    )
    return bool(cursor.rowcount == 1)

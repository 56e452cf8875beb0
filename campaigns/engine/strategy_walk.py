"""Who of a python campaign's contacts is next: a walk by person id, and again from the start for whoever was added."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import Error, connection, transaction

from campaigns.domain.strategies import Contact
from campaigns.engine.audience import BY_INDEX, LAST_ID, Audience
from campaigns.engine.batches import go_by_index
from campaigns.models import StrategyRun

#: How long after the end of a walk the next one begins: whoever is added is asked about a little later than that.
WALK_AGAIN = timedelta(minutes=1)
#: In later walks most have been asked about already: so many are passed over at once.
STRIDE = 20_000


@dataclass(frozen=True, slots=True)
class Next:
    """A contact whose turn it is."""

    person_id: int
    contact: Contact


@dataclass(frozen=True, slots=True)
class Batch:
    """The next contacts; the cursor behind them, and whether that is the end of the walk."""

    contacts: list[Next]
    cursor: int
    ends: bool


@contextmanager
def only_strategist(campaign_id: int) -> Iterator[bool]:
    """Whether this worker alone asks this campaign's strategy while the block runs; a worker that dies gives it up.

    A lock of the session, as strategies are asked outside of any transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended('strategy', %s))", [campaign_id])
        mine = bool(cursor.fetchone()[0])
    try:
        yield mine
    finally:
        if mine:
            _unlock(campaign_id)


def _unlock(campaign_id: int) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended('strategy', %s))", [campaign_id])
    except Error:
        connection.close()


def is_resting(run: StrategyRun, now: datetime) -> bool:
    """Whether everybody has been asked about, so recently that nobody is looked for yet."""
    return run.cursor == 0 and run.walked_at is not None and now - run.walked_at < WALK_AGAIN


def next_batch(run: StrategyRun, audience: Audience, most: int) -> Batch:
    """The next at most ``most`` contacts behind the run's cursor who have not been asked about in this run."""
    values = audience.params | {
        "after": run.cursor, "chunk": STRIDE if run.walks else most, "most": most,
        "campaign": run.campaign_id, "run": run.number,
    }  # fmt: skip
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            go_by_index(cursor)
            cursor.execute(audience.chunk_end(), values)
            end = cursor.fetchone()
            values["upto"] = end[0] if end else LAST_ID
            cursor.execute(next_sql(audience), values)
            found = [_next(row) for row in cursor.fetchall()]
        if len(found) == most:
            return Batch(found, found[-1].person_id, False)
        if found or end is None:
            return Batch(found, values["upto"], end is None)
        values["after"] = values["upto"]


def next_sql(audience: Audience) -> str:
    """Those with after < id <= upto who have no row in this run, in the order of their ids."""
    return f"""
        SELECT p.id, p.external_id, p.email, p.phone, p.timezone, p.attributes::text {audience.people("p")}
            AND NOT EXISTS (SELECT 1 FROM campaigns_strategycontact asked WHERE asked.campaign_id = %(campaign)s
                AND asked.run = %(run)s AND asked.person_id = p.id {BY_INDEX})
        ORDER BY p.id LIMIT %(most)s"""


def _next(row: tuple[Any, ...]) -> Next:
    person_id, external_id, email, phone, zone, attributes = row
    return Next(person_id, Contact(external_id, email, phone, zone, json.loads(attributes or "{}")))

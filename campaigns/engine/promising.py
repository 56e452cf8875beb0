"""Whom a remarketing channel is for: counted by outcome, and frozen in one statement when the channel is made.

What is reported afterwards neither adds to a promise nor takes from it. The people are copied out of the ledger before
the campaign is locked, so that a stop of another channel never waits for a million of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import connection, transaction

from campaigns.domain.remarketing import Outcome, outcomes_of
from campaigns.engine.audience import BY_INDEX, LAST_ID, audience_of_channel
from campaigns.engine.batches import (
    Deadline,
    go_by_index,
    only_worker,
    plan_freely,
    until_done,
    walk_together,
)
from campaigns.engine.skipping import address_of
from channels.domain import states as cs
from channels.models import Channel

BATCH = 5_000

# Both sides in the order of the person: the ledger's own key, and the people's.
_ROWS = """FROM channels_delivery d JOIN campaigns_person p ON p.id = d.person_id
    WHERE d.channel_id = %(channel)s AND d.run = %(run)s AND d.step = '' AND p.workspace_id = %(workspace)s"""

#: For counting, which needs no order: never along the index of people, which a table that was not analysed yet makes
#: look as good as the ledger's own key.
_UNORDERED = _ROWS.replace("= d.person_id", "= d.person_id + 0")

# Whoever was not even in the queue when the channel was stopped: enrolment had not come to them.
_UNQUEUED = """{people} AND NOT EXISTS (
    SELECT 1 FROM channels_delivery d WHERE d.channel_id = %(channel)s AND d.run = %(run)s AND d.step = ''
        AND d.person_id = p.id {by_index})"""


def condition(outcome: Outcome) -> str:
    """The outcome as a condition on the ledger row ``d``; its values are constants of the table."""
    parts = [f"d.status = '{outcome.status}'"]
    if outcome.reasons:
        parts.append(f"d.reason IN ({_listed(outcome.reasons)})")
    if outcome.but_reasons:
        parts.append(f"d.reason NOT IN ({_listed(outcome.but_reasons)})")
    parts += [f"d.{name} IS NOT NULL" for name in outcome.happened]
    parts += [f"d.{name} IS NULL" for name in outcome.missing]
    return " AND ".join(parts)


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(f"'{word}'" for word in words)


def count_sql(kind: str, to: str = "") -> str:
    """One walk over the channel's rows: how many people each of its outcomes takes, in the table's order.

    With ``to``, a kind of channel, then also how many of them have no address for it.
    """
    conditions = [condition(one) for one in outcomes_of(kind)]
    if address := address_of(to) if to else "":
        conditions += [f"{one} AND p.{address} = ''" for one in conditions]
    columns = ", ".join(f"count(*) FILTER (WHERE {one})" for one in conditions)
    return f"SELECT {columns} {_UNORDERED}"


def freeze_sql(outcome: Outcome) -> str:
    """Copies the people of one outcome into the promise of %(promise)s, in the order of its key."""
    return f"""INSERT INTO channels_promisedperson (channel_id, person_id)
        SELECT %(promise)s, d.person_id {_ROWS} AND {condition(outcome)} ORDER BY d.person_id"""


@dataclass(frozen=True, slots=True)
class Taken:
    """How many people an outcome takes now, and how many of them have no address for another kind of channel."""

    people: int
    unreachable: int = 0


def count_outcomes(source: Channel, to: str = "") -> dict[str, Taken]:
    """Outcome key → whom of this channel it takes now; ``to`` is the kind of channel that they would get."""
    found = outcomes_of(source.kind)
    address = address_of(to) if to else ""
    with _walking() as cursor:
        cursor.execute(count_sql(source.kind, to), _values(source))
        row = cursor.fetchone()
        people, without = row[: len(found)], row[len(found) :] or (0,) * len(found)
        numbers = {one.key: Taken(*pair) for one, *pair in zip(found, people, without, strict=True)}
        for one in found:
            if one.unqueued and (unqueued := _unqueued(source)):
                sql, values = unqueued
                lacks = f"p.{address} = ''" if address else "false"
                cursor.execute(f"SELECT count(*), count(*) FILTER (WHERE {lacks}) {sql}", values)
                more, lacking = cursor.fetchone()
                before = numbers[one.key]
                numbers[one.key] = Taken(before.people + more, before.unreachable + lacking)
    return numbers


def reserve_channel() -> int:
    """The id of a channel that is about to be made, for its promise."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('channels_channel', 'id'))")
        return int(cursor.fetchone()[0])


def freeze(promise: int, source: Channel, outcome: Outcome) -> int:
    """Promise the channel with the id ``promise`` to everybody whom the outcome takes now; answers how many."""
    with _walking() as cursor:
        cursor.execute(freeze_sql(outcome), _values(source) | {"promise": promise})
        number = int(cursor.rowcount)
        if outcome.unqueued and (unqueued := _unqueued(source)):
            sql, values = unqueued
            cursor.execute(
                f"INSERT INTO channels_promisedperson (channel_id, person_id) SELECT %(promise)s, p.id {sql}",
                values | {"promise": promise},
            )
            number += int(cursor.rowcount)
    return number


@contextmanager
def _walking() -> Iterator[Any]:
    """A cursor whose statements walk indexes and join them as wholes; then the session plans as it did before."""
    with transaction.atomic(), connection.cursor() as cursor:
        go_by_index(cursor)
        walk_together(cursor)
        yield cursor
        plan_freely(cursor)


def _values(source: Channel) -> dict[str, Any]:
    return {"channel": source.pk, "run": source.run, "workspace": source.campaign.workspace_id}


def _unqueued(source: Channel) -> tuple[str, dict[str, Any]] | None:
    """``FROM … WHERE …`` over people ``p`` of the audience without a row, where a stop came before the enrolment's end."""
    audience = audience_of_channel(source)
    if source.enrolled or source.status != cs.STOPPED or source.started_at is None or audience is None:
        return None
    sql = _UNQUEUED.format(people=audience.people("p"), by_index=BY_INDEX)
    return sql, audience.params | _values(source) | {"after": source.enrol_cursor, "upto": LAST_ID}


# The channels of the promises, one after the other by the key's first column, instead of everybody who was promised.
_ORPHANS = """
    WITH RECURSIVE promises (channel_id) AS (
        (SELECT channel_id FROM channels_promisedperson ORDER BY channel_id LIMIT 1)
        UNION ALL
        SELECT (SELECT p.channel_id FROM channels_promisedperson p WHERE p.channel_id > promises.channel_id
                ORDER BY p.channel_id LIMIT 1)
        FROM promises WHERE promises.channel_id IS NOT NULL)
    SELECT channel_id FROM promises
    WHERE channel_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM channels_channel c WHERE c.id = promises.channel_id)"""

_FORGET = """
    DELETE FROM channels_promisedperson WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM channels_promisedperson WHERE channel_id = %(channel)s
        ORDER BY person_id LIMIT %(batch)s FOR UPDATE SKIP LOCKED))"""


def forget_promises(seconds: float = 10.0, batch: int = BATCH) -> int:
    """Delete the promises of channels that are gone, in batches; answers how many rows."""
    with connection.cursor() as cursor:
        cursor.execute(_ORPHANS)
        channels = [pk for (pk,) in cursor.fetchall()]
    deadline, gone = Deadline(seconds), 0
    for channel_id in channels:
        gone += until_done(deadline, partial(_forget, channel_id, batch))
    return gone


def _forget(channel_id: int, batch: int) -> int:
    with only_worker("promise", channel_id) as cursor:
        if cursor is None:
            return 0
        cursor.execute(_FORGET, {"channel": channel_id, "batch": batch})
        return int(cursor.rowcount)

"""Proves the ledger: that the counts are its rows, that nobody is lost and nobody is in it twice.

Everything is compared inside PostgreSQL in one snapshot, so it holds while campaigns run; only what does *not* fit is
ever fetched, a few rows at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, Sum

from campaigns.domain.deliveries import IN_RUNS, ONE_BY_ONE
from campaigns.domain.programs import BY_STEPS
from campaigns.engine.audience import LAST_ID, audience_of_channel
from campaigns.models import Person, Run
from channels.domain import states as cs
from channels.models import Channel, Delivery

#: Rows that are fetched at a time.
_AT_A_TIME = 500


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold: a query for the rows that break it, and the sentence that such a row becomes."""

    sentence: str
    sql: str


_COUNTED = ", ".join(f"'{status}'" for status in cs.DELIVERY_STATUSES)

CHECKS = (
    Check(
        "channel {}: the count of “{}” in run {} step “{}” is {}, the ledger has {}",
        """SELECT channel_id, status, run, step, coalesce(counted.n, 0), coalesce(actual.n, 0)
            FROM (SELECT channel_id, run, step, status, sum(n) AS n FROM channels_tally
                  GROUP BY channel_id, run, step, status) AS counted
            FULL JOIN (
                SELECT channel_id, run, step, status, count(*) AS n FROM channels_delivery
                GROUP BY channel_id, run, step, status
                UNION ALL
                SELECT channel_id, run, step, outcome, n FROM (
                    SELECT channel_id, run, step, count(delivered_at) AS delivered, count(opened_at) AS opened,
                        count(clicked_at) AS clicked, count(converted_at) AS converted,
                        count(*) FILTER (WHERE reason = 'busy') AS busy,
                        count(*) FILTER (WHERE reason = 'no_answer') AS no_answer,
                        count(*) FILTER (WHERE reason = 'machine') AS machine
                    FROM channels_delivery GROUP BY channel_id, run, step) AS sums,
                LATERAL (VALUES ('delivered', delivered), ('opened', opened), ('clicked', clicked),
                                ('converted', converted), ('busy', busy), ('no_answer', no_answer),
                                ('machine', machine)) AS outcomes (outcome, n)
            ) AS actual USING (channel_id, run, step, status)
            WHERE coalesce(counted.n, 0) <> coalesce(actual.n, 0)
            ORDER BY channel_id, run, step, status""",
    ),
    Check(
        "campaign {}: the count of “{}” journeys at step “{}” is {}, there are {}",
        """SELECT campaign_id, status, step, coalesce(counted.n, 0), coalesce(actual.n, 0)
           FROM (SELECT campaign_id, step, status, sum(n) AS n FROM campaigns_journeytally
                 WHERE status <> 'arrived' GROUP BY campaign_id, step, status) AS counted
           FULL JOIN (SELECT campaign_id, step, status, count(*) AS n FROM campaigns_journey
                      GROUP BY campaign_id, step, status) AS actual USING (campaign_id, step, status)
           WHERE coalesce(counted.n, 0) <> coalesce(actual.n, 0) ORDER BY campaign_id, step, status""",
    ),
    Check(
        "campaign {}: only {} people have ever come to step “{}”, but {} are counted there",
        """SELECT campaign_id, arrived, step, there FROM (
               SELECT campaign_id, step, sum(n) FILTER (WHERE status = 'arrived') AS arrived,
                   sum(n) FILTER (WHERE status <> 'arrived') AS there
               FROM campaigns_journeytally GROUP BY campaign_id, step) AS counted
           WHERE there > coalesce(arrived, 0) ORDER BY campaign_id, step""",
    ),
    Check(
        "delivery {}: status “{}” is none of the ledger's",
        f"SELECT id, status FROM channels_delivery WHERE status NOT IN ({_COUNTED}) ORDER BY id",
    ),
    Check(
        "deliveries of channel {}: there is no such channel ({} rows)",
        """SELECT d.channel_id, sum(d.n) FROM (
               SELECT channel_id, count(*) AS n FROM channels_delivery GROUP BY channel_id) AS d
           LEFT JOIN channels_channel c ON c.id = d.channel_id
           WHERE c.id IS NULL GROUP BY d.channel_id ORDER BY d.channel_id""",
    ),
    Check(
        "delivery {} of channel {}: it is “{}”, but the channel is {}",
        """SELECT d.id, d.channel_id, d.status, c.status
           FROM channels_delivery d JOIN channels_channel c ON c.id = d.channel_id
           WHERE d.status IN ('pending', 'sending') AND c.sweep = ''
               AND (c.status = 'completed' OR c.status = 'stopped' OR c.status = 'ready') ORDER BY d.id""",
    ),
    Check(
        "channel {}, run {}, step “{}”: person {} has {} rows",
        """SELECT channel_id, run, step, person_id, count(*) FROM channels_delivery
           GROUP BY channel_id, run, step, person_id HAVING count(*) > 1
           ORDER BY channel_id, run, step, person_id""",
    ),
    # A call that reached nobody may be placed again, as the channel's content says: the one exception to "once".
    Check(
        "delivery {} was called again {} times, the log has {} calls before the last",
        """SELECT d.id, d.redials, count(c.id) FROM channels_delivery d
           LEFT JOIN channels_call c ON c.delivery_id = d.id AND c.number <= d.redials
               AND c.outcome IN ('busy', 'no_answer', 'machine') AND c.again_at IS NOT NULL
           WHERE d.redials > 0 GROUP BY d.id, d.redials HAVING count(c.id) <> d.redials ORDER BY d.id""",
    ),
    Check(
        "delivery {} was called again although call {} was answered",
        """SELECT c.delivery_id, min(c.number) FROM channels_call c
           JOIN channels_call later ON later.delivery_id = c.delivery_id AND later.number > c.number
               AND later.called_at > c.reported_at
           WHERE c.outcome = 'answered' GROUP BY c.delivery_id ORDER BY c.delivery_id""",
    ),
    Check(
        "campaign {}, run {}: {} communications are planned for its contacts, the ledger has {}",
        """SELECT campaign_id, run, coalesce(planned.n, 0), coalesce(actual.n, 0)
           FROM (SELECT campaign_id, run, sum(planned) AS n FROM campaigns_strategycontact
                 GROUP BY campaign_id, run) AS planned
           FULL JOIN (SELECT c.campaign_id, d.run, count(*) AS n FROM channels_plannedmessage m
                      JOIN channels_delivery d ON d.id = m.delivery_id JOIN channels_channel c ON c.id = d.channel_id
                      GROUP BY c.campaign_id, d.run) AS actual USING (campaign_id, run)
           JOIN campaigns_campaign k ON k.id = campaign_id AND k.deleted_at IS NULL
           WHERE coalesce(planned.n, 0) <> coalesce(actual.n, 0) ORDER BY campaign_id, run""",
    ),
    Check(
        "the constraint {} that keeps anybody from being in the ledger twice is missing or not valid",
        """SELECT wanted FROM (VALUES ('delivery_once'), ('journey_once_per_entry'),
               ('strategy_contact_once_per_run')) AS names (wanted)
           WHERE NOT EXISTS (SELECT 1 FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
                             WHERE c.relname = wanted AND i.indisunique AND i.indisvalid)""",
    ),
    Check(
        "campaign {} is {}, but its channel {} is still running",
        """SELECT k.id, k.status, c.id FROM campaigns_campaign k JOIN channels_channel c ON c.campaign_id = k.id
           WHERE k.status IN ('draft', 'stopped', 'completed', 'archived') AND c.status = 'running'
               AND k.deleted_at IS NULL ORDER BY k.id, c.id""",
    ),
    Check(
        "campaign {} is {}, but {} journeys are still active",
        """SELECT k.id, k.status, count(*) FROM campaigns_journey j JOIN campaigns_campaign k ON k.id = j.campaign_id
           WHERE j.status = 'active' AND k.status NOT IN ('running', 'stopping') AND k.sweep = ''
               AND NOT (k.kind = 'flow' AND k.status IN ('draft', 'errored'))
               AND k.deleted_at IS NULL GROUP BY k.id, k.status ORDER BY k.id""",
    ),
    Check(
        "message {} in the inbox of person {}: its delivery is “{}”",
        """SELECT m.delivery_id, m.person_id, coalesce(d.status, 'missing') FROM channels_inappmessage m
           LEFT JOIN channels_delivery d ON d.id = m.delivery_id
           WHERE d.id IS NULL OR (m.recalled_at IS NULL) <> (d.status <> 'recalled') ORDER BY m.delivery_id""",
    ),
)

# Whoever was in the audience when the channel (or its run) started, and whom the enrolment has passed, must have a row.
_LOST = """
    SELECT p.id {people} AND {joined} <= %(started)s AND NOT EXISTS (
        SELECT 1 FROM channels_delivery d
        WHERE d.channel_id = %(channel)s AND d.run = %(run)s AND d.person_id = p.id)
    ORDER BY p.id"""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much was looked at."""

    campaigns: int
    channels: int
    deliveries: int
    people_gone: int
    """Rows of people who have been deleted since: their messages went out, so they stay counted."""
    called_again: int = 0
    """Calls that reached nobody and were placed again: the one exception to *nobody is contacted twice*."""


@contextmanager
def one_snapshot() -> Iterator[None]:
    """Everything inside sees the database as it is at one moment. Must not be inside another transaction to do so."""
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        if outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        with _tables_joined_as_wholes():
            yield


@contextmanager
def _tables_joined_as_wholes() -> Iterator[None]:
    """Read each table once and join by hash or by order, never row by row.

    The proof is about everything there is, so that is never much slower. After an import the statistics are from before
    it: the planner expects one person, loops over ten thousand of them and walks as many ledger rows for each.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop = off")
        yield
        cursor.execute("SET LOCAL enable_nestloop = on")


def violations() -> Iterator[str]:
    """A sentence for everything that does not fit; nothing where the ledger is proved."""
    for check in CHECKS:
        for row in _stream(check.sql, {}):
            yield check.sentence.format(*row)
    yield from _lost_people()


def extent() -> Extent:
    """What the proof is about."""
    gone = Delivery.objects.filter(~Exists(_PEOPLE))
    counted = Channel.objects.values_list("campaign_id").distinct().count()
    again = Delivery.objects.aggregate(calls=Sum("redials"))["calls"] or 0
    return Extent(counted, Channel.objects.count(), Delivery.objects.count(), gone.count(), again)


_PEOPLE = Person.objects.filter(pk=OuterRef("person_id"))


@dataclass(frozen=True, slots=True)
class _Enrolment:
    """Who must have a row: the audience of a channel, from the start of a run, as far as the enrolment has come."""

    channel: Channel
    run: int
    started: datetime
    passed: int

    @property
    def named(self) -> str:
        return f"channel {self.channel.pk}" + (f", run {self.run}" if self.run else "")


def _lost_people() -> Iterator[str]:
    """People who were in the audience at the start and have no ledger row although the enrolment has passed them."""
    for enrolment in (*_blasts(), *_runs()):
        audience = audience_of_channel(enrolment.channel)
        if audience is None or audience.where is not None:
            continue  # who met a condition at the start cannot be told afterwards
        values = audience.params | {
            "after": 0, "upto": enrolment.passed, "channel": enrolment.channel.pk, "run": enrolment.run,
            "started": enrolment.started,
        }  # fmt: skip
        sql = _LOST.format(people=audience.people("p"), joined=audience.joined("p"))
        for (person,) in _stream(sql, values):
            yield f"{enrolment.named}: person {person} of its audience has no row"


def _blasts() -> Iterator[_Enrolment]:
    """Channels that go over their audience once. Who follows people one by one has no audience to go over."""
    started = Channel.objects.filter(
        started_at__isnull=False,
        status__in=(cs.RUNNING, cs.PAUSED, cs.ERRORED, cs.COMPLETED),
        campaign__deleted_at__isnull=True,
    ).exclude(campaign__kind__in=(*BY_STEPS, "python"))
    once = started.filter(
        Q(campaign__delivery__type__isnull=True) | ~Q(campaign__delivery__type__in=(*IN_RUNS, *ONE_BY_ONE))
    )
    for channel in once.select_related("campaign").order_by("pk").iterator(chunk_size=_AT_A_TIME):
        assert channel.started_at is not None  # the query asks for it
        yield _Enrolment(channel, 0, channel.started_at, _passed(channel))


def _runs() -> Iterator[_Enrolment]:
    """Every run that has begun, in each channel that was there then; one that was stopped left people out on purpose."""
    begun = Run.objects.filter(
        status__in=(Run.RUNNING, Run.COMPLETED), started_at__isnull=False, campaign__deleted_at__isnull=True
    )
    for run in begun.order_by("pk").iterator(chunk_size=_AT_A_TIME):
        assert run.started_at is not None  # the query asks for it
        there = Channel.objects.filter(campaign_id=run.campaign_id, created_at__lte=run.started_at)
        for channel in there.select_related("campaign").order_by("pk"):
            goes_on = run.status == Run.RUNNING
            passed = _passed(channel) if goes_on and channel.run == run.number else 0 if goes_on else LAST_ID
            yield _Enrolment(channel, run.number, run.started_at, passed)


def _passed(channel: Channel) -> int:
    return LAST_ID if channel.enrolled else channel.enrol_cursor


def _stream(sql: str, values: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """The rows of a query through a cursor of the server: memory stays flat however much is wrong."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, values)
        while rows := cursor.fetchmany(_AT_A_TIME):
            yield from rows

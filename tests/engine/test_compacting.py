"""Folding the ledger's counts changes no sum, whoever reads or counts meanwhile."""

from __future__ import annotations

import pytest
from django.db import connection, transaction

from channels.engine.compacting import compact_tallies
from channels.engine.dispatch import dispatch_channel
from channels.models import Channel, Delivery, Tally
from tests.engine.sending import NOW, make_blast, tallies
from tests.engine.world import at_once

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


def crowd(channel: Channel, rows: int) -> None:
    """Many single differences, as many small groups leave them."""
    ids = list(Delivery.objects.filter(channel=channel).values_list("pk", flat=True))[:rows]
    for pk in ids:
        Delivery.objects.filter(pk=pk).update(status="sent")


def test_many_differences_become_one_row_a_status() -> None:
    channel, other = make_blast(200), make_blast(3)
    crowd(channel, 100)
    before = tallies(channel)
    assert Tally.objects.filter(channel=channel).count() > 100
    assert compact_tallies() == 1
    assert Tally.objects.filter(channel=channel).count() == 2
    assert tallies(channel) == before == {"sent": 100, "pending": 100}
    assert tallies(other) == {"pending": 3}
    assert compact_tallies() == 0


def test_a_few_rows_are_not_worth_it() -> None:
    channel = make_blast(100)
    crowd(channel, 10)
    before = set(Tally.objects.values_list("pk", flat=True))
    assert compact_tallies() == 0
    assert set(Tally.objects.values_list("pk", flat=True)) == before


def test_outcomes_are_folded_too() -> None:
    channel = make_blast(100)
    crowd(channel, 90)
    Delivery.objects.filter(channel=channel, status="sent").update(opened_at=NOW)
    compact_tallies()
    assert tallies(channel) == {"sent": 90, "pending": 10, "opened": 90}


@pytest.mark.django_db(transaction=True)
def test_counting_and_folding_at_once_lose_nothing() -> None:
    channel = make_blast(1500, parallelism=1)
    sums: list[int] = []

    def fold() -> None:
        for _ in range(40):
            compact_tallies()

    def read() -> None:
        for _ in range(80):
            with connection.cursor() as cursor:
                cursor.execute("SELECT sum(n) FROM channels_tally WHERE channel_id = %s", [channel.pk])
                sums.append(int(cursor.fetchone()[0]))

    crowd(channel, 300)
    at_once(lambda: dispatch_channel(channel.pk, now=NOW), fold, fold, read)
    assert set(sums) == {1500}
    assert tallies(channel) == {"sent": 1500}


@pytest.mark.django_db(transaction=True)
def test_somebody_else_is_folding_already() -> None:
    channel = make_blast(100)
    crowd(channel, 60)
    from channels.engine.compacting import _LOCK_CLASS

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK_CLASS, channel.pk])
        assert at_once(compact_tallies) == [0]
    assert compact_tallies() == 1

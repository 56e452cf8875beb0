"""Messages on a date of each person: by their own clock, each date once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from campaigns.engine import dates
from campaigns.engine.audience import audience_of
from campaigns.engine.batches import go_by_index
from campaigns.engine.ledger import violations
from campaigns.models import Campaign, Person
from campaigns.services import duties
from channels.models import Delivery
from tests.campaigns.runs import DAY, NOW, fresh, published
from tests.engine import world

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def dated(campaign: Campaign, who: int, **values: Any) -> None:
    zone = values.pop("timezone", "")
    Person.objects.filter(external_id=f"person-{who}").update(attributes=values, timezone=zone)


BIRTHDAY = {"type": "date_time", "attribute": "born", "at": "09:30"}


def test_each_person_on_their_date_by_their_own_clock() -> None:
    campaign = published(BIRTHDAY, timezone="Europe/Berlin", people=6)
    dated(campaign, 1, born="2030-03-05")
    dated(campaign, 2, born="2030-03-05", timezone="America/New_York")
    dated(campaign, 3, born="2030-03-05T23:00:00+01:00", timezone="Asia/Tokyo")
    dated(campaign, 4, born="2030-02-30")
    dated(campaign, 5, born=["2030-03-05"])
    for half_hours in range(2 * 30):
        dates.follow_dates(campaign.pk, NOW + half_hours * 30 * MINUTE)
    found = Delivery.objects.order_by("due_at").values_list("person__external_id", "step", "due_at")
    assert [(who, step, due.isoformat()) for who, step, due in found] == [
        ("person-3", "2030-03-05", "2030-03-05T00:30:00+00:00"),
        ("person-1", "2030-03-05", "2030-03-05T08:30:00+00:00"),
        ("person-2", "2030-03-05", "2030-03-05T14:30:00+00:00"),
    ]
    assert list(violations()) == []


def test_rows_of_dates_are_there_shortly_before_and_never_twice() -> None:
    campaign = published(BIRTHDAY)
    dated(campaign, 1, born="2030-03-04")
    duties.work(NOW)
    row = Delivery.objects.get()
    assert (row.status, row.due_at) == ("pending", NOW + 30 * MINUTE)
    for minutes in (10, 20, 30, 40):
        duties.work(NOW + minutes * MINUTE)
    assert Delivery.objects.count() == 1


def test_a_date_before_the_start_or_missed_by_more_than_a_day_is_over() -> None:
    campaign = published(BIRTHDAY)
    dated(campaign, 1, born="2030-03-03")
    dated(campaign, 2, born="2030-03-06")
    dated(campaign, 3, born="2030-03-07")
    duties.work(NOW)
    duties.work(NOW + 4 * DAY)
    assert list(Delivery.objects.values_list("person__external_id", flat=True)) == ["person-3"]


def test_the_walk_over_dates_goes_on_where_it_stopped() -> None:
    campaign = published(BIRTHDAY, people=10)
    Person.objects.update(attributes={"born": "2030-03-04"})
    assert dates.follow_dates(campaign.pk, NOW, chunk=3) == 10
    assert fresh(campaign).enter_cursor == -1
    assert dates.follow_dates(campaign.pk, NOW + MINUTE, chunk=3) == 0


@pytest.mark.slow
def test_dates_are_looked_for_chunk_by_chunk() -> None:
    campaign = published(BIRTHDAY, people=4_000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE campaigns_person, campaigns_segmentmember")
    audience = audience_of(campaign)
    assert audience is not None
    values = dates._values(fresh(campaign), audience, NOW)
    values |= {"channel": campaign.channels.get().pk, "upto": 10**9, "chunk": 1_000}
    with transaction.atomic(), connection.cursor() as cursor:
        go_by_index(cursor)
        plan = world.explain(dates.dates_sql("email", audience), values)
    assert "Seq Scan" not in plan, plan

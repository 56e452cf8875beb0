"""However many people, events and journeys there are, who enters by an event, an attribute or a date is found by index."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from campaigns.engine import entering, entering_dates, entering_events
from campaigns.engine.batches import go_by_index, walk_together
from campaigns.engine.doors import door_of
from campaigns.models import Campaign, Entrance, Segment
from tests.engine import world
from tests.engine.world import NOW, add_to_list, make_journey, make_people, make_workspace, message

pytestmark = [pytest.mark.django_db, pytest.mark.engine, pytest.mark.slow]

PEOPLE = 200_000
TABLES = ("person", "segmentmember", "journey", "event")


def assert_by_index(sql: str, values: dict[str, Any]) -> None:
    plan = world.explain(sql, values)
    for table in TABLES:
        assert f"Seq Scan on campaigns_{table}" not in plan, plan


def test_who_enters_is_found_by_index() -> None:
    """200,000 people of each campaign's journeys and events, with and without statistics of them."""
    workspace = make_workspace()
    people = make_people(workspace, PEOPLE)
    gold = Segment.objects.create(
        workspace=workspace, name="$trigger", kind="condition", hidden=True, filled_at=NOW
    )
    triggers: dict[str, dict[str, Any]] = {
        "attribute": {"type": "attribute", "condition": {"attribute": "plan", "op": "eq", "value": "gold"}},
        "event": {
            "type": "event",
            "name": "purchase",
            "condition": {"property": "amount", "op": "gt", "value": 5},
        },
        "date": {"type": "date", "attribute": "renewal", "at": "09:00"},
    }
    campaigns = {
        name: make_journey(
            None,
            [message("hello")],
            workspace=workspace,
            trigger=trigger,
            frequency={"at_most_every": "9 days"},
        )
        for name, trigger in triggers.items()
    }
    Entrance.objects.filter(campaign=campaigns["attribute"]).update(segment=gold)
    insert_events()
    # As a planner sees it that knows nothing of what has come since.
    check_plans(campaigns, people, gold)
    add_to_list(gold, people, NOW)
    for campaign in campaigns.values():
        insert_journeys(campaign)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE " + ", ".join(f"campaigns_{table}" for table in TABLES))
    check_plans(campaigns, people, gold)


def insert_events() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO campaigns_event (workspace_id, person_id, name, properties, event_id, occurred_at, received_at)
               SELECT workspace_id, id, 'purchase', '{"amount": 7}', '', %(now)s, %(now)s FROM campaigns_person""",
            {"now": NOW},
        )


def insert_journeys(campaign: Campaign) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO campaigns_journey (campaign_id, person_id, entry, step, status, reason, due_at, entered_at)
               SELECT %(campaign)s, id, 0, 'hello', 'active', '', %(now)s, %(now)s FROM campaigns_person""",
            {"campaign": campaign.pk, "now": NOW},
        )


def check_plans(campaigns: dict[str, Campaign], people: list[int], gold: Segment) -> None:
    doors = {name: door_of(campaign.pk, "", NOW) for name, campaign in campaigns.items()}
    attribute, event, date = doors["attribute"], doors["event"], doors["date"]
    assert attribute and event and date
    chunk = {"after": people[1_000], "upto": people[21_000], "chunk": 20_000}
    with connection.cursor() as cursor:
        go_by_index(cursor)
    happened = {
        **event.values(NOW),
        "name": "purchase",
        "after": 10,
        "upto": 5_000,
        "safe": 10**9,
        "chunk": 5_000,
    }
    assert_by_index(entering_events.END_SQL, happened)
    assert_by_index(entering_events.events_sql(event), happened)
    added = {
        "source": gold.pk,
        "joined_after": NOW - timedelta(1),
        "person_after": 0,
        "candidates": people[:1_000],
    }
    values = attribute.values(NOW) | chunk | added
    assert_by_index(entering.additions_sql(False), values)
    assert_by_index(entering.admit_sql(attribute), values)
    assert_by_index(date.audience.chunk_end(), date.values(NOW) | chunk)
    with connection.cursor() as cursor:
        walk_together(cursor)
    moments = entering_dates.moments_of(date, NOW - timedelta(hours=2), NOW)
    assert moments
    assert_by_index(
        entering_dates.dates_sql(date), date.values(NOW) | chunk | entering_dates._listed(moments, date)
    )
    for sql in (entering.wave_sql(attribute), entering.first_wave_sql(attribute), entering.HAS_SOMEBODY):
        assert_by_index(sql, values)

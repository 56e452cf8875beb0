"""However many people are on the list and in the journey, a batch is found by index."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from campaigns.engine import entering, moving, rechecking
from campaigns.engine.batches import go_by_index, walk_together
from campaigns.engine.doors import door_of
from campaigns.engine.journeys import enter_people
from campaigns.engine.moving import move_of, openings_for
from campaigns.engine.routes import Stop
from campaigns.models import Campaign
from tests.engine import world
from tests.engine.world import (
    NOW,
    delay,
    make_channel,
    make_journey,
    make_list,
    make_people,
    make_workspace,
    message,
)

pytestmark = [pytest.mark.django_db, pytest.mark.engine]

DAY = timedelta(days=1)
GOLD = {"attribute": "plan", "op": "eq", "value": "gold"}
CALLED = {"event": "called", "op": "done", "within": "2 days"}
#: Every type of step, with conditions that look at the person and beyond.
WORKFLOW: list[dict[str, Any]] = [
    message("hello"),
    delay("wait", "3 days"),
    {
        "key": "fork", "type": "branch", "if": {"any": [GOLD, CALLED]},
        "then": [message("draft") | {"sending": "draft"}], "else": [{"key": "out", "type": "exit"}],
    },
    {"key": "hours", "type": "window", "from": "09:00", "to": "17:00"},
    {"key": "office", "type": "window", "from": "09:00", "to": "17:00", "timezone": "campaign"},
    {
        "key": "test", "type": "split",
        "variants": [{"name": "a", "steps": [{"key": "set", "type": "update", "attributes": {"x": 1}}]}, {"name": "b"}],
    },
    {"key": "until", "type": "wait_until", "condition": CALLED, "timeout": "2 days"},
    {"key": "call", "type": "webhook", "url": "https://example.test/", "body": ""},
    message("again"),
]  # fmt: skip
TABLES = (
    "campaigns_person", "campaigns_segmentmember", "campaigns_journey", "channels_delivery", "campaigns_event",
)  # fmt: skip


@pytest.mark.slow
def test_batches_are_found_by_index():
    """200,000 people on the list and in the journey: no statement reads them all for a batch."""
    workspace = make_workspace()
    people = make_people(workspace, 200_000)
    segment = make_list(workspace, people, since=NOW - DAY)
    campaign = make_journey(
        segment, WORKFLOW, frequency={"at_most_every": "30 days"}, exit={"condition": CALLED}
    )
    Campaign.objects.filter(pk=campaign.pk).update(
        trigger={"type": "segment", "in": [[segment.pk]], "filter": {"not": GOLD}}
    )
    assert enter_people(campaign.pk, NOW, seconds=600) == 200_000
    channel = make_channel(campaign, "email")
    world.insert_deliveries(channel, 200_000, "sent")
    campaign = Campaign.objects.get(pk=campaign.pk)
    door = door_of(campaign.pk, "", NOW)
    program, nodes = door.program, door.program.graph()
    values = door.values(NOW) | {
        "after": people[100_000], "upto": people[120_000], "chunk": 20_000, "source": segment.pk, "joined_after": NOW,
        "person_after": 0, "candidates": people[1000:2000], "batch": 5_000, "channel": channel.pk, "zone": "UTC",
        "following": "again", "interval": "3 days",
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            "ANALYZE campaigns_person, campaigns_segmentmember, campaigns_journey, channels_delivery"
        )
    with connection.cursor() as cursor:
        go_by_index(cursor)
    assert_by_index(entering.additions_sql(False), values)
    assert_by_index(entering.additions_sql(True), values)
    assert_by_index(entering.admit_sql(door), values)
    for node in nodes.values():
        assert_moved_by_index(Stop(campaign, program, nodes, node, NOW), {"sms": channel.pk, "webhook": 1})
    waits = values | {"steps": ["hours", "until"], "step": "until"}
    for sql in (rechecking._WAKE, rechecking._DONE, rechecking._WITHOUT_LIMIT):
        assert_by_index(sql, waits)
    with connection.cursor() as cursor:
        walk_together(cursor)
    for sql in (entering.wave_sql(door), entering.first_wave_sql(door), entering.HAS_SOMEBODY):
        assert_by_index(sql, values)


def assert_moved_by_index(stop: Stop, channels: dict[str, int]) -> None:
    move = move_of(stop, channels, 5_000)
    values = move.params
    if move.by_zone:
        assert_by_index(moving._ZONES, values)
        with connection.cursor() as cursor:
            # Nobody is at this step: any zone will do.
            assert openings_for(cursor, stop, values) == ""
        values = values | {"openings": '{"": ["2026-03-02T09:00Z", "2026-03-02T17:00Z"]}'}
    assert_by_index(move.sql, values)


def assert_by_index(sql: str, values: dict) -> None:
    plan = world.explain(sql, values)
    for table in TABLES:
        assert f"Seq Scan on {table}" not in plan, plan

"""However many people are on the list and in the journey, a batch is found by index."""

from datetime import timedelta

import pytest
from django.db import connection

from campaigns.domain.workflow import next_steps, parse_workflow
from campaigns.engine import entering, journeys
from campaigns.engine.audience import audience_of
from campaigns.engine.batches import go_by_index, walk_together
from campaigns.engine.journeys import enter_people
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
WORKFLOW = [message("hello"), delay("wait", "3 days"), message("again")]


@pytest.mark.slow
def test_batches_are_found_by_index():
    """200,000 people on the list and in the journey: no statement reads them all for a batch."""
    workspace = make_workspace()
    people = make_people(workspace, 200_000)
    segment = make_list(workspace, people, since=NOW - DAY)
    campaign = make_journey(segment, WORKFLOW, frequency={"at_most_every": "30 days"})
    assert enter_people(campaign.pk, NOW, seconds=600) == 200_000
    channel = make_channel(campaign, "email")
    world.insert_deliveries(channel, 200_000, "sent")
    campaign = Campaign.objects.get(pk=campaign.pk)
    audience = audience_of(campaign)
    steps = parse_workflow(campaign.workflow)
    values = entering._values(campaign, audience, NOW) | {
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
    assert_by_index(entering.admit_sql(audience, campaign.frequency), values)
    for step, following in next_steps(steps):
        assert_by_index(journeys.move_sql(step, following), values | {"step": step.key})
    with connection.cursor() as cursor:
        walk_together(cursor)
    assert_by_index(entering.wave_sql(audience, campaign.frequency), values)


def assert_by_index(sql: str, values: dict) -> None:
    plan = world.explain(sql, values)
    for table in ("campaigns_person", "campaigns_segmentmember", "campaigns_journey", "channels_delivery"):
        assert f"Seq Scan on {table}" not in plan, plan

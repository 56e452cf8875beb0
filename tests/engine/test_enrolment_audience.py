"""Who an audience is, what its enrolment counts, and how its people are found."""

import pytest
from django.db import connection

from campaigns.engine.audience import Audience, audience_of
from campaigns.engine.audience_counts import count_people
from campaigns.engine.batches import go_by_index, walk_together
from campaigns.engine.enrolment import enrol_channel, enrol_sql
from campaigns.models import Person
from campaigns.services.counts import channel_counts, counts_for
from tests.engine import world
from tests.engine.world import (
    NOW,
    make_campaign,
    make_channel,
    make_list,
    make_people,
    make_workspace,
)

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


# --- counts


def test_counts_are_exact_and_cost_one_query(django_assert_num_queries):
    workspace = make_workspace()
    people = make_people(workspace, 20)
    Person.objects.filter(pk__in=people[:5]).update(phone="")
    first = make_campaign(make_list(workspace, people))
    second = make_campaign(first.segment)
    channels = [make_channel(first), make_channel(first, "email"), make_channel(second)]
    for channel in channels:
        enrol_channel(channel.pk, NOW)
    with django_assert_num_queries(1):
        counts = counts_for([first.pk, second.pk, 0])
    assert {name: n for name, n in counts[first.pk].items() if n} == {
        "audience": 40,
        "pending": 35,
        "skipped": 5,
    }
    assert {name: n for name, n in counts[second.pk].items() if n} == {
        "audience": 20,
        "pending": 15,
        "skipped": 5,
    }
    assert not any(counts[0].values())
    with django_assert_num_queries(1):
        assert channel_counts([channels[1].pk])[channels[1].pk]["pending"] == 20


# --- audiences


def test_a_segment_trigger_is_and_of_or_without():
    workspace = make_workspace()
    a, b, c, d, e = people = make_people(workspace, 5)
    lists = [make_list(workspace, chosen, name) for name, chosen in (
        ("one", [a, b, c]), ("two", [c, d]), ("three", [a, c, d, e]), ("four", [e, d]),
    )]  # fmt: skip
    one, two, three, four = (segment.pk for segment in lists)
    everyone = world.everyone(workspace).pk
    cases = [
        ([[one]], [], {a, b, c}),
        ([[one, two]], [], {a, b, c, d}),
        ([[one, two], [three]], [], {a, c, d}),
        ([[one, two], [three]], [four], {a, c}),
        ([[three]], [one, four], set()),
        ([[everyone]], [], set(people)),
        ([[everyone], [two]], [], {c, d}),
        ([[one, everyone]], [four], {a, b, c}),
        ([[one]], [everyone], set()),
        ([[999_999]], [], set()),
    ]
    for inside, outside, expected in cases:
        campaign = make_campaign(
            None, "journey", workspace=workspace, trigger={"type": "segment", "in": inside, "not_in": outside}
        )
        audience = audience_of(campaign)
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT p.id {audience.people()}", audience.params | {"after": 0, "upto": 2**63 - 1}
            )
            assert {pk for (pk,) in cursor.fetchall()} == expected, (inside, outside)
        assert count_people(audience) == len(expected)


def test_without_a_list_there_is_no_audience():
    campaign = make_campaign(None, "journey", workspace=make_workspace(), trigger={})
    assert audience_of(campaign) is None


# --- plans


@pytest.mark.slow
def test_a_chunk_reads_only_its_own_people():
    """With 200,000 people a chunk is found by index, whatever the audience; the claim index stays the only queue."""
    workspace = make_workspace()
    people = make_people(workspace, 200_000)
    segment = make_list(workspace, people)
    channel = make_channel(make_campaign(segment), "email")
    world.insert_deliveries(make_channel(channel.campaign, "sms"), 200_000, "sent")
    with connection.cursor() as cursor:
        cursor.execute(
            "ANALYZE campaigns_person, campaigns_segmentmember, channels_suppression, channels_delivery"
        )
    listed = audience_of(channel.campaign)
    for audience in (listed, Audience(workspace.pk), Audience(workspace.pk, without=(segment.pk,))):
        values = audience.params | {
            "channel": channel.pk, "run": 0, "now": NOW, "due": NOW,
            "after": people[100_000], "upto": people[120_000], "chunk": 20_000,
        }  # fmt: skip
        with connection.cursor() as cursor:
            go_by_index(cursor)
            walk_together(cursor)
        enrolments = [enrol_sql("email", audience, joined=joined) for joined in (True, False)]
        for sql in (audience.chunk_end(), *enrolments):
            plan = world.explain(sql, values)
            assert "Seq Scan" not in plan, plan
            assert "Nested Loop" not in plan, plan

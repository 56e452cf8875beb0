"""Goals: who reaches them within the time after a message of the campaign converts it, once per run or entry."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from campaigns.domain.goals import goal_of
from campaigns.engine import goals
from campaigns.engine.batches import go_by_index
from campaigns.engine.conditions import compile_condition
from campaigns.models import Event, Journey, Person
from campaigns.services.watching import keep_watch
from channels.models import Channel, Delivery, Tally
from tests.engine.watch_ground import BOUGHT, DAY, GOLD, HOUR, look, put, sent, watching
from tests.engine.world import (
    NOW,
    delay,
    everyone,
    explain,
    make_campaign,
    make_channel,
    make_people,
    make_workspace,
    message,
)

pytestmark = [pytest.mark.django_db, pytest.mark.engine]

WEEK = {"condition": BOUGHT, "within": "7 days"}


def blast(kind: str = "sms", goal: dict[str, Any] | None = None, status: str = "running") -> Channel:
    """A channel of a campaign with a goal that has begun."""
    workspace = make_workspace()
    campaign = make_campaign(everyone(workspace), kind, status, started_at=NOW, goal=goal or WEEK)
    keep_watch(campaign, NOW)
    return make_channel(campaign)


def buy(channel: Channel, person: int, when: datetime, name: str = "purchase") -> None:
    workspace = channel.campaign.workspace_id
    Event.objects.create(
        workspace_id=workspace, person_id=person, name=name, occurred_at=when, received_at=when
    )


def converted(channel: Channel) -> dict[int, datetime]:
    rows = Delivery.objects.filter(channel__campaign=channel.campaign, converted_at__isnull=False)
    return dict(rows.values_list("pk", "converted_at"))


@pytest.mark.parametrize("kind", ["sms", "voice", "message", "outreach", "journey", "flow", "python"])
def test_a_message_of_any_kind_of_campaign_converts(kind: str) -> None:
    channel = blast(kind)
    ann, bob = make_people(channel.campaign.workspace, 2)
    first, second = sent(channel, ann), sent(channel, bob)
    buy(channel, ann, NOW + DAY)
    look(channel.campaign, NOW + DAY)
    assert converted(channel) == {first.pk: NOW + DAY}
    counts = Tally.objects.filter(channel=channel, status="converted")
    assert sum(counts.values_list("n", flat=True)) == 1
    assert second.pk not in converted(channel)


@pytest.mark.parametrize(
    ("sent_after", "bought_after", "looked_after", "converts"),
    [
        (0 * HOUR, 1 * HOUR, 1 * HOUR, True),
        (1 * HOUR, 1 * HOUR, 1 * HOUR, False),  # at the same moment is not after
        (2 * HOUR, 1 * HOUR, 3 * HOUR, False),  # bought before the message
        (0 * HOUR, 7 * DAY, 7 * DAY, True),
        (0 * HOUR, 7 * DAY + HOUR, 7 * DAY + HOUR, False),  # too late
        (0 * HOUR, 7 * DAY, 7 * DAY + 20 * HOUR, True),  # in time, looked at late
    ],
)
def test_in_time(
    sent_after: timedelta, bought_after: timedelta, looked_after: timedelta, converts: bool
) -> None:
    channel = blast()
    (ann,) = make_people(channel.campaign.workspace, 1)
    sent(channel, ann, NOW + sent_after)
    buy(channel, ann, NOW + bought_after)
    look(channel.campaign, NOW + looked_after)
    assert bool(converted(channel)) is converts


def test_what_was_done_long_before_the_message_is_no_conversion() -> None:
    channel = blast()
    (ann,) = make_people(channel.campaign.workspace, 1)
    buy(channel, ann, NOW - 30 * DAY)
    sent(channel, ann)
    buy(channel, ann, NOW + HOUR, "visit")
    buy(channel, ann, NOW - DAY)  # reported late
    look(channel.campaign, NOW + HOUR)
    assert converted(channel) == {}


def test_who_has_not_changed_since_the_message_has_not_converted() -> None:
    channel = blast(
        goal={"condition": {"any": [GOLD, {"attribute": "vip", "op": "exists"}]}, "within": "7 days"}
    )
    ann, bob = make_people(channel.campaign.workspace, 2)
    Person.objects.filter(pk=ann).update(attributes={"plan": "gold"}, updated_at=NOW - DAY)
    sent(channel, ann)
    sent(channel, bob)
    Person.objects.filter(pk=bob).update(attributes={"plan": "gold"}, updated_at=NOW + HOUR)
    look(channel.campaign, NOW + DAY)
    assert set(Delivery.objects.filter(pk__in=converted(channel)).values_list("person_id", flat=True)) == {
        bob
    }


def test_the_latest_message_before_it_converts_once() -> None:
    channel = blast("message")
    other = make_channel(channel.campaign, "email")
    (ann,) = make_people(channel.campaign.workspace, 1)
    sent(channel, ann, NOW)
    latest = sent(other, ann, NOW + DAY)
    sent(channel, ann, NOW + 3 * DAY, step="later")
    Delivery.objects.create(channel=channel, person_id=ann, step="f", status="failed", due_at=NOW)
    buy(channel, ann, NOW + 2 * DAY)
    look(channel.campaign, NOW + 4 * DAY)
    assert set(converted(channel)) == {latest.pk}
    buy(channel, ann, NOW + 4 * DAY)
    look(channel.campaign, NOW + 4 * DAY)
    assert set(converted(channel)) == {latest.pk}


def test_each_run_converts_anew_but_one_purchase_never_counts_twice() -> None:
    channel = blast("message")
    (ann,) = make_people(channel.campaign.workspace, 1)
    first, second = sent(channel, ann, NOW, run=1), sent(channel, ann, NOW + DAY, run=2)
    buy(channel, ann, NOW + 2 * DAY)
    look(channel.campaign, NOW + 2 * DAY)
    assert set(converted(channel)) == {second.pk}
    buy(channel, ann, NOW + 2 * DAY + HOUR, "visit")
    look(channel.campaign, NOW + 3 * DAY)
    assert first.pk not in converted(channel)
    third = sent(channel, ann, NOW + 3 * DAY, run=3)
    buy(channel, ann, NOW + 4 * DAY)
    look(channel.campaign, NOW + 4 * DAY)
    assert set(converted(channel)) == {second.pk, third.pk}


def test_the_journey_of_the_message_has_converted() -> None:
    workspace = make_workspace()
    ann, bob = make_people(workspace, 2)
    campaign = watching(everyone(workspace), [message("m"), delay("d", "9 days")], goal=WEEK)
    for entry in (0, 1):
        put(campaign, [ann], "d", entry=entry)
    put(campaign, [bob], "d")
    channel = campaign.channels.get()
    sent(channel, ann, NOW - 30 * DAY, run=0, step="m")
    sent(channel, ann, NOW, run=1, step="m")
    buy(channel, ann, NOW + DAY)
    buy(channel, bob, NOW + DAY)  # was sent nothing
    look(campaign, NOW + DAY)
    rows = Journey.objects.filter(converted_at__isnull=False).values_list(
        "person_id", "entry", "converted_at"
    )
    assert list(rows) == [(ann, 1, NOW + DAY)]


def test_in_a_flow_campaign_it_is_the_flow_of_the_message() -> None:
    workspace = make_workspace()
    (ann,) = make_people(workspace, 1)
    campaign = make_campaign(everyone(workspace), "flow", started_at=NOW, goal=WEEK)
    keep_watch(campaign, NOW)
    channel = make_channel(campaign)
    for flow in ("one", "two"):
        put(campaign, [ann], f"{flow}:d", flow=flow)
    sent(channel, ann, NOW, step="one:m")
    sent(channel, ann, NOW + HOUR, step="two:m")
    for day in (1, 2):
        buy(channel, ann, NOW + day * DAY)
        look(campaign, NOW + day * DAY)
    rows = Journey.objects.filter(converted_at__isnull=False).values_list("flow", flat=True)
    assert list(rows) == ["two"]


def test_a_campaign_that_has_ended_converts_while_the_time_lasts() -> None:
    channel = blast(status="completed")
    ann, bob = make_people(channel.campaign.workspace, 2)
    sent(channel, ann, NOW - DAY)
    sent(channel, bob, NOW - DAY)
    buy(channel, ann, NOW + 5 * DAY)
    look(channel.campaign, NOW + 5 * DAY)
    look(channel.campaign, NOW + 8 * DAY)
    buy(channel, bob, NOW + 8 * DAY)
    look(channel.campaign, NOW + 8 * DAY)
    assert len(converted(channel)) == 1


@pytest.mark.slow
def test_an_event_of_a_hundred_thousand_people_is_marked_by_sets() -> None:
    channel = blast()
    people = make_people(channel.campaign.workspace, 100_000)
    with connection.cursor() as cursor:
        values = {"channel": channel.pk, "people": people, "now": NOW, "later": NOW + HOUR}
        values["workspace"] = channel.campaign.workspace_id
        cursor.execute(
            """INSERT INTO channels_delivery (channel_id, run, step, person_id, status, reason, due_at, attempt,
                   provider_id, detail, sent_at)
               SELECT %(channel)s, 0, '', unnest(%(people)s::bigint[]), 'sent', '', %(now)s, 0, '', '', %(now)s""",
            values,
        )
        cursor.execute(
            """INSERT INTO campaigns_event (workspace_id, person_id, name, properties, event_id, occurred_at, received_at)
               SELECT %(workspace)s, unnest(%(people)s::bigint[]), 'purchase', '{}', '', %(later)s, %(later)s""",
            values,
        )
        kept = look(channel.campaign, NOW + HOUR)
        while kept.looked_at:
            kept = look(channel.campaign, NOW + HOUR)
        assert len(converted(channel)) == 100_000
        go_by_index(cursor)
        goal = goal_of(channel.campaign.goal)
        assert goal is not None
        met = compile_condition(goal.condition, channel.campaign.workspace_id, NOW, done_after=goals._SENT)
        values |= met.params | {
            "campaign": 1,
            "channels": [channel.pk],
            "since": NOW - DAY,
            "within": "7 days",
        }
        plan = explain(
            goals.convert_sql(met.sql("p"), goal, by_flow=False), values | {"people": people[:5_000]}
        )
    for table in ("channels_delivery", "campaigns_journey", "campaigns_event", "campaigns_person"):
        assert f"Seq Scan on {table}" not in plan, plan

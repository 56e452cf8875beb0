"""A dry run takes every step as the engine would, from what is known now, and writes nothing; why and why not say it all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.domain.durations import after, parse_duration
from campaigns.domain.splits import way_of, way_sql
from campaigns.domain.steps import Share
from campaigns.models import Campaign, Event, Journey, ObjectType, Person
from campaigns.services.dry_run import dry_run, sample
from campaigns.services.errors import Invalid
from campaigns.services.explaining import explain
from channels.models import Delivery, OptOut
from tests.engine import world

NOW = world.NOW  # Monday, 2 March 2026, 09:00 UTC
PRO = {"attribute": "plan", "op": "eq", "value": "pro"}
SHARES = (Share("A", 1), Share("B", 3))


def say(key: str, **more: Any) -> dict[str, Any]:
    return {**world.message(key), **more}


TREE: list[dict[str, Any]] = [
    {"key": "plan", "type": "branch", "if": PRO, "then": [say("pro")], "else": [world.delay("nap", "2 days")]},
    {"key": "hours", "type": "window", "days": ["wed"], "from": "10:00", "to": "12:00", "timezone": "person"},
    {"key": "note", "type": "update", "attributes": {"seen": True}},
    {"key": "paid", "type": "wait_until", "condition": {"event": "paid", "op": "done"}, "timeout": "1 day"},
    say("bye"),
]  # fmt: skip


@pytest.fixture
def people(db: None) -> list[Person]:
    workspace = world.make_workspace()
    world.make_people(workspace, 4)
    found = list(Person.objects.order_by("pk"))
    found[0].attributes |= {"plan": "pro"}
    found[0].timezone = "Asia/Tokyo"
    found[1].phone = ""
    for person in found:
        person.save()
    Event.objects.create(
        workspace=workspace, person=found[2], name="paid", occurred_at=NOW, received_at=NOW, event_id="x"
    )
    return found


def journey(people: list[Person], workflow: list[dict[str, Any]] = TREE, **fields: Any) -> Campaign:
    return world.make_journey(world.everyone(people[0].workspace), workflow, **fields)


def way(campaign: Campaign, person: Person) -> list[str]:
    return [visit.node.key for visit in dry_run(campaign, [person], NOW).walks[0].visits]


def test_each_takes_the_steps_that_the_engine_would_take(people: list[Person]) -> None:
    campaign = journey(people)
    run = dry_run(campaign, people, NOW)
    pro, no_phone, paid, other = run.walks
    assert [visit.node.key for visit in pro.visits] == ["plan", "pro", "hours", "note", "paid", "bye"]
    assert [visit.node.key for visit in other.visits] == ["plan", "nap", "hours", "note", "paid", "bye"]
    assert run.reached == {"plan": 4, "pro": 1, "nap": 3, "hours": 4, "note": 4, "paid": 4, "bye": 4}
    assert pro.visits[1].message.body == "Hello Person 1"
    assert (pro.messages, no_phone.messages, paid.messages, other.messages) == (2, 0, 1, 1)
    assert no_phone.visits[-1].skipped == "No address for this channel"
    # The window is Wednesday from ten to twelve by each person's clock; who has waited a day for the payment goes on then.
    assert pro.visits[3].at == datetime(2026, 3, 4, 1, 0, tzinfo=UTC)
    assert pro.ends_at == datetime(2026, 3, 5, 1, 0, tzinfo=UTC)
    assert other.visits[3].at == datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
    assert paid.ends_at == other.visits[3].at
    assert other.end == "Finishes: it was the last step."


def test_nothing_is_written(people: list[Person]) -> None:
    campaign = journey(people)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        dry_run(campaign, sample(campaign, NOW), NOW)
    assert not [query["sql"] for query in queries if not query["sql"].lstrip().startswith("SELECT")]
    assert not Journey.objects.exists() and not Delivery.objects.exists()


def test_a_sample_of_a_hundred_asks_as_often_as_one_person(people: list[Person]) -> None:
    world.make_people(people[0].workspace, 150, prefix="q")
    campaign = journey(people)
    counts = []
    for size in (1, 100):
        chosen = sample(campaign, NOW)[:size]
        with CaptureQueriesContext(connection) as queries:
            assert len(dry_run(campaign, chosen, NOW).walks) == size
        counts.append(len(queries))
    assert counts[0] == counts[1]


WAYS: list[tuple[str, dict[str, Any], dict[str, Any], str, list[str]]] = [
    ("an exit", {"type": "exit"}, {}, "Leaves at an exit.", ["one"]),
    ("a wait without end", {"type": "wait_until", "condition": PRO}, {}, "Waits there, for as long as it takes.", ["one"]),
    ("the exit criteria", say("one"), {"exit": {"condition": {"attribute": "plan", "op": "not_exists"}}},
     "Leaves by the exit criteria.", ["one"]),
    ("a channel that is not there", {**say("one"), "channel": "email", "subject": "x"}, {},
     "Waits until the campaign has the channel.", ["one"]),
    ("the winner of a test", {"type": "split", "winner": "B", "variants": [
        {"name": "A", "steps": [say("a")]}, {"name": "B", "steps": [say("b")]}]}, {},
     "Finishes: it was the last step.", ["one", "b", "last"]),
    ("a filter", say("one"), {"trigger": {"type": "segment", "in": [[1]], "filter": PRO}},
     "Finishes: it was the last step.", ["one", "last"]),
]  # fmt: skip


@pytest.mark.parametrize(("what", "step", "fields", "end", "keys"), WAYS, ids=[row[0] for row in WAYS])
def test_where_a_way_ends(
    people: list[Person], what: str, step: dict[str, Any], fields: dict[str, Any], end: str, keys: list[str]
) -> None:
    campaign = journey(people, [{**step, "key": "one"}, say("last")], **fields)
    walk = dry_run(campaign, [people[3]], NOW).walks[0]
    assert (walk.end, [visit.node.key for visit in walk.visits]) == (end, keys)
    if what == "a filter":
        assert walk.visits[0].skipped == "Filtered out" and walk.messages == 0


def test_a_message_that_waits_for_release_says_so(people: list[Person]) -> None:
    campaign = journey(people, [say("one", sending="draft")])
    visit = dry_run(campaign, [people[3]], NOW).walks[0].visits[0]
    assert visit.message and visit.words == "Waits as a draft until somebody releases it."


def test_flows_are_tried_one_by_one(people: list[Person]) -> None:
    flows = [
        {"key": "off", "name": "Off", "active": False, "workflow": [say("hello")]},
        {"key": "on", "name": "On", "active": True, "workflow": [world.delay("nap", "1 day"), say("hello")]},
    ]
    campaign = world.make_campaign(None, "flow", workspace=people[0].workspace, flows=flows)
    world.make_channel(campaign)
    assert way(campaign, people[0]) == ["on:nap", "on:hello"]
    assert list(dry_run(campaign, people, NOW, "off").reached) == ["off:hello"]
    with pytest.raises(Invalid, match="off, on"):
        dry_run(campaign, people, NOW, "none")


def test_a_blast_sends_each_channel_once_or_says_why_not(people: list[Person]) -> None:
    campaign = world.make_campaign(world.everyone(people[0].workspace))
    world.make_channel(campaign, content={"body": "Hi {{ person.first_name }}"})
    OptOut.objects.create(person=people[2], channel_kind="sms", created_at=NOW)
    walks = dry_run(campaign, people, NOW).walks
    assert [walk.messages for walk in walks] == [1, 0, 0, 1]
    assert walks[2].visits[0].skipped == "Unsubscribed"


def test_python_and_sql_draw_the_same_lot(db: None) -> None:
    people = range(1, 2_001)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT n, {way_sql('%(campaign)s', '%(step)s', 'n', SHARES)} FROM generate_series(1, 2000) n",
            {"campaign": 7, "step": "f:split"},
        )
        drawn = {n: SHARES[place].name for n, place in cursor.fetchall()}
    assert drawn == {n: way_of(7, "f:split", n, SHARES) for n in people}
    assert 400 < sum(name == "A" for name in drawn.values()) < 600


@pytest.mark.parametrize(
    ("start", "written"),
    [
        ("2026-03-28T08:00:00+00:00", "1 day"), ("2026-03-28T01:30:00+00:00", "1 day"),
        ("2026-10-24T00:30:00+00:00", "1 day"), ("2026-01-31T12:00:00+00:00", "1 month"),
        ("2026-03-28T12:00:00+00:00", "24 hours"), ("2026-10-18T00:30:00+00:00", "1 week"),
    ],
)  # fmt: skip
def test_time_passes_in_python_as_in_sql(db: None, start: str, written: str) -> None:
    moment, duration, zone = datetime.fromisoformat(start), parse_duration(written), "Europe/Berlin"
    with connection.cursor() as cursor:
        by_clock = "(%(at)s::timestamptz AT TIME ZONE %(zone)s + %(by)s::interval) AT TIME ZONE %(zone)s"
        exact = "%(at)s::timestamptz + %(by)s::interval"
        cursor.execute(
            f"SELECT {by_clock if duration.is_calendar else exact}",
            {"at": moment, "zone": zone, "by": duration.interval},
        )
        assert after(moment, duration, zone) == cursor.fetchone()[0]


# --- why, why not

WHYS: list[tuple[str, dict[str, Any], bool, str]] = [
    ("it is a draft", {"status": "draft"}, False, "The campaign is Draft."),
    ("doors closed", {"enter_since": None}, False, "Nobody may enter now."),
    ("not on the list", {"trigger": {"type": "segment", "in": [["none"]]}}, False, "Not in “Nobody”."),
    ("on a list that is left out", {"trigger": {"type": "segment", "in": [["all"]], "not_in": ["all"]}}, False,
     "In “Everyone”."),
    ("a condition", {"trigger": {"type": "attribute", "condition": PRO}}, False, "It does not hold: plan is “pro”."),
    ("the part that stands in the way", {"trigger": {"type": "attribute", "condition": {"all": [
        {"attribute": "first_name", "op": "exists"}, PRO]}}}, False, "It does not hold: plan is “pro”."),
    ("an event that never was", {"trigger": {"type": "event", "name": "signup"}}, False,
     "“signup” has never happened to this person."),
    ("a date that is not known", {"trigger": {"type": "date", "attribute": "birthday", "at": "09:00"}}, False,
     "This person has no birthday."),
    ("nothing stands against it", {}, True, "nothing known stands against it"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "fields", "may", "words"), WHYS, ids=[row[0] for row in WHYS])
def test_why_somebody_is_not_in_it(
    people: list[Person], what: str, fields: dict[str, Any], may: bool, words: str
) -> None:
    lists = {
        "all": world.everyone(people[0].workspace),
        "none": world.make_list(people[0].workspace, name="Nobody"),
    }

    def ids(given: Any) -> Any:
        return [ids(one) for one in given] if isinstance(given, list) else lists[given].pk

    trigger = {k: ids(v) if k in ("in", "not_in") else v for k, v in fields.get("trigger", {}).items()}
    campaign = world.make_journey(lists["all"], TREE, **{**fields, "trigger": trigger})
    told = explain(campaign, people[3], NOW)
    assert not told.inside and words in told.summary
    assert (False not in [check.holds for check in told.checks]) is may


def test_why_somebody_is_in_it_and_where(people: list[Person]) -> None:
    campaign = journey(people)
    inside = Journey.objects.create(
        campaign=campaign, person=people[0], step="hours", due_at=NOW, entered_at=NOW - timedelta(days=1)
    )
    assert explain(campaign, people[0], NOW).summary == "Person 1 is in it, at the step “hours” (window)."
    Journey.objects.filter(pk=inside.pk).update(status="exited", reason="exit_step")
    assert explain(campaign, people[0], NOW).summary.startswith("Person 1 has left it")


@pytest.mark.parametrize(
    ("trigger", "frequency", "words", "holds"),
    [
        ({"type": "event", "name": "signup"}, {}, "Every time; entered 1 time so far.", True),
        ({"type": "attribute", "condition": PRO}, {}, "Once; entered 1 time so far.", False),
        ({"type": "event", "name": "signup"}, {"once": True}, "Once; entered 1 time so far.", False),
        ({"type": "relationship", "object_type": "company", "condition": {}}, {"at_most_every": "2 days"},
         "At most once in 2 days; entered 1 time so far.", None),
    ],
)  # fmt: skip
def test_how_often_somebody_may_enter_is_told_as_the_engine_counts(
    people: list[Person], trigger: dict[str, Any], frequency: dict[str, Any], words: str, holds: bool | None
) -> None:
    ObjectType.objects.create(workspace=people[0].workspace, name="company")
    everyone = world.everyone(people[0].workspace)
    campaign = world.make_journey(everyone, TREE, trigger=trigger, frequency=frequency)
    Journey.objects.create(campaign=campaign, person=people[0], step="hours", due_at=NOW, entered_at=NOW)
    checks = explain(campaign, people[0], NOW).checks
    assert (words, holds) in [(check.words, check.holds) for check in checks]


def test_why_a_message_was_not_sent(people: list[Person]) -> None:
    campaign = world.make_campaign(world.everyone(people[0].workspace))
    channel = world.make_channel(campaign, content={"body": "Hi"})
    Delivery.objects.create(
        channel=channel, person=people[1], status="skipped", reason="no_address", due_at=NOW
    )
    told = explain(campaign, people[1], NOW)
    assert told.inside and told.summary == "Person 2 is in it: SMS skipped (no address for this channel)."


# --- python campaigns


def test_a_strategy_is_asked_and_nothing_of_its_plan_is_kept(people: list[Person]) -> None:
    people[0].attributes |= {"renews_on": "2026-03-09"}
    people[0].timezone = "UTC"
    people[0].save()
    campaign = world.make_campaign(world.everyone(people[0].workspace), "python", strategy="renewal_reminder")
    for kind in ("email", "sms"):
        world.make_channel(
            campaign, kind, content={"subject": "Soon", "body": "In {{ plan.days_left }} days"}
        )
    renewing, nothing = dry_run(campaign, people[:2], NOW).walks
    assert [(visit.at, visit.message.body) for visit in renewing.visits if visit.message] == [
        (datetime(2026, 3, 2, 9, 0, tzinfo=UTC), "In 7 days"), (datetime(2026, 3, 9, 9, 0, tzinfo=UTC), "In 0 days"),
    ]  # fmt: skip
    assert nothing.end == "The strategy plans nothing for them." and not nothing.visits
    assert not Delivery.objects.exists()


def test_a_strategy_that_is_not_there_says_so(people: list[Person]) -> None:
    campaign = world.make_campaign(world.everyone(people[0].workspace), "python", strategy="gone")
    assert "gone" in dry_run(campaign, people[:1], NOW).walks[0].end

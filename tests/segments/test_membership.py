"""Who belongs to a segment by condition: filled, kept by what changes and by the passing of time, each person once."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from campaigns.engine import segments as engine
from campaigns.engine.segments import keep_members, sweep_time
from campaigns.models import Person, Segment, TouchedPerson
from campaigns.services.errors import Invalid, NotAllowed
from campaigns.services.people import add_to_list
from campaigns.services.segments import archive_segment, change_segment, create_segment, make_active
from channels.models import Delivery
from tests.engine.world import make_campaign, make_channel, make_list, make_people, make_workspace
from tests.factories import LabelFactory
from tests.segments.ground import GOLD, NOW, do, identify, keep, members, segment, since

pytestmark = [pytest.mark.django_db, pytest.mark.engine]

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
BOUGHT = {"event": "purchase", "op": "done", "within": "30 days"}


def test_a_new_segment_is_filled_in_chunks_and_says_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "FILL_CHUNK", 10)
    workspace = make_workspace()
    make_people(workspace, 25)
    identify(workspace, ann={"plan": "gold"}, bob={"plan": "free"})
    made = segment(workspace, GOLD)
    assert made.is_filling and engine.fill_progress([made]) == {made.pk: 0}
    keep_members(workspace.pk, NOW, seconds=0)
    made.refresh_from_db()
    assert made.is_filling and 30 <= engine.fill_progress([made])[made.pk] <= 45
    keep(workspace)
    made.refresh_from_db()
    assert not made.is_filling and members(made) == {"ann"}
    assert engine.fill_progress([made]) == {}


def test_who_changes_comes_in_and_goes_and_who_stays_keeps_since_when() -> None:
    workspace = make_workspace()
    identify(workspace, ann={"plan": "gold"}, bob={"plan": "free"})
    made = segment(workspace, GOLD)
    keep(workspace)
    later = NOW + DAY
    identify(workspace, later, bob={"plan": "gold"}, ann={"city": "Bonn"}, new={"plan": "gold"})
    keep(workspace, later)
    assert members(made) == {"ann", "bob", "new"}
    assert (since(made, "ann"), since(made, "bob")) == (NOW, later)
    identify(workspace, later, ann={"plan": "free"})
    keep(workspace, later)
    assert members(made) == {"bob", "new"}
    identify(workspace, ann={"plan": "gold"})
    keep(workspace, later + DAY)
    assert since(made, "ann") == later + DAY  # who comes back is an addition


def test_looking_again_changes_nothing() -> None:
    workspace = make_workspace()
    identify(workspace, ann={"plan": "gold"}, bob={"plan": "free"})
    made = segment(workspace, GOLD)
    keep(workspace)
    TouchedPerson.objects.bulk_create(
        TouchedPerson(workspace=workspace, person_id=pk)
        for pk in [*Person.objects.values_list("pk", flat=True)] * 3 + [999_999]
    )
    kept = keep_members(workspace.pk, NOW + DAY)
    assert (kept.looked_at, kept.came, kept.went) == (3, 0, 0)
    assert since(made, "ann") == NOW and not TouchedPerson.objects.exists()


def test_an_event_brings_in_and_the_passing_of_time_takes_out() -> None:
    workspace = make_workspace()
    identify(workspace, ann={}, bob={}, cat={})
    buyers = segment(workspace, BOUGHT, "Buyers")
    others = segment(workspace, {**BOUGHT, "op": "not_done"}, "Others")
    twice = segment(workspace, {**BOUGHT, "at_least": 2}, "Twice")
    keep(workspace)
    assert (members(buyers), members(others)) == (set(), {"ann", "bob", "cat"})
    do(workspace, "ann", "purchase", NOW - 20 * DAY)
    do(workspace, "ann", "purchase", NOW)
    do(workspace, "bob", "purchase", NOW)
    do(workspace, "cat", "visit", NOW)
    keep(workspace, NOW)
    assert (members(buyers), members(others), members(twice)) == ({"ann", "bob"}, {"cat"}, {"ann"})
    keep(workspace, NOW + 10 * DAY)  # the older purchase is exactly thirty days old: out
    assert (members(buyers), members(twice)) == ({"ann", "bob"}, set())
    keep(workspace, NOW + 30 * DAY - MINUTE)
    assert members(buyers) == {"ann", "bob"}
    keep(workspace, NOW + 30 * DAY)
    assert (members(buyers), members(others)) == (set(), {"ann", "bob", "cat"})


def test_an_event_that_no_segment_looks_at_touches_nobody() -> None:
    workspace = make_workspace()
    identify(workspace, ann={})
    do(workspace, "ann", "purchase")
    assert not TouchedPerson.objects.exists()  # no segment by condition at all
    segment(workspace, BOUGHT)
    do(workspace, "ann", "visit")
    Person.objects.update(shares_email=True)
    assert not TouchedPerson.objects.exists()
    do(workspace, "ann", "purchase")
    assert TouchedPerson.objects.count() == 1


def test_a_sweep_touches_only_whom_time_has_moved() -> None:
    workspace = make_workspace()
    identify(workspace, ann={}, bob={})
    do(workspace, "ann", "purchase", NOW - 29 * DAY)
    do(workspace, "bob", "purchase", NOW - 2 * DAY)
    segment(workspace, BOUGHT)
    keep(workspace)
    TouchedPerson.objects.all().delete()
    assert sweep_time(workspace.pk, NOW + 2 * DAY) == 1
    assert list(TouchedPerson.objects.values_list("person__external_id", flat=True)) == ["ann"]
    assert sweep_time(workspace.pk, NOW + 2 * DAY) == 0  # two beats at once


def test_segments_of_segments_follow() -> None:
    workspace = make_workspace()
    identify(workspace, ann={"plan": "gold"}, bob={"plan": "gold"})
    friends = make_list(workspace, [], "Friends")
    gold = segment(workspace, GOLD)
    both = segment(
        workspace, {"all": [{"segment": gold.pk, "op": "in"}, {"segment": friends.pk, "op": "in"}]}, "Both"
    )
    rest = segment(workspace, {"not": {"segment": both.pk, "op": "in"}}, "Rest")
    keep(workspace)
    assert (members(both), members(rest)) == (set(), {"ann", "bob"})
    add_to_list(friends, ["ann"], NOW)
    keep(workspace)
    assert (members(both), members(rest)) == ({"ann"}, {"bob"})
    identify(workspace, ann={"plan": "free"})
    keep(workspace)
    assert (members(both), members(rest)) == (set(), {"ann", "bob"})


def test_a_segment_waits_for_those_that_it_looks_at() -> None:
    workspace = make_workspace()
    identify(workspace, ann={"plan": "gold"})
    gold = segment(workspace, GOLD)
    keep(workspace)
    outer = segment(workspace, {"segment": gold.pk, "op": "in"}, "Outer")
    change_segment(gold, "Gold", {**GOLD, "value": "free"}, NOW)
    assert engine._next_to_fill(workspace.pk) == gold
    keep(workspace)
    assert members(outer) == set()


def test_a_cycle_is_refused_and_named() -> None:
    workspace = make_workspace()
    one = segment(workspace, GOLD, "One")
    two = segment(workspace, {"segment": one.pk, "op": "in"}, "Two")
    three = segment(workspace, {"not": {"segment": two.pk, "op": "not_in"}}, "Three")
    for target in (one, two, three):
        with pytest.raises(Invalid, match="cannot depend on itself: “One” →"):
            change_segment(one, "One", {"any": [GOLD, {"segment": target.pk, "op": "in"}]}, NOW)
    one.refresh_from_db()
    assert one.condition == GOLD


def test_a_changed_condition_moves_people_in_the_background() -> None:
    workspace = make_workspace()
    identify(workspace, ann={"plan": "gold"}, bob={"plan": "free"}, cat={"plan": "gold", "vip": True})
    made = segment(workspace, GOLD)
    keep(workspace)
    later = NOW + DAY
    changed = change_segment(made, "VIPs", {"attribute": "vip", "op": "eq", "value": True}, later)
    assert changed.is_filling
    keep(workspace, later)
    assert members(made) == {"cat"} and since(made, "cat") == NOW


def test_an_archived_segment_is_left_alone_and_gone_over_when_active_again() -> None:
    workspace = make_workspace()
    identify(workspace, ann={"plan": "gold"}, bob={})
    made = segment(workspace, GOLD)
    keep(workspace)
    archive_segment(made, NOW)
    identify(workspace, ann={"plan": "free"}, bob={"plan": "gold"})
    keep(workspace)
    assert members(made) == {"ann"}
    assert make_active(Segment.objects.filter(pk=made.pk), NOW + DAY) == ["Gold"]
    keep(workspace, NOW + DAY)
    assert members(made) == {"bob"}


def test_what_something_live_needs_is_not_archived() -> None:
    workspace = make_workspace()
    gold = segment(workspace, GOLD)
    outer = segment(workspace, {"segment": gold.pk, "op": "in"}, "Outer")
    with pytest.raises(NotAllowed, match="“Outer”"):
        archive_segment(gold, NOW)
    archive_segment(outer, NOW)
    make_campaign(gold, status="running")
    with pytest.raises(NotAllowed, match="“Spring”"):
        archive_segment(gold, NOW)


@pytest.mark.parametrize(
    ("condition", "path"),
    [
        ({"all": [{"segment": 999_999, "op": "in"}]}, "condition.all.0.segment"),
        ({"not": {"label": "Unheard of", "op": "sent"}}, "condition.not.label"),
        ({"attribute": "plan", "op": "is", "value": 1}, "condition.op"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_refused_by_its_path(condition: dict[str, Any], path: str) -> None:
    workspace = make_workspace()
    with pytest.raises(Invalid) as refused:
        create_segment(workspace, "Wrong", condition, None, NOW)
    assert list(refused.value.fields) == [path]
    assert not Segment.objects.filter(name="Wrong").exists()


def test_labels_are_gone_over_from_time_to_time() -> None:
    workspace = make_workspace()
    ids = identify(workspace, ann={}, bob={})
    label = LabelFactory(workspace=workspace, name="Onboarding")
    campaign = make_campaign(make_list(workspace, []))
    campaign.labels.add(label)
    channel = make_channel(campaign)
    made = segment(workspace, {"label": "onboarding", "op": "sent", "within": "7 days"})
    keep(workspace)
    Delivery.objects.create(
        channel=channel, person_id=ids["ann"], status="sent", sent_at=NOW, due_at=NOW, step=""
    )
    keep(workspace, NOW + 11 * MINUTE)
    assert members(made) == {"ann"}
    keep(workspace, NOW + 7 * DAY)
    assert members(made) == set()


def test_the_members_are_what_the_condition_says_after_any_changes() -> None:
    """Random changes of people, events and time, kept now and then: in the end the table says what the condition does."""
    chance = random.Random(11)
    workspace = make_workspace()
    names = [f"p{number}" for number in range(30)]
    identify(workspace, **{name: {} for name in names})
    gold = segment(workspace, GOLD)
    mixed = segment(
        workspace,
        {
            "any": [
                {"all": [{"segment": gold.pk, "op": "in"}, {**BOUGHT, "op": "not_done"}]},
                {**BOUGHT, "at_least": 2},
            ]
        },
        "Mixed",
    )
    now = NOW
    for _ in range(60):
        now += timedelta(days=chance.choice([0, 0, 1, 5]), minutes=1)
        name = chance.choice(names)
        if chance.random() < 0.5:
            identify(workspace, now, **{name: {"plan": chance.choice(["gold", "free"])}})
        else:
            do(workspace, name, "purchase", now - timedelta(days=chance.choice([0, 0, 40])))
        if chance.random() < 0.4:
            keep_members(workspace.pk, now)
    keep(workspace, now)
    for kept in (gold, mixed):
        before = members(kept)
        change_segment(kept, kept.name, {"all": [kept.condition]}, now)  # the same, gone over from the start
        keep(workspace, now)
        assert members(kept) == before


def test_two_segments_of_other_workspaces_know_nothing_of_each_other() -> None:
    here, there = make_workspace(), make_workspace("there")
    identify(here, ann={"plan": "gold"})
    identify(there, ann={"plan": "gold"}, bob={"plan": "gold"})
    made = segment(here, GOLD)
    keep(here)
    identify(there, new={"plan": "gold"})
    assert not TouchedPerson.objects.exists()
    assert members(made) == {"ann"} and made.members.count() == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM campaigns_segmentmember")
        assert cursor.fetchone() == (1,)

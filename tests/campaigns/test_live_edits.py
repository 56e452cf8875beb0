"""What an edit of a workflow means for whoever is inside, said before it is saved; and that it comes true."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest

from campaigns.domain.live_edits import changes
from campaigns.domain.workflow import graph_of, workflow_errors
from campaigns.engine.journeys import advance, enter_people
from campaigns.engine.rechecking import waiting_without_limit
from campaigns.models import Campaign, Journey, Person
from campaigns.services import live_edits, updating
from campaigns.services.errors import Invalid
from channels.models import Delivery
from tests.engine.test_journeys_steps import GOLD, branch, journey, wait
from tests.engine.world import (
    NOW,
    delay,
    make_journey,
    make_list,
    make_people,
    make_workspace,
    message,
    places,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
A, B, C = message("a"), delay("b", "1 day"), message("c")
WINDOW = {"key": "hours", "type": "window", "from": "20:00", "to": "22:00", "timezone": "campaign"}
SPLIT = {
    "key": "test", "type": "split", "variants": [{"name": "x", "steps": [A]}, {"name": "y", "weight": 2, "steps": []}],
}  # fmt: skip
HEAVIER = SPLIT | {"variants": [SPLIT["variants"][0] | {"weight": 3}, SPLIT["variants"][1]]}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ([A, B, C], [A, B, C], []),
        ([A, B, C], [A, B | {"name": "A day"}, C], []),
        ([A, B, C], [A, C], [("b", "removed")]),
        ([A, C], [A, B, C], [("b", "added")]),
        ([A, B, C], [A | {"body": "Else"}, B, C], [("a", "changed")]),
        ([A, B, C], [A, B | {"for": "2 days"}, C], [("b", "changed")]),
        ([A, B, C], [C, A, B], [("c", "moved")]),
        ([A, B, C], [A, branch(then=[B]), C], [("fork", "added"), ("b", "moved")]),
        ([branch(then=[A, B]), C], [C], [("fork", "removed"), ("a", "removed"), ("b", "removed")]),
        ([branch(then=[A]), C], [branch(otherwise=[A]), C], [("a", "moved")]),
        ([branch(then=[A])], [branch(then=[A], condition={"not": GOLD})], [("fork", "changed")]),
        ([SPLIT], [SPLIT | {"winner": "x"}], [("test", "changed")]),
        ([SPLIT], [HEAVIER], [("test", "changed")]),
        ([wait(timeout="1 day")], [wait(timeout="2 days")], [("wait", "changed")]),
        ([A, B], [A, message("b")], [("b", "retyped")]),
    ],
)  # fmt: skip
def test_what_is_told(old: list[Any], new: list[Any], expected: list[tuple[str, str]]):
    found = changes(old, new)
    assert [(change.key, change.what) for change in found] == expected
    assert all(change.sentence.endswith(".") for change in found)
    assert [change.key for change in changes(old, new, "flow")] == [f"flow:{key}" for key, _ in expected]


def test_a_step_that_is_moved_and_changed_is_told_twice():
    assert [c.what for c in changes([A, B, C], [B, C, A | {"body": "Else"}])] == ["changed", "moved"]


def edit(campaign: Campaign, workflow: list[dict[str, Any]]) -> Campaign:
    """As the gateway's edit does it."""
    campaign = Campaign.objects.get(pk=campaign.pk)
    campaign.started_at = campaign.started_at or NOW
    updating.apply(campaign, {"workflow": workflow})
    campaign.version += 1
    campaign.save(update_fields=["version", "started_at"])
    return campaign


@pytest.mark.django_db
def test_people_are_counted_at_each_change(django_assert_num_queries):
    campaign = journey([A, branch(then=[wait("long", {"not": GOLD})], otherwise=[B]), C])
    advance(campaign.pk, NOW)
    with django_assert_num_queries(1):
        assert live_edits.standing_at(campaign) == {"b": 2, "long": 2}
    found = live_edits.preview(campaign, campaign.workflow, [A, B | {"for": "2 days"}, C])
    told = {(one.change.key, one.change.what): one.people for one in found}
    assert told == {
        ("fork", "removed"): 0, ("long", "removed"): 2, ("b", "changed"): 2, ("b", "moved"): 2,
    }  # fmt: skip
    assert waiting_without_limit(campaign) == 2


@pytest.mark.django_db
def test_a_changed_delay_keeps_the_time_of_those_who_wait():
    campaign = journey([A, B, C])
    advance(campaign.pk, NOW)
    edit(campaign, [A, B | {"for": "9 days"}, C])
    advance(campaign.pk, NOW + DAY)
    assert places(campaign) == {"finished": 4}


@pytest.mark.django_db
def test_a_changed_condition_is_asked_at_once_and_the_old_limit_is_kept():
    campaign = journey(
        [wait("long", {"attribute": "plan", "op": "eq", "value": "none"}, timeout="2 days"), C]
    )
    advance(campaign.pk, NOW)
    assert places(campaign) == {"active:long": 4}
    campaign = edit(campaign, [wait("long", GOLD, timeout="9 days"), C])
    assert campaign.sweep == "recheck"
    advance(campaign.pk, NOW + HOUR, batch=3)
    assert places(campaign) == {"active:long": 2, "finished": 2}
    assert Campaign.objects.get(pk=campaign.pk).sweep == ""
    assert set(Journey.objects.filter(status="active").values_list("due_at", flat=True)) == {NOW + 2 * DAY}


@pytest.mark.django_db
def test_a_window_that_opens_earlier_now_lets_people_through_now():
    campaign = journey([WINDOW, C])
    advance(campaign.pk, NOW)
    assert places(campaign) == {"active:hours": 4}
    edit(campaign, [WINDOW | {"from": "08:00"}, C])
    advance(campaign.pk, NOW + HOUR, seconds=0)
    advance(campaign.pk, NOW + HOUR)
    assert places(campaign) == {"finished": 4}


@pytest.mark.django_db
def test_a_key_is_not_given_to_a_step_of_another_type():
    campaign = journey([A, B, C])
    with pytest.raises(Invalid) as refused:
        edit(campaign, [A, branch(then=[message("b")]), C])
    assert set(refused.value.fields) == {"workflow.1.then.0.type"}
    assert "needs a key of its own" in refused.value.fields["workflow.1.then.0.type"]


# --- many people, many edits


def random_workflow(chance: random.Random) -> list[dict[str, Any]]:
    """Some of a fixed stock of steps, in any order, some of them inside branches; a key is always of one type."""
    stock = [message(f"m{n}") for n in range(4)] + [delay(f"d{n}", "1 hour") for n in range(3)]
    stock += [wait("w", {"attribute": "plan", "op": "eq", "value": "none"}, timeout="2 hours")]
    steps = chance.sample(stock, chance.randint(1, len(stock)))
    cut = chance.randint(0, len(steps))
    inside, rest = steps[:cut], steps[cut:]
    fork = branch(then=inside[::2], otherwise=inside[1::2])
    return [*rest[:1], fork, *rest[1:]] if inside else rest


@pytest.mark.django_db
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_ten_thousand_people_and_any_edits(seed: int):
    """Everyone is at a step that there is, has finished, or left for a reason; nobody gets a message twice."""
    chance = random.Random(seed)
    workspace = make_workspace()
    people = make_people(workspace, 10_000)
    Person.objects.filter(pk__in=people[::2]).update(attributes={"plan": "gold"})
    campaign = make_journey(make_list(workspace, people), random_workflow(chance))
    enter_people(campaign.pk, NOW)
    now = NOW
    for _ in range(12):
        advance(campaign.pk, now, seconds=chance.choice([0, 0, 10]), batch=3_000)
        workflow = random_workflow(chance)
        assert not workflow_errors(workflow)
        edit(campaign, workflow)
        now += chance.choice([timedelta(0), HOUR, DAY])
        advance(campaign.pk, now)
        at = Journey.objects.filter(campaign=campaign, status="active").values_list("step", flat=True)
        assert set(at.distinct()) <= graph_of(workflow).keys()
    assert Journey.objects.filter(campaign=campaign).count() == 10_000
    assert set(Journey.objects.filter(status="exited").values_list("reason", flat=True)) <= {"step_removed"}
    rows = Delivery.objects.values_list("person_id", "step")
    assert rows.count() == rows.distinct().count(), "the key of the ledger"

"""What each type of step does with people: where they go, when, and what is written about them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from campaigns.domain.splits import way_of
from campaigns.domain.steps import Share
from campaigns.engine.journeys import advance, enter_people
from campaigns.models import Campaign, Journey, Person
from channels.models import Delivery
from tests.engine.world import (
    NOW,
    delay,
    make_campaign,
    make_channel,
    make_journey,
    make_list,
    make_people,
    make_workspace,
    message,
    places,
    statuses,
)

pytestmark = [pytest.mark.django_db, pytest.mark.engine]

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
GOLD = {"attribute": "plan", "op": "eq", "value": "gold"}
CALLED = {"event": "called", "op": "done", "within": "2 days"}
FOREVER = datetime.max.replace(tzinfo=NOW.tzinfo)


def journey(workflow: list[dict[str, Any]], people: int = 4, **fields: Any) -> Campaign:
    """Every second person has the plan “gold”."""
    workspace = make_workspace()
    ids = make_people(workspace, people)
    for number, pk in enumerate(ids):
        plan = "gold" if number % 2 else "free"
        Person.objects.filter(pk=pk).update(attributes={"first_name": f"P{number}", "plan": plan})
    campaign = make_journey(make_list(workspace, ids, since=NOW - DAY), workflow, **fields)
    enter_people(campaign.pk, NOW)
    return campaign


def branch(key: str = "fork", then: Any = (), otherwise: Any = (), condition: Any = GOLD) -> dict[str, Any]:
    return {"key": key, "type": "branch", "if": condition, "then": [*then], "else": [*otherwise]}


def wait(key: str = "wait", condition: Any = GOLD, **fields: Any) -> dict[str, Any]:
    return {"key": key, "type": "wait_until", "condition": condition, **fields}


def sent_to(step: str) -> set[int]:
    return set(Delivery.objects.filter(step=step).values_list("person_id", flat=True))


def having(**attributes: Any) -> set[int]:
    return set(Person.objects.filter(attributes__contains=attributes).values_list("pk", flat=True))


# --- delays


def test_a_journey_that_ends_with_a_delay_lasts_as_long_as_it():
    campaign = journey([message("hello"), delay("rest", "2 days")])
    advance(campaign.pk, NOW)
    assert places(campaign) == {"active:rest": 4}
    advance(campaign.pk, NOW + 2 * DAY - timedelta(microseconds=1))
    assert places(campaign) == {"active:rest": 4}
    advance(campaign.pk, NOW + 2 * DAY)
    assert places(campaign) == {"finished": 4}


def test_a_journey_that_begins_with_a_delay_begins_after_it():
    campaign = journey([delay("rest", "2 days"), message("hello")])
    advance(campaign.pk, NOW + DAY)
    assert places(campaign) == {"active:rest": 4}
    assert not Delivery.objects.exists()
    advance(campaign.pk, NOW + 2 * DAY)
    assert places(campaign) == {"finished": 4}


# --- branches and splits


def test_a_branch_asks_about_now_and_both_ways_go_on_behind_it():
    campaign = journey([branch(then=[message("gold")], otherwise=[message("free")]), message("all")])
    Person.objects.filter(pk=min(having(plan="free"))).update(attributes={"plan": "gold"})
    advance(campaign.pk, NOW)
    assert places(campaign) == {"finished": 4}
    assert (sent_to("gold"), sent_to("free")) == (having(plan="gold"), having(plan="free"))
    assert len(sent_to("gold")) == 3
    assert len(sent_to("all")) == 4


def test_an_empty_side_of_a_branch_leads_on():
    campaign = journey([branch(then=[{"key": "out", "type": "exit"}]), message("all")])
    advance(campaign.pk, NOW)
    assert places(campaign) == {"exited:exit_step": 2, "finished": 2}
    assert sent_to("all") == having(plan="free")


def test_a_split_is_by_lot_and_always_the_same():
    shares = (Share("a", 1), Share("b", 3))
    variants = [{"name": s.name, "weight": s.weight, "steps": [message(f"to_{s.name}")]} for s in shares]
    campaign = journey([{"key": "test", "type": "split", "variants": variants}, message("all")], 60)
    advance(campaign.pk, NOW, batch=7)
    assert places(campaign) == {"finished": 60}
    for share in shares:
        expected = {
            pk
            for pk in Person.objects.values_list("pk", flat=True)
            if way_of(campaign.pk, "test", pk, shares) == share.name
        }
        assert sent_to(f"to_{share.name}") == expected != set()
    assert len(sent_to("to_a")) < len(sent_to("to_b"))


def test_a_winner_takes_everybody():
    variants = [{"name": name, "steps": [message(f"to_{name}")]} for name in "ab"]
    campaign = journey([{"key": "test", "type": "split", "variants": variants, "winner": "b"}], 12)
    advance(campaign.pk, NOW)
    assert (len(sent_to("to_a")), len(sent_to("to_b"))) == (0, 12)


# --- waits


def test_a_wait_ends_when_the_condition_is_met_or_its_time_is_up():
    campaign = journey([wait(timeout="3 days"), message("hello")])
    advance(campaign.pk, NOW)
    assert places(campaign) == {"active:wait": 2, "finished": 2}
    assert set(Journey.objects.filter(status="active").values_list("due_at", "until")) == {
        (NOW + 3 * DAY, NOW + 3 * DAY)
    }
    first = Journey.objects.filter(status="active").first()
    Person.objects.filter(pk=first.person_id).update(attributes={"plan": "gold"})
    Journey.objects.filter(pk=first.pk).update(due_at=NOW + HOUR)
    advance(campaign.pk, NOW + HOUR)
    assert places(campaign) == {"active:wait": 1, "finished": 3}
    advance(campaign.pk, NOW + 3 * DAY)
    assert places(campaign) == {"finished": 4}
    assert len(sent_to("hello")) == 4
    assert not Delivery.objects.filter(expires_at__isnull=False).exists(), "the wait's end is nobody's window"


def test_a_wait_without_a_limit_sleeps_until_something_wakes_it():
    campaign = journey([wait()])
    advance(campaign.pk, NOW)
    sleeping = Journey.objects.filter(campaign=campaign, status="active", due_at__gt=NOW + 3650 * DAY)
    assert sleeping.count() == 2
    assert advance(campaign.pk, NOW + 365 * DAY) == 0


def test_a_condition_with_a_time_in_it_is_looked_at_again_in_ten_minutes():
    campaign = journey([wait(condition={"not": CALLED}, timeout="2 days"), wait("then", CALLED)])
    advance(campaign.pk, NOW)
    assert places(campaign) == {"active:then": 4}
    assert set(Journey.objects.values_list("due_at", flat=True)) == {NOW + timedelta(minutes=10)}
    advance(campaign.pk, NOW + timedelta(minutes=10))
    assert set(Journey.objects.values_list("due_at", flat=True)) == {NOW + timedelta(minutes=20)}


def test_what_follows_a_wait_that_timed_out_counts_from_then():
    campaign = journey([wait(timeout="1 day"), delay("rest", "1 day"), message("hello")])
    advance(campaign.pk, NOW)
    advance(campaign.pk, NOW + DAY + 5 * HOUR)
    assert Journey.objects.filter(due_at=NOW + 2 * DAY, step="rest").count() == 2


def test_whoever_was_deleted_leaves_where_something_is_asked_about_them():
    campaign = journey([wait("never", {"attribute": "plan", "op": "eq", "value": "none"})])
    advance(campaign.pk, NOW)
    Person.objects.filter(pk=Person.objects.first().pk).delete()
    Journey.objects.update(due_at=NOW)
    advance(campaign.pk, NOW)
    assert places(campaign) == {"active:never": 3, "exited:person_deleted": 1}


# --- updates


def test_an_update_sets_and_takes_away_and_touches_only_who_changes():
    campaign = journey([{"key": "set", "type": "update", "attributes": {"plan": "gold", "first_name": None}}])
    Person.objects.filter(attributes__plan="gold").update(attributes={"plan": "gold"})
    advance(campaign.pk, NOW + HOUR)
    assert places(campaign) == {"finished": 4}
    assert list(Person.objects.values_list("attributes", flat=True)) == [{"plan": "gold"}] * 4
    assert Person.objects.filter(updated_at=NOW + HOUR).count() == 2


# --- what is sent


def test_a_draft_waits_for_somebody():
    campaign = journey([message("hello") | {"sending": "draft"}, message("again")])
    Person.objects.filter(pk=Person.objects.first().pk).update(phone="")
    advance(campaign.pk, NOW)
    rows = Delivery.objects.filter(step="hello").values_list("status", flat=True)
    assert sorted(rows) == ["drafted", "drafted", "drafted", "skipped"]
    assert places(campaign) == {"finished": 4}, "the journey does not wait for it"


def test_a_filter_skips_messages_and_lets_the_journey_go_on():
    campaign = journey([message("hello"), delay("rest", "1 day"), message("again")])
    trigger = {"type": "segment", "in": [[campaign.segment_id]], "filter": GOLD}
    Campaign.objects.filter(pk=campaign.pk).update(trigger=trigger)
    advance(campaign.pk, NOW)
    assert statuses(campaign.channels.get()) == {"pending": 2, "skipped:filtered": 2}
    Person.objects.update(attributes={"plan": "gold"})
    advance(campaign.pk, NOW + DAY)
    assert Delivery.objects.filter(step="again", status="pending").count() == 4


def test_whoever_meets_the_exit_criteria_gets_no_row_and_leaves():
    campaign = journey([message("hello"), message("again")], exit={"condition": GOLD})
    advance(campaign.pk, NOW)
    assert places(campaign) == {"exited:exit_criteria": 2, "finished": 2}
    assert sent_to("hello") == sent_to("again") == having(plan="free")


@pytest.mark.parametrize("rule", ["exit", "filter"])
def test_an_address_is_not_kept_for_somebody_who_gets_nothing(rule: str):
    """The first of two with one address leaves or is filtered: then the second is no duplicate."""
    fields = {"exit": {"condition": {"not": GOLD}}} if rule == "exit" else {}
    campaign = journey([message("hello")], 2, **fields)
    if rule == "filter":
        trigger = {"type": "segment", "in": [[campaign.segment_id]], "filter": GOLD}
        Campaign.objects.filter(pk=campaign.pk).update(trigger=trigger)
    Person.objects.update(phone="+447000000001", shares_phone=True)
    advance(campaign.pk, NOW)
    assert Delivery.objects.filter(status="pending").count() == 1
    assert sent_to("hello") >= having(plan="gold")


def test_a_webhook_step_is_a_row_of_the_webhook_channel():
    call = {"key": "call", "type": "webhook", "url": "https://example.test/in", "body": "{{ person.plan }}"}
    campaign = journey([call, message("hello")])
    assert advance(campaign.pk, NOW) == 0, "there is no such channel yet"
    channel = make_channel(campaign, "webhook")
    advance(campaign.pk, NOW)
    assert statuses(channel) == {"pending": 4}
    assert places(campaign) == {"finished": 4}


def test_rows_know_the_event_that_let_their_person_in():
    campaign = journey([message("hello")])
    Journey.objects.update(event_id=77)
    advance(campaign.pk, NOW)
    assert set(Delivery.objects.values_list("event_id", flat=True)) == {77}


# --- flows


def test_flows_move_by_their_own_workflows_and_inactive_ones_stand_still():
    workspace = make_workspace()
    people = make_people(workspace, 3)
    flows = [
        {
            "key": "a",
            "active": True,
            "workflow": [message("hello"), delay("rest", "1 day"), message("again")],
        },
        {"key": "b", "active": False, "workflow": [message("hello")]},
    ]
    campaign = make_campaign(make_list(workspace, people), "flow", flows=flows)
    make_channel(campaign)
    for flow in "ab":
        for pk in people:
            Journey.objects.create(
                campaign=campaign, person_id=pk, flow=flow, step=f"{flow}:hello", due_at=NOW, entered_at=NOW
            )
    advance(campaign.pk, NOW)
    assert places(campaign) == {"active:a:rest": 3, "active:b:hello": 3}
    advance(campaign.pk, NOW + DAY)
    assert places(campaign) == {"finished": 3, "active:b:hello": 3}
    assert set(Delivery.objects.values_list("step", flat=True)) == {"a:hello", "a:again"}

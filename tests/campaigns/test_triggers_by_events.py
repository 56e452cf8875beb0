"""People enter journeys by what happens to them: events, calls of a webhook, their dates (features A12)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from campaigns.engine.journeys import enter_people
from campaigns.models import (
    Journey,
    Person,
    SegmentMember,
    Workspace,
)
from campaigns.services import duties
from campaigns.services.events import take_events
from campaigns.services.previewing import render_for
from campaigns.services.webhook_calls import take_call
from channels.engine.dispatch import dispatch_channel
from channels.models import SandboxMessage
from tests.campaigns.runs import NOW as RUN_NOW
from tests.campaigns.runs import message, publish
from tests.campaigns.triggered import DAY, GOLD, MINUTE, NOW, act, enter, inside, journey, make_person
from tests.factories import CampaignFactory, SegmentFactory

pytestmark = pytest.mark.django_db


# --- events


def does(workspace: Workspace, who: str, now: datetime, name: str = "purchase", **more: Any) -> None:
    report = take_events(workspace, [{"external_id": who, "name": name, **more}], now)
    assert report.created == 1, report


def test_each_event_lets_its_person_in_side_by_side(workspace: Workspace) -> None:
    """Two orders of one person are two journeys; each knows its own order."""
    campaign = journey(workspace, {"type": "event", "name": "purchase"})
    make_person(workspace, "ada"), make_person(workspace, "grace")
    does(workspace, "ada", NOW - MINUTE)
    act("start", campaign, NOW)
    for who in ("ada", "grace", "ada"):
        does(workspace, who, NOW + MINUTE, properties={"order": who})
    does(workspace, "ada", NOW + MINUTE, name="visit")
    assert enter(campaign, NOW + MINUTE) == ["ada", "ada", "grace"]
    assert enter(campaign, NOW + MINUTE) == []
    found = Journey.objects.filter(campaign=campaign, person__external_id="ada").order_by("entry")
    assert [row.entry for row in found] == [0, 1]
    assert len({row.event_id for row in found}) == 2


@pytest.mark.parametrize(
    ("frequency", "first", "later"),
    [
        ({}, ["ada", "ada"], ["ada"]),
        ({"every_time": True}, ["ada", "ada"], ["ada"]),
        ({"once": True}, ["ada"], []),
        ({"at_most_every": "30 days"}, ["ada"], []),
        ({"at_most_every": "1 day"}, ["ada"], ["ada"]),
    ],
)
def test_how_often_events_let_a_person_in(
    workspace: Workspace, frequency: dict[str, Any], first: list[str], later: list[str]
) -> None:
    campaign = journey(workspace, {"type": "event", "name": "purchase"}, frequency)
    make_person(workspace, "ada")
    act("start", campaign, NOW)
    does(workspace, "ada", NOW + MINUTE)
    does(workspace, "ada", NOW + MINUTE)
    assert enter(campaign, NOW + MINUTE) == first
    does(workspace, "ada", NOW + 2 * DAY)
    assert enter(campaign, NOW + 2 * DAY) == later


CONDITIONED: list[tuple[dict[str, Any], list[str]]] = [
    ({"property": "amount", "op": "gte", "value": 100}, ["grace"]),
    ({"property": "amount", "op": "eq", "value": "20"}, ["ada"]),
    ({"property": "amount", "op": "ne", "value": 20}, ["alan", "grace"]),
    ({"property": "amount", "op": "not_exists"}, ["alan"]),
    ({"property": "tags", "op": "contains", "value": "new"}, ["grace"]),
    ({"property": "when", "op": "lt", "value": "2026-02-01"}, ["ada"]),
    ({"all": [{"property": "amount", "op": "exists"}, GOLD]}, ["ada"]),
    ({"any": [{"property": "amount", "op": "in", "value": [200, 300]}, GOLD]}, ["ada", "grace"]),
]


@pytest.mark.parametrize(("condition", "expected"), CONDITIONED)
def test_a_condition_looks_at_the_event_and_at_the_person(
    workspace: Workspace, condition: dict[str, Any], expected: list[str]
) -> None:
    campaign = journey(workspace, {"type": "event", "name": "purchase", "condition": condition})
    make_person(workspace, "ada", plan="gold")
    make_person(workspace, "grace"), make_person(workspace, "alan")
    act("start", campaign, NOW)
    does(workspace, "ada", NOW + MINUTE, properties={"amount": 20, "when": "2026-01-05"})
    does(
        workspace,
        "grace",
        NOW + MINUTE,
        properties={"amount": "200", "tags": ["new", "big"], "when": "2026-02-05"},
    )
    does(workspace, "alan", NOW + MINUTE)
    assert enter(campaign, NOW + MINUTE) == expected


def test_what_happened_while_it_was_stopped_lets_nobody_in(workspace: Workspace) -> None:
    campaign = journey(workspace, {"type": "event", "name": "purchase"})
    make_person(workspace, "ada"), make_person(workspace, "grace")
    act("start", campaign, NOW)
    does(workspace, "ada", NOW + MINUTE)
    act("stop", campaign, NOW + 2 * MINUTE, mode="exit")
    does(workspace, "ada", NOW + 3 * MINUTE)
    assert enter(campaign, NOW + 3 * MINUTE) == []
    act("restart", campaign, NOW + DAY)
    does(workspace, "ada", NOW + DAY + MINUTE, occurred_at=(NOW + 3 * MINUTE).isoformat())
    does(workspace, "grace", NOW + DAY + MINUTE)
    assert enter(campaign, NOW + DAY + MINUTE) == ["grace"]


def test_events_are_read_in_chunks_and_an_audience_narrows_them(workspace: Workspace) -> None:
    chosen = SegmentFactory(workspace=workspace, people=0)
    campaign = CampaignFactory(
        kind="journey", workspace=workspace, audience={"segment": chosen.pk}, now=NOW - DAY,
        trigger={"type": "event", "name": "purchase"},
    )  # fmt: skip
    people = [make_person(workspace, f"p{number}") for number in range(7)]
    SegmentMember.objects.bulk_create(
        SegmentMember(segment=chosen, person=person, since=NOW - DAY) for person in people[:5]
    )
    act("start", campaign, NOW)
    for person in people:
        does(workspace, person.external_id, NOW + MINUTE)
    assert enter_people(campaign.pk, NOW + MINUTE, seconds=0, chunk=2) == 2
    assert enter_people(campaign.pk, NOW + MINUTE, chunk=2) == 3
    assert inside(campaign) == [f"p{number}" for number in range(5)]


# --- webhooks


def test_a_webhook_lets_in_whom_it_is_called_for(workspace: Workspace) -> None:
    campaign = journey(
        workspace, {"type": "webhook", "condition": {"property": "score", "op": "gt", "value": 5}}
    )
    make_person(workspace, "ada"), make_person(workspace, "grace")
    act("start", campaign, NOW)
    token = campaign.entrances.get().token
    take_call(token, [{"external_id": "ada", "properties": {"score": 9}}], "", NOW + MINUTE)
    take_call(token, {"external_id": "grace", "properties": {"score": 1}}, "", NOW + MINUTE)
    assert enter(campaign, NOW + MINUTE) == ["ada"]


# --- dates


def test_people_enter_on_their_date_by_their_own_clock(workspace: Workspace) -> None:
    """Never early, once each; without a time zone of one's own the campaign's counts."""
    trigger = {"type": "date", "attribute": "renewal", "offset": "-3 days", "at": "09:00"}
    campaign = journey(workspace, trigger)
    for name, zone in (
        ("tokyo", "Asia/Tokyo"),
        ("london", "Europe/London"),
        ("none", ""),
        ("honolulu", "Pacific/Honolulu"),
    ):
        person = make_person(workspace, name, renewal="2026-03-08T12:00:00Z")
        person.timezone = zone
        person.save()
    make_person(workspace, "other", renewal="2026-03-09")
    act("start", campaign, NOW)
    walked = []
    moment = datetime.fromisoformat("2026-03-04T23:00:00+00:00")
    while moment < NOW + 5 * DAY:
        walked += [(name, moment.strftime("%d %H:%M")) for name in enter(campaign, moment)]
        moment += timedelta(minutes=30)
    assert walked == [
        ("tokyo", "05 00:00"), ("london", "05 09:00"), ("none", "05 09:00"), ("honolulu", "05 19:00"),
        ("other", "06 09:00"),
    ]  # fmt: skip


def test_a_walk_over_dates_goes_on_where_it_was_and_whoever_moves_enters_once(workspace: Workspace) -> None:
    campaign = journey(workspace, {"type": "date", "attribute": "renewal", "at": "10:00"})
    people = [make_person(workspace, f"p{number}", renewal="2026-03-02") for number in range(5)]
    act("start", campaign, NOW)
    moment = NOW + timedelta(hours=1)
    assert enter_people(campaign.pk, moment - MINUTE) == 0
    assert enter_people(campaign.pk, moment, seconds=0, chunk=2) == 2
    assert enter_people(campaign.pk, moment + MINUTE, chunk=2) == 3
    Person.objects.filter(pk=people[0].pk).update(timezone="America/New_York")
    assert enter(campaign, moment + timedelta(hours=5)) == []
    assert len(inside(campaign)) == 5


def test_the_beat_may_be_down_for_some_hours_but_a_date_long_gone_is_over(workspace: Workspace) -> None:
    campaign = journey(workspace, {"type": "date", "attribute": "renewal", "at": "10:00"})
    make_person(workspace, "soon", renewal="2026-03-03"), make_person(workspace, "gone", renewal="2026-03-02")
    act("start", campaign, NOW)
    assert enter(campaign, NOW + DAY + timedelta(hours=6)) == ["soon"]


# --- what messages show of it


def test_messages_show_the_event_that_they_follow(workspace: Workspace) -> None:
    """Each entry its own, in journeys; what an event does not tell is empty, as an attribute that nobody has."""
    text = {
        "type": "message",
        "channel": "email",
        "subject": "{{ event.order }}",
        "body": "{{ event.name }}/{{ event.none }}",
    }
    campaign = CampaignFactory(
        kind="journey", workspace=workspace, audience=None, trigger={"type": "event", "name": "purchase"}, now=NOW - DAY,
        workflow=[{"key": "hello", **text}],
    )  # fmt: skip
    make_person(workspace, "ada"), make_person(workspace, "grace")
    act("start", campaign, NOW)
    for who, order in (("ada", 1), ("grace", 2), ("ada", 3)):
        does(workspace, who, NOW + MINUTE, properties={"order": order})
    duties.work(NOW + MINUTE)
    dispatch_channel(campaign.channels.get().pk, now=NOW + MINUTE)
    letters = SandboxMessage.objects.order_by("delivery_id").values_list("subject", "body")
    assert sorted(subject for subject, _ in letters) == ["1", "2", "3"]
    assert {body.strip() for _, body in letters} == {"purchase/"}
    ada = Person.objects.get(external_id="ada")
    assert render_for(campaign, ada, "email", "{{ event.order }}", "").subject == "3", (
        "the last one is the example"
    )


def test_a_message_by_action_shows_its_event() -> None:
    campaign = message({"type": "action", "event": "purchase"})
    campaign.channels.update(content={"subject": "{{ event.order }}", "body": "Hello"})
    publish(campaign)
    does(campaign.workspace, "person-1", RUN_NOW + MINUTE, properties={"order": "A7"})
    duties.work(RUN_NOW + MINUTE)
    dispatch_channel(campaign.channels.get().pk, now=RUN_NOW + MINUTE)
    assert SandboxMessage.objects.get().subject == "A7"

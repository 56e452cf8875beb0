"""A flow campaign over a real mail server, with a real beat and real workers: nobody is moved or written to by the test.

The campaign begins a little less than its delay ago, with the time passed in, so that the delay ends while the test looks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from campaigns.engine import ledger as proof
from campaigns.models import Activity, Campaign, Journey, Membership, Segment
from campaigns.services import duties, timetable
from campaigns.services.actions import perform
from campaigns.services.actors import Actor
from campaigns.services.campaigns import create_campaign
from campaigns.services.events import take_events
from campaigns.services.people import add_to_list, upsert_people
from channels.models import Delivery
from tests import factories
from tests.faults.brokers import Files, Processes
from tests.faults.checker import compare
from tests.faults.worker_process import wait_until
from tests.sinks.sink import Sink

pytestmark = [pytest.mark.engine, pytest.mark.fault, pytest.mark.django_db(transaction=True)]

SECOND = timedelta(seconds=1)
DELAY = timedelta(minutes=10)
#: On the list from the beginning; added to it while everything runs; who order something; whose order is delivered.
FIRST, LATER, BUYERS, DELIVERED = 200, 50, 120, 70
#: All of them are there before; every second one pays.
EVERYBODY = [f"flows-{number}" for number in range(FIRST + LATER)]
PRO = EVERYBODY[::2]
ORDER = "order"
#: How many stand at a step, or ended there: (step, status) → number.
Places = dict[tuple[str, str], int]


@pytest.fixture
def start_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Starts a beat, a worker for duties and one that sends, as an installation has them."""
    timetable.fill()
    broker = Files(tmp_path / "data")
    broker.ring_here(monkeypatch)
    processes = Processes(broker, DISPATCH_WORKERS="2")

    def start() -> None:
        processes.worker("duties", 1)
        processes.worker("dispatch", 2)
        processes.beat()

    yield start
    processes.kill()


def test_two_flows_walk_everybody_through_once(
    start_workers: Callable[[], None], creator: Membership, smtp_sink: Sink
) -> None:
    begun = timezone.now() - DELAY + 10 * SECOND
    listed = bring_in(creator, begun)
    campaign = start_flows(creator, smtp_sink, listed, begun)
    duties.work_on(campaign.pk, begun)
    assert places(campaign) == {("newcomers:wait", "active"): FIRST}
    start_workers()

    add_to_list(listed, EVERYBODY[FIRST:])
    buyers = EVERYBODY[-BUYERS:]
    take_events(creator.workspace, [order(person) for person in buyers], timezone.now())
    there = {
        ("orders:delivered", "active"): BUYERS, ("newcomers:wait", "active"): LATER,
        ("newcomers:pro", "finished"): FIRST // 2, ("newcomers:free", "finished"): FIRST // 2,
    }  # fmt: skip
    wait_until(lambda: places(campaign) == there, "all of them are where they wait or have finished")
    assert none_due_before(campaign, ("newcomers:pro", "newcomers:free"), begun + DELAY), "never early"

    happy = buyers[:DELIVERED]
    give(creator, happy, "delivered")
    there |= {("orders:delivered", "active"): BUYERS - DELIVERED, ("orders:enjoy", "finished"): DELIVERED}
    wait_until(lambda: places(campaign) == there, "whose order is delivered has finished")
    arrived = expected(buyers, happy)
    wait_until(lambda: letters(smtp_sink) == arrived, "every letter has arrived, once")
    channel = campaign.channels.get()
    assert compare(channel, smtp_sink.journal()).clean

    assert stop(campaign, creator).look.label == "Inactive"
    give(creator, buyers, "delivered")
    watch_a_journey_settle(creator, buyers, channel.connection_id)
    assert places(campaign) == there, "while it is Inactive nobody enters and nobody moves"
    noted = Counter((name, "noted") for name in buyers)
    wait_until(lambda: letters(smtp_sink) == arrived + noted, "nothing else has been sent")
    archive(campaign, there)
    with proof.one_snapshot():
        assert list(proof.violations()) == []


def bring_in(creator: Membership, now: datetime) -> Segment:
    """Everybody comes in; the first of them are on the list."""
    rows = [
        {"external_id": name, "email": f"{name}@example.test", "attributes": {"plan": plan}}
        for name in EVERYBODY
        for plan in ["pro" if name in PRO else "free"]
    ]
    assert upsert_people(creator.workspace, rows, now).created == len(EVERYBODY)
    listed = Segment.objects.create(workspace=creator.workspace, name="Newcomers")
    add_to_list(listed, EVERYBODY[:FIRST], now)
    return listed


def start_flows(creator: Membership, sink: Sink, listed: Segment, now: datetime) -> Campaign:
    """One flow by segment with a delay and a branch, one by event with a wait for something."""
    paying = {"attribute": "plan", "op": "eq", "value": "pro"}
    branch = {"key": "pays", "type": "branch", "if": paying, "then": [mail("pro")], "else": [mail("free")]}
    delay = {"key": "wait", "type": "delay", "for": "10 minutes"}
    newcomers = {
        "key": "newcomers", "name": "Newcomers", "trigger": {"type": "segment", "in": [[listed.pk]]},
        "workflow": [mail("welcome"), delay, branch],
    }  # fmt: skip
    delivered = {
        "key": "delivered",
        "type": "wait_until",
        "condition": {"attribute": "delivered", "op": "exists"},
    }
    orders = {
        "key": "orders", "name": "Orders", "trigger": {"type": "event", "name": ORDER},
        "workflow": [mail("thanks {{ event.number }}", "thanks"), delivered, mail("enjoy")],
    }  # fmt: skip
    account = factories.smtp_connection(creator.workspace, sink.port)
    channels = [{"kind": "email", "connection": account.pk}]
    data = {"kind": "flow", "name": "Shop", "flows": [newcomers, orders], "channels": channels}
    campaign = create_campaign(Actor.member(creator), data, now)
    return perform("start", campaign.pk, Actor.member(creator), now=now)


def mail(subject: str, key: str = "") -> dict[str, Any]:
    """A step that sends; its subject tells which."""
    return {"key": key or subject, "type": "message", "channel": "email", "subject": subject, "body": "Hello"}


def order(person: str) -> dict[str, Any]:
    """What the shop's own program reports."""
    properties = {"number": person.rpartition("-")[2]}
    return {"external_id": person, "name": ORDER, "id": f"order of {person}", "properties": properties}


def places(campaign: Campaign) -> Places:
    """How many stand at each step or have ended there."""
    return dict(Counter(Journey.objects.filter(campaign=campaign).values_list("step", "status")))


def none_due_before(campaign: Campaign, steps: tuple[str, ...], moment: datetime) -> bool:
    """Whether no message of these steps was due earlier."""
    rows = Delivery.objects.filter(channel__campaign=campaign, step__in=steps)
    return not rows.filter(due_at__lt=moment).exists()


def letters(sink: Sink) -> Counter[tuple[str, str]]:
    """Who was sent what."""
    return Counter((letter["to"].partition("@")[0], letter["subject"]) for letter in sink.journal())


def expected(buyers: list[str], happy: list[str]) -> Counter[tuple[str, str]]:
    """One letter for each step that somebody came to."""
    found = [(name, "welcome") for name in EVERYBODY]
    found += [(name, "pro" if name in PRO else "free") for name in EVERYBODY[:FIRST]]
    found += [(name, f"thanks {name.rpartition('-')[2]}") for name in buyers]
    return Counter(found + [(name, "enjoy") for name in happy])


def stop(campaign: Campaign, creator: Membership, **how: str) -> Campaign:
    return perform("stop", campaign.pk, Actor.member(creator), params=how)


def watch_a_journey_settle(creator: Membership, buyers: list[str], connection: int) -> None:
    """Beside it a journey lets the same orders in. Stopped with finish it is Stopping until the last one has left."""
    wait = {"key": "settled", "type": "wait_until", "condition": {"attribute": "settled", "op": "exists"}}
    data = {
        "kind": "journey", "name": "Bookkeeping", "trigger": {"type": "event", "name": ORDER},
        "workflow": [mail("noted"), wait], "channels": [{"kind": "email", "connection": connection}],
    }  # fmt: skip
    member = Actor.member(creator)
    journey = perform("start", create_campaign(member, data, timezone.now()).pk, member)
    take_events(creator.workspace, [{"external_id": name, "name": ORDER} for name in buyers], timezone.now())
    wait_until(lambda: places(journey) == {("settled", "active"): BUYERS}, "the orders have let people in")
    assert stop(journey, creator, mode="finish").status == "stopping"
    give(creator, buyers[1:], "settled")
    wait_until(lambda: places(journey).get(("settled", "finished")) == BUYERS - 1, "all but one have left")
    duties.settle(timezone.now())
    assert Campaign.objects.get(pk=journey.pk).status == "stopping"
    give(creator, buyers[:1], "settled")
    wait_until(Campaign.objects.filter(pk=journey.pk, status="stopped").exists, "the beat has settled it")
    assert list(Activity.objects.filter(campaign=journey, actor=None).values_list("action", flat=True)) == [
        "settle"
    ]


def give(creator: Membership, people: list[str], attribute: str) -> None:
    """These people have an attribute from now on."""
    upsert_people(
        creator.workspace, [{"external_id": name, "attributes": {attribute: "yes"}} for name in people]
    )


def archive(campaign: Campaign, there: Places) -> None:
    """Six months later, and no second earlier, it is archived; the beat ends the journeys of whoever waited inside."""
    due = Campaign.objects.get(pk=campaign.pk).archive_due_at
    assert due is not None
    assert duties.archive_old(due - SECOND) == {"archived": 0}
    assert duties.archive_old(due) == {"archived": 1}
    gone = {
        (step, "exited" if status == "active" else status): number for (step, status), number in there.items()
    }
    wait_until(lambda: places(campaign) == gone, "the beat has let everybody leave")
    assert Campaign.objects.get(pk=campaign.pk).status == "archived"

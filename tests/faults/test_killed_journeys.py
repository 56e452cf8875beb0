"""SIGKILL of the workers that move people through a journey of all nine types of step, and of those who write to them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.db import connection
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule

from campaigns.domain.programs import programs_of
from campaigns.domain.steps import STEP_KEYS
from campaigns.engine import ledger
from campaigns.models import Campaign, Journey, Person
from campaigns.services import timetable
from campaigns.services.actions import perform
from campaigns.services.actors import Actor
from campaigns.services.events import take_events
from channels.engine.pacing import LARGEST_WINDOW
from channels.models import Channel, Connection, Delivery
from tests import factories
from tests.engine import plain_walk
from tests.engine.sending import tallies
from tests.engine.world import delay
from tests.factories.campaigns import owner_of
from tests.factories.people import enlist
from tests.faults.brokers import Files, Processes
from tests.faults.checker import compare, rounds
from tests.faults.worker_process import wait_until
from tests.sinks.sink import Sink

pytestmark = [pytest.mark.engine, pytest.mark.fault, pytest.mark.django_db(transaction=True)]

#: So many people join the journey before each kill; in the short form some thousands come together.
A_ROUND = 350
WORKERS = 2
GOLD = {"attribute": "plan", "op": "eq", "value": "gold"}


def letter(key: str) -> dict[str, Any]:
    return {"key": key, "type": "message", "channel": "email", "subject": key, "body": "Hello"}


CALL = {"key": "call", "type": "webhook", "body": "{{ person.first_name }}"}
SPLIT: dict[str, Any] = {
    "key": "test", "type": "split",
    "variants": [
        {"name": "stay", "weight": 3, "steps": [letter("stay")]},
        {"name": "go", "weight": 1, "steps": [{"key": "out", "type": "exit"}]},
    ],
}  # fmt: skip


def workflow(url: str) -> list[dict[str, Any]]:
    """All nine types; the webhook calls ``url``."""
    return [
        letter("hello"),
        delay("rest", "1 minute"),
        {
            "key": "fork", "type": "branch", "if": GOLD, "then": [letter("gold")],
            "else": [{"key": "note", "type": "update", "attributes": {"noted": True}}],
        },
        {"key": "hours", "type": "window", "from": "00:00", "to": "24:00"},
        SPLIT,
        {
            "key": "until", "type": "wait_until", "condition": {"event": "called", "op": "done"}, "timeout": "1 day",
        },
        {**CALL, "url": url},
        letter("bye"),
    ]  # fmt: skip


class Crowd:
    """Celery: a worker that moves people, one that sends, a beat; and a hand for each of them."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes

    def start(self) -> None:
        """Start all three."""
        self._movers = self._processes.worker("duties", 1)
        self._senders = self._processes.worker("dispatch", WORKERS)
        self._processes.beat()

    def kill_mover(self, *_: object) -> None:
        """In the middle of a transaction that moves people or lets them in, if there is one just now."""
        wait_until(lambda: is_moving() or all_ended(), "people are moved")
        self._kill_children(self._movers)

    def kill_sender(self, smtp: Sink, http: Sink) -> None:
        """One of them, when some messages more have arrived."""
        goal = smtp.count() + http.count() + random.randint(1, A_ROUND // 2)
        wait_until(lambda: smtp.count() + http.count() >= goal or all_ended(), f"message {goal} arrives")
        self._kill_children(self._senders, 1)

    def kill_everything(self, smtp: Sink, http: Sink) -> None:
        """Both workers with their main processes, and the beat."""
        goal = smtp.count() + random.randint(1, A_ROUND // 2)
        wait_until(lambda: smtp.count() >= goal or all_ended(), f"message {goal} arrives")
        self._processes.kill()
        self.start()

    def _kill_children(self, worker: Any, most: int = 9) -> None:
        children = psutil.Process(worker.pid).children()
        for child in random.sample(children, min(most, len(children))):
            child.kill()


#: One after the other, from the start again.
KILLS = (Crowd.kill_mover, Crowd.kill_sender, Crowd.kill_mover, Crowd.kill_sender, Crowd.kill_everything)


@pytest.fixture
def crowd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[Crowd]:
    settings.WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    timetable.fill()
    IntervalSchedule.objects.filter(every=timetable.EVERY["work"]).update(every=1)
    IntervalSchedule.objects.filter(every=timetable.EVERY["recover"]).update(every=2)
    broker = Files(tmp_path / "data")
    broker.ring_here(monkeypatch)
    processes = Processes(
        broker,
        DISPATCH_LEASE_SECONDS="2",
        DISPATCH_WORKERS=str(WORKERS),
        WEBHOOK_ALLOWED_NETWORKS="127.0.0.0/8",
    )
    yield Crowd(processes)
    processes.kill()


def test_whoever_is_killed_nobody_is_lost_on_the_way_and_nobody_gets_anything_twice(
    crowd: Crowd, smtp_sink: Sink, http_sink: Sink
) -> None:
    kills = rounds(5)
    campaign = start_journey(smtp_sink, http_sink)
    crowd.start()
    smtp_sink.set_latency(2)
    for turn in range(kills):
        join(campaign)
        let_time_pass()
        KILLS[turn % len(KILLS)](crowd, smtp_sink, http_sink)
        assert_nobody_is_nowhere(campaign)
    join(campaign)
    wait_until(lambda: let_time_pass() or all_ended(), "everybody has come to an end", 180)
    waiting = Delivery.objects.filter(status__in=("pending", "sending"))
    wait_until(lambda: not waiting.exists(), "everything is sent or in doubt", 180)
    assert_everybody_went_their_way(campaign, A_ROUND * (kills + 2))
    for channel, sink in ((of(campaign, "email"), smtp_sink), (of(campaign, "webhook"), http_sink)):
        result = compare(channel, sink.journal())
        assert result.clean, result
        assert result.statuses == tallies(channel) and set(result.statuses) <= {"sent", "unknown"}
        assert result.statuses.get("unknown", 0) <= kills * WORKERS * LARGEST_WINDOW
    with ledger.one_snapshot():
        assert list(ledger.violations()) == []


def start_journey(smtp_sink: Sink, http_sink: Sink) -> Campaign:
    """Of current people and whoever joins later, through servers on this machine."""
    workspace = factories.WorkspaceFactory()
    # A lease covers the provider's time-outs: short ones, so that what the dead held is found soon.
    mail = factories.smtp_connection(workspace, smtp_sink.port, timeout=4)
    hook = factories.webhook_connection(workspace, http_sink.url, timeout=4)
    Connection.objects.update(parallelism=8)
    steps = workflow(http_sink.url)
    assert {node.step.type for node in _nodes(steps)} == set(STEP_KEYS), "all nine"
    now = timezone.now()
    campaign = factories.CampaignFactory(
        kind="journey",
        workspace=workspace,
        connection=mail,
        people=0,
        now=now,
        workflow=steps,
        channels=[
            {"kind": "email", "connection": mail.pk},
            {"kind": "webhook", "connection": hook.pk},
        ],
    )
    join(campaign)
    perform("start", campaign.pk, Actor.member(owner_of(campaign)), params={"audience": "current"}, now=now)
    return Campaign.objects.get(pk=campaign.pk)


def _nodes(steps: list[dict[str, Any]]) -> list[Any]:
    (program,) = programs_of(Campaign(kind="journey", workflow=steps))
    return list(program.graph().values())


def join(campaign: Campaign) -> None:
    """More people: a third have gold; every other one calls, whenever that comes in."""
    ids = factories.people(campaign.workspace, A_ROUND)
    golden = Person.objects.filter(pk__in=ids[::3])
    golden.update(attributes={"plan": "gold", "first_name": "Grace"})
    assert campaign.segment is not None
    enlist(campaign.segment, ids, timezone.now())
    names = Person.objects.filter(pk__in=ids[::2]).values_list("external_id", flat=True)
    events = [{"external_id": name, "name": "called"} for name in names]
    take_events(campaign.workspace, events, timezone.now())


def let_time_pass() -> None:
    """Whoever rests or waits has done so for long enough."""
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE campaigns_journey SET due_at = clock_timestamp(),
                   until = CASE step WHEN 'until' THEN clock_timestamp() ELSE until END
               WHERE id IN (SELECT id FROM campaigns_journey WHERE status = 'active' AND step IN ('rest', 'until')
                            AND due_at > clock_timestamp() FOR UPDATE SKIP LOCKED)"""
        )


def is_moving() -> bool:
    """Whether a worker is in a transaction that touches journeys."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'duties%'
               AND xact_start IS NOT NULL AND query LIKE '%campaigns_journey%'"""
        )
        return cursor.fetchone() is not None


def all_ended() -> bool:
    """Whether everybody on the list has entered, and nobody is on the way."""
    entered = Journey.objects.count()
    return entered == Person.objects.count() and not Journey.objects.filter(status="active").exists()


def of(campaign: Campaign, kind: str) -> Channel:
    return Channel.objects.get(campaign=campaign, kind=kind)


def assert_nobody_is_nowhere(campaign: Campaign) -> None:
    """At every moment: each is at a step that exists or has ended for a reason, and all counts are exact."""
    steps = {node.key for node in _nodes(campaign.workflow)}
    with ledger.one_snapshot():
        places = set(Journey.objects.values_list("status", "step", "reason"))
        assert list(ledger.violations()) == []
    assert {step for status, step, _ in places if status == "active"} <= steps
    assert {(status, reason) for status, _, reason in places} <= {
        ("active", ""),
        ("finished", ""),
        ("exited", "exit_step"),
    }


def assert_everybody_went_their_way(campaign: Campaign, number: int) -> None:
    """Once, to its end, with exactly the messages that lie on it: the split by lot, the branch by their plan."""
    journeys = dict(Journey.objects.filter(campaign=campaign).values_list("person_id", "status"))
    assert len(journeys) == Journey.objects.count() == Person.objects.count() == number
    rows: dict[int, Counter[str]] = {pk: Counter() for pk in journeys}
    for pk, step in Delivery.objects.filter(channel__campaign=campaign).values_list("person_id", "step"):
        rows[pk][step] += 1
    for pk, attributes in Person.objects.values_list("pk", "attributes"):
        is_golden, stays = "plan" in attributes, plain_walk.drawn(SPLIT, campaign.pk, pk) == 0
        expected = {"hello"} | ({"gold"} if is_golden else set())
        expected |= {"stay", "call", "bye"} if stays else set()
        assert rows[pk] == Counter(expected), pk
        assert journeys[pk] == ("finished" if stays else "exited")
        assert ("noted" in attributes) is not is_golden

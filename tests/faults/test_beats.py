"""Two beats, two workers for duties and four senders at once: one start, one completion, one stop, nobody twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTasks

from campaigns.models import Activity, Campaign, Membership
from campaigns.services import timetable
from campaigns.services.actions import perform
from campaigns.services.actors import Actor
from channels.models import Channel, Connection, SandboxMessage
from tests import factories
from tests.engine.sending import ledger, tallies
from tests.faults.brokers import Files, Processes, connected
from tests.faults.checker import compare
from tests.faults.worker_process import wait_until
from tests.sinks.sink import Sink

pytestmark = [pytest.mark.engine, pytest.mark.fault, pytest.mark.django_db(transaction=True)]

SECOND = timedelta(seconds=1)
PEOPLE = 300
EVERYBODY = {"duties-1", "duties-2", "beat-5", "beat-6"}


@pytest.fixture
def crowd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Processes]:
    """Both beats and both workers for duties have been at the database; the senders come when a bell rings."""
    timetable.fill()
    # Starts and stops are looked for each second: the more often, the more often two meet.
    IntervalSchedule.objects.filter(every=timetable.EVERY["start_due"]).update(every=1)
    broker = Files(tmp_path / "data")
    broker.ring_here(monkeypatch)
    crowd = Processes(broker, DISPATCH_WORKERS="4")
    for queue, processes in (("duties", 1), ("duties", 1), ("dispatch", 2), ("dispatch", 2)):
        crowd.worker(queue, processes)
    crowd.beat()
    crowd.beat()
    seen: set[str] = set()

    def all_seen() -> bool:
        seen.update(connected())
        return seen >= EVERYBODY

    wait_until(all_seen, "two beats and two workers for duties are at work", 150)
    yield crowd
    crowd.kill()


def done(campaign: Campaign) -> list[str]:
    """What was done to a campaign by the system itself, in order."""
    rows = Activity.objects.filter(campaign=campaign, actor=None).order_by("pk")
    return list(rows.values_list("action", flat=True))


def has_status(campaign: Campaign, status: str) -> Callable[[], bool]:
    return Campaign.objects.filter(pk=campaign.pk, status=status).exists


def schedule(campaign: Campaign, member: Membership, **times: Any) -> Channel:
    perform("schedule", campaign.pk, Actor.member(member), params=times)
    return campaign.channels.get()


def mail_message(approver: Membership, port: int) -> Channel:
    """A message by email that its approver has published for two seconds from now."""
    account = factories.smtp_connection(approver.workspace, port)
    now = timezone.now()
    email = {
        "kind": "email",
        "connection": account.pk,
        "content": {"subject": "News", "body": "Hello {{ person.first_name }}"},
    }
    campaign = factories.CampaignFactory(
        kind="message", created_by=approver, connection=account, channels=[email], people=PEOPLE, now=now
    )
    perform("publish", campaign.pk, Actor.member(approver), params={"starts_at": now + 2 * SECOND})
    return campaign.channels.get()


def slow_blast(creator: Membership) -> Channel:
    """An SMS blast of 20 a second that starts in two seconds and is stopped six seconds later, far from its end."""
    account = factories.sandbox_connection(creator.workspace)
    Connection.objects.filter(pk=account.pk).update(rate_per_second=20)
    now = timezone.now()
    campaign = factories.CampaignFactory(
        kind="sms", created_by=creator, connection=account, people=PEOPLE * 10, now=now
    )
    return schedule(campaign, creator, starts_at=now + 2 * SECOND, stops_at=now + 8 * SECOND)


def test_one_start_one_completion_and_one_stop(
    crowd: Processes, creator: Membership, approver: Membership, smtp_sink: Sink
) -> None:
    mail, blast = mail_message(approver, smtp_sink.port), slow_blast(creator)
    smtp_sink.set_latency(5)
    wait_until(has_status(mail.campaign, "completed"), "the scheduled message is completed")
    wait_until(has_status(blast.campaign, "stopped"), "the blast is stopped at its time")
    wait_until(lambda: not set(tallies(blast)) & {"pending", "sending"}, "the blast is swept")

    assert done(mail.campaign) == ["launch", "complete"]
    result = compare(mail, smtp_sink.journal())
    assert result.clean and result.statuses == {"sent": PEOPLE} and result.arrived == PEOPLE, result
    assert len({record["to"] for record in smtp_sink.journal()}) == PEOPLE

    assert done(blast.campaign) == ["launch", "stop"]
    statuses = ledger(blast)
    assert set(statuses) <= {"sent", "cancelled:stopped"} and sum(statuses.values()) <= PEOPLE * 10
    numbers = SandboxMessage.objects.values_list("address", flat=True)
    assert len(numbers) == len(set(numbers)) == statuses.get("sent", 0) < PEOPLE * 10


def test_a_beat_asked_to_stop_in_the_middle_of_a_query_stops(tmp_path: Path) -> None:
    """Its answer to the signal must not ask the connection that it has just interrupted."""
    timetable.fill()
    processes = Processes(Files(tmp_path / "data"))
    beat = processes.beat()
    try:
        wait_until(lambda: "beat-1" in connected(), "the beat is at the database")
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"LOCK TABLE {PeriodicTasks._meta.db_table} IN ACCESS EXCLUSIVE MODE")
            wait_until(lambda: "beat-1" in connected("wait_event_type = 'Lock'"), "the beat's query waits")
            beat.terminate()
        assert beat.wait(30) == 0
    finally:
        processes.kill()

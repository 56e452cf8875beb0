"""A database that cuts its clients off, or crashes: what was sent is recorded all the same, over a new connection."""

from __future__ import annotations

import random
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

from config import embedded
from config.embedded_postgres import PostgresServer
from tests.engine.sending import smtp_blast, tallies
from tests.faults.checker import compare, rounds
from tests.faults.worker_process import Worker, wait_until
from tests.sinks.sink import Sink

pytestmark = [pytest.mark.engine, pytest.mark.fault, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker()
    yield worker
    worker.kill()


def cut_off_everybody_else() -> int:
    """End every other session of this database at once; answers how many there were."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return cursor.fetchone()[0]


def test_a_worker_that_is_cut_off_records_what_it_has_sent(smtp_sink: Sink, worker: Worker) -> None:
    number = 200 * rounds()
    channel = smtp_blast(number, smtp_sink.port, parallelism=4)
    smtp_sink.set_latency(5)
    for _ in range(rounds()):
        goal = smtp_sink.count() + random.randint(20, 100)
        wait_until(lambda goal=goal: smtp_sink.count() >= goal, f"message {goal} arrives")
        cut_off_everybody_else()
    wait_until(lambda: tallies(channel).get("sent") == number, "everything is sent")
    worker.send(signal.SIGTERM)
    worker.wait()
    result = compare(channel, smtp_sink.journal())
    assert result.clean and result.statuses == {"sent": number}, result


@pytest.fixture
def server_of_its_own() -> Iterator[PostgresServer]:
    """A PostgreSQL server that may be crashed, with our tables; the test's Django works on it meanwhile."""
    with tempfile.TemporaryDirectory(prefix="crash-") as folder:
        Path(folder).chmod(0o755)
        server = PostgresServer(Path(folder) / "data")
        server.start()
        former = dict(connection.settings_dict)
        connection.close()
        connection.settings_dict.update(embedded.database_settings(Path(folder) / "data"))
        try:
            call_command("migrate", verbosity=0)
            yield server
        finally:
            connection.close()
            connection.settings_dict.update(former)
            server.stop()


def crash(server: PostgresServer) -> None:
    """`pg_ctl stop -m immediate`: no goodbye to anybody, nothing written that was not committed."""
    assert server.process is not None
    server.process.send_signal(signal.SIGQUIT)
    server.process.wait()
    connection.close()


def test_a_database_that_crashes_in_the_middle_loses_nothing(
    smtp_sink: Sink, server_of_its_own: PostgresServer
) -> None:
    number = 300 * rounds()
    channel = smtp_blast(number, smtp_sink.port, parallelism=4)
    smtp_sink.set_latency(5)
    worker = Worker()
    try:
        for _ in range(rounds()):
            goal = min(number, smtp_sink.count() + random.randint(20, 150))
            wait_until(lambda goal=goal: smtp_sink.count() >= goal, f"message {goal} arrives")
            crash(server_of_its_own)
            server_of_its_own.start()
        wait_until(
            lambda: tallies(channel).get("sent", 0) + tallies(channel).get("unknown", 0) == number, "the end"
        )
        worker.send(signal.SIGTERM)
        worker.wait()
    finally:
        worker.kill()
    result = compare(channel, smtp_sink.journal())
    assert result.clean and result.statuses == tallies(channel) == {"sent": number}, result

"""Real Celery workers: bells wake them, a shutdown ends them gracefully, a dead broker hurts nobody."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import Celery
from django.db import transaction

from channels.models import Delivery
from channels.services import doorbell
from config import embedded
from tests.engine.sending import make_blast, smtp_blast
from tests.faults.checker import compare
from tests.faults.worker_process import ROOT, environment, wait_until
from tests.sinks.sink import Sink

pytestmark = [pytest.mark.engine, pytest.mark.fault, pytest.mark.django_db(transaction=True)]


class CeleryWorker:
    """`celery worker` on the dispatch queue with two processes, and a broker of its own made of files."""

    def __init__(self, data_dir: Path) -> None:
        embedded.claim_data_folder(data_dir)
        options = embedded.broker_options(embedded.BROKER_URL, data_dir)
        self.app = Celery("ringer", broker=embedded.BROKER_URL, set_as_current=False)
        self.app.conf.update(
            broker_transport="config.embedded_broker:Transport", broker_transport_options=options
        )
        command = ["-m", "celery", "-A", "config", "worker", "-Q", "dispatch", "-c2", "--loglevel=WARNING"]
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        self.process = subprocess.Popen(
            [sys.executable, *command, *quiet],
            cwd=ROOT,
            env=environment(DATA_DIR=str(data_dir), CELERY_BROKER_URL=embedded.BROKER_URL),
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )

    def ring(self, channel_id: int, times: int = 2) -> None:
        """Send the bells that the doorbell sends."""
        for _ in range(times):
            self.app.send_task(doorbell.TASK, [channel_id], queue="dispatch", ignore_result=True)

    def kill(self) -> None:
        """SIGKILL for it and its children, if they are still there."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[CeleryWorker]:
    worker = CeleryWorker(tmp_path / "data")
    yield worker
    worker.kill()


def test_a_bell_wakes_the_workers(worker: CeleryWorker, smtp_sink: Sink) -> None:
    channel = smtp_blast(200, smtp_sink.port)
    worker.ring(channel.pk)
    wait_until(lambda: Delivery.objects.filter(channel=channel, status="sent").count() == 200, "all is sent")
    assert compare(channel, smtp_sink.journal()).clean


@pytest.mark.parametrize("whole_group", [False, True], ids=["main process", "whole group"])
def test_sigterm_in_the_middle_leaves_nothing_in_doubt(
    whole_group: bool, worker: CeleryWorker, smtp_sink: Sink
) -> None:
    """Only the main process is told (a container), or its children too (a service manager)."""
    channel = smtp_blast(3000, smtp_sink.port, parallelism=8)
    smtp_sink.set_latency(100)
    worker.ring(channel.pk)
    wait_until(lambda: smtp_sink.count() >= 30, "30 messages arrive")
    if whole_group:
        os.killpg(worker.process.pid, signal.SIGTERM)
    else:
        worker.process.send_signal(signal.SIGTERM)
    worker.process.wait(timeout=120)
    result = compare(channel, smtp_sink.journal())
    assert result.clean and set(result.statuses) == {"sent", "pending"}, result
    assert result.arrived == result.statuses["sent"] < 3000


def test_a_dead_broker_never_hurts_whoever_rings(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    calls = []

    def refuse(*arguments: object, **options: object) -> None:
        calls.append(arguments)
        raise ConnectionRefusedError("no broker")

    monkeypatch.setattr("channels.services.doorbell.current_app.send_task", refuse)
    channel = make_blast(1)
    with transaction.atomic():
        doorbell.ring([channel.pk, channel.pk + 1])
        assert calls == []
    assert len(calls) == 1 and "next beat" in caplog.text

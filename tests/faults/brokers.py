"""The three brokers that the product can use, each with a corner of its own to be emptied, and Celery processes on them."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from abc import ABC, abstractmethod
from pathlib import Path

import kombu
import pytest
import redis
from celery import Celery
from django.conf import settings
from django.db import connection

from config import embedded
from config.celery import app as product_app
from tests.faults.worker_process import ROOT, environment

#: What a test's own application must know to send a call to the queue that the product's workers listen to.
_ROUTING = ("task_default_queue", "task_queues", "task_routes", "task_serializer", "task_publish_retry")


class Broker(ABC):
    """A broker's address, and how to lose every message in it."""

    url: str

    def __init__(self, data_dir: Path) -> None:
        embedded.claim_data_folder(data_dir)
        self.data_dir = data_dir
        self.flush()

    @abstractmethod
    def flush(self) -> None:
        """Lose every waiting message."""

    def remove(self) -> None:
        """Leave nothing behind."""
        self.flush()

    def app(self) -> Celery:
        """An application of the test's own process that sends to this broker, routed as the product routes."""
        app = Celery("ringer", broker=self.url, set_as_current=False)
        app.conf.update({name: product_app.conf[name] for name in _ROUTING})
        app.conf.broker_transport_options = embedded.broker_options(self.url, self.data_dir)
        if embedded.is_embedded_broker(self.url):
            app.conf.broker_transport = "config.embedded_broker:Transport"
        return app

    def ring_here(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let what the test does through the gateway ring here."""
        app = self.app()
        for caller in ("campaigns.services.handover", "channels.services.doorbell"):
            monkeypatch.setattr(f"{caller}.current_app", app)


class Files(Broker):
    """The embedded one: a folder with a file for each message."""

    url = embedded.BROKER_URL

    def flush(self) -> None:
        embedded.broker_options(self.url, self.data_dir)
        embedded.empty_broker(self.data_dir)


class Redis(Broker):
    """One numbered database of a Redis on this machine."""

    url = "redis://127.0.0.1:6379/13"

    def __init__(self, data_dir: Path) -> None:
        skip_unless_answers("Redis", 6379)
        super().__init__(data_dir)

    def flush(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.flushdb()


class RabbitMQ(Broker):
    """A virtual host of its own on a RabbitMQ of this machine; the default one where we may not make any."""

    host = "campaigns-faults"
    url = "amqp://guest:guest@127.0.0.1:5672//"

    def __init__(self, data_dir: Path) -> None:
        skip_unless_answers("RabbitMQ", 5672)
        self.own = self._control("add_vhost", self.host) and self._control(
            "set_permissions", "-p", self.host, "guest", ".*", ".*", ".*"
        )
        if self.own:
            self.url = f"amqp://guest:guest@127.0.0.1:5672/{self.host}"
        super().__init__(data_dir)

    def flush(self) -> None:
        for queue in settings.QUEUES:
            with kombu.Connection(self.url, connect_timeout=5) as line, line.channel() as channel:
                # Durable, as Celery declares them; where it exists already this changes nothing.
                channel.queue_declare(queue, durable=True, auto_delete=False)
                channel.queue_purge(queue)

    def remove(self) -> None:
        if self.own:
            self._control("delete_vhost", self.host)
        else:
            self.flush()

    def _control(self, *arguments: str) -> bool:
        """Run `rabbitmqctl`; says whether it did what it was asked."""
        program = shutil.which("rabbitmqctl")
        if program is None:
            return False
        done = subprocess.run([program, "--quiet", *arguments], capture_output=True, timeout=30, check=False)
        return done.returncode == 0


BROKERS: dict[str, type[Broker]] = {"files": Files, "redis": Redis, "rabbitmq": RabbitMQ}


def skip_unless_answers(name: str, port: int) -> None:
    """Skip the test where no such server listens on this machine."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except OSError as problem:
        pytest.skip(f"No {name} answers on port {port} of this machine: {problem}")


class Processes:
    """Celery processes of the product on one broker and the test's database; each can be killed with its children."""

    def __init__(self, broker: Broker, **extra: str) -> None:
        self.broker = broker
        self._extra = extra
        self._started: list[subprocess.Popen[bytes]] = []

    def worker(self, queue: str, processes: int = 2) -> subprocess.Popen[bytes]:
        """`celery worker` on a queue."""
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        return self._start(queue, "worker", "-Q", queue, f"-c{processes}", *quiet)

    def beat(self) -> subprocess.Popen[bytes]:
        """`celery beat`."""
        return self._start("beat", "beat", "--pidfile=")

    def kill(self) -> None:
        """SIGKILL for all of them and their children, all at once."""
        for process in self._started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        for process in self._started:
            process.wait()
        self._started.clear()

    def _start(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        name = f"{name}-{len(self._started) + 1}"
        named = ["-n", f"{name}@%h"] if arguments[0] == "worker" else []
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "config", *arguments, *named, "--loglevel=WARNING"],
            cwd=ROOT,
            # The database server shows this name beside each connection; see `connected`.
            env=environment(
                DATA_DIR=str(self.broker.data_dir),
                CELERY_BROKER_URL=self.broker.url,
                PGAPPNAME=name,
                **self._extra,
            ),
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._started.append(process)
        return process


def connected(how: str = "true") -> set[str]:
    """Names of the processes that are connected to the test's database; ``how`` is asked of pg_stat_activity."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT application_name FROM pg_stat_activity WHERE datname = current_database() AND {how}"
        )
        return {name for (name,) in cursor.fetchall()}

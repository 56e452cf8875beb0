"""`manage.py up`: the whole console on one machine, in the foreground."""

import os
import sys
import urllib.error
import urllib.request
from typing import Any

import psutil
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor

from config import embedded, preflight
from config.embedded import CannotStart
from config.embedded_postgres import PostgresServer
from config.processes import die_with_parent
from config.supervisor import Child, Output, Supervisor


class Command(BaseCommand):
    """Starts database, web, workers and beat; Ctrl-C stops them in order."""

    help = "Runs everything on this machine: database (unless DATABASE_URL is set), web, workers and beat."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="Port of the console (default 8000).")
        parser.add_argument("--host", default="127.0.0.1", help="Address to listen on (default 127.0.0.1).")
        parser.add_argument("--no-demo", action="store_true", help="Do not make the demo workspace.")

    def handle(self, *, port: int, host: str, no_demo: bool, **_: Any) -> None:
        _end_with_uv()
        self.say = Output()
        self.host, self.port = host, port
        # Links in what the processes send lead here, unless somebody has said where the console is.
        os.environ.setdefault("SITE_URL", self.address)
        self.server: PostgresServer | None = None
        embedded.claim_data_folder(settings.DATA_DIR)
        with preflight.hold_data_folder(settings.DATA_DIR):
            preflight.require_free_port(host, port)
            self.say("up", f"data folder {settings.DATA_DIR}")
            try:
                self.start_database()
                self.migrate()
                self.log_ins = [] if no_demo else self.load_demo()
                self.start_broker()
                connections.close_all()
                self.supervise()
            except KeyboardInterrupt:
                self.say("up", "interrupted")
            finally:
                connections.close_all()
                self.stop_database()
        self.say("up", "stopped")

    def start_database(self) -> None:
        """Start the embedded server if it is ours to start; refuse a database that cannot be used."""
        if settings.DATABASE_IS_EMBEDDED:
            self.server = PostgresServer(settings.DATA_DIR)
            self.say("database", "starting the embedded PostgreSQL")
            self.server.start()
        preflight.require_database()
        self.say("database", f"PostgreSQL {preflight.postgres_version()} answers")

    def stop_database(self) -> None:
        if self.server is not None:
            self.say("database", "stopping")
            self.server.stop()

    def migrate(self) -> None:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        self.say("database", f"applying {len(plan)} migrations" if plan else "tables are up to date")
        call_command("migrate", verbosity=0, interactive=False)

    def load_demo(self) -> list[str]:
        """Make the demo workspace the first time; returns the lines that say how to log in."""
        from campaigns.services import demo

        if demo.load_demo():
            self.say("up", "demo workspace made")
        return demo.log_ins()

    def start_broker(self) -> None:
        if settings.BROKER_IS_EMBEDDED:
            embedded.empty_broker(settings.DATA_DIR)
        preflight.require_broker()
        self.say("broker", "files in the data folder" if settings.BROKER_IS_EMBEDDED else "answers")

    def supervise(self) -> None:
        """Run the processes until somebody asks us to stop."""
        self.announced = False
        self.supervisor = Supervisor(self.children(), self.say, self.watch)
        self.supervisor.run()

    def children(self) -> list[Child]:
        """Return the processes in the order they start."""
        celery = [
            sys.executable,
            "-W",
            "ignore::UserWarning:celery.platforms",
            "-m",
            "celery",
            "-A",
            "config",
            "-q",
        ]
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel=INFO"]
        # Two for the duties: a long import must not hold up a start that is due.
        # A worker is busy with a channel while it waits for that channel's rate limit; others must not wait for it.
        processes = {"duties": 2, "dispatch": 2 * settings.DISPATCH_WORKERS}
        web = [sys.executable, "-m", "gunicorn", "--config=python:config.gunicorn", "config.wsgi"]
        return [
            *(
                Child(
                    name, [*celery, "worker", "-Q", name, "-n", f"{name}@%h", f"-c{processes[name]}", *quiet]
                )
                for name in settings.QUEUES
            ),
            Child("beat", [*celery, "beat", "--pidfile=", "--loglevel=WARNING"]),
            Child(
                "web",
                [
                    *web,
                    f"--bind={self.host}:{self.port}",
                    "--workers=2",
                    "--threads=6",
                    "--graceful-timeout=5",
                    "--log-level=error",
                ],
            ),
        ]

    def watch(self) -> None:
        """Between two looks at the children: is the database still there, does the console answer yet?"""
        server = self.server
        if server is not None and server.process is not None and server.process.poll() is not None:
            self.say("database", f"ended (exit code {server.process.returncode}); starting it again")
            try:
                server.start()
            except CannotStart as error:
                self.say("database", str(error))
        if not self.announced and self.answers():
            self.announced = True
            self.announce()

    def answers(self) -> bool:
        """Say whether the console answers on its port, whatever it says."""
        host = self.host if self.host not in {"0.0.0.0", "::"} else "127.0.0.1"
        try:
            urllib.request.urlopen(f"http://{host}:{self.port}/login/", timeout=2).close()
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True

    @property
    def address(self) -> str:
        """Where the console is for who sits at this machine."""
        shown = "localhost" if self.host in {"127.0.0.1", "0.0.0.0", "::"} else self.host
        return f"http://{shown}:{self.port}"

    def announce(self) -> None:
        self.say("up", "")
        self.say("up", f"The console is at {self.address}/")
        for line in self.log_ins:
            self.say("up", f"  {line}")
        self.say("up", "Ctrl-C stops everything.")
        self.say("up", "")


def _end_with_uv() -> None:
    """Under `uv run`, end when uv is killed: the person who killed it meant the console."""
    parent = psutil.Process(os.getpid()).parent()
    if parent is not None and parent.name() == "uv":
        die_with_parent()

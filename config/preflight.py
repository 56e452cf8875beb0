"""What `manage.py up` makes sure of before it starts anything; each refusal is one line that says what to do."""

import fcntl
import os
import socket
import time
from pathlib import Path
from typing import IO

from celery import current_app
from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.utils import DatabaseError

from config.embedded import CannotStart

OLDEST_POSTGRES = 15
# How long a just killed predecessor may take to let go of its port.
PORT_SECONDS = 5.0


def hold_data_folder(data_dir: Path) -> IO[str]:
    """Return the open lock file that keeps a second `up` off this data folder; it frees itself when we end."""
    lock = (data_dir / "up.lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        process = lock.read().strip()
        raise CannotStart(
            f"already running on {data_dir} (process {process}); stop it or choose another DATA_DIR"
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def require_free_port(host: str, port: int) -> None:
    """Raise CannotStart unless we may listen on `host`:`port`."""
    deadline = time.monotonic() + PORT_SECONDS
    while True:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind((host, port))
                return
            except OverflowError:
                raise CannotStart(f"{port} is not a port; choose one from 1 to 65535 with --port") from None
            except OSError as error:
                if time.monotonic() > deadline:
                    raise CannotStart(
                        f"cannot listen on {host}:{port} ({error.strerror}); choose another port with --port"
                    ) from None
        time.sleep(0.2)


def require_database() -> None:
    """Raise CannotStart unless the database answers, is new enough and is not a newer program's."""
    name = "the embedded database" if settings.DATABASE_IS_EMBEDDED else "DATABASE_URL"
    try:
        version = postgres_version()
        if version < OLDEST_POSTGRES:
            raise CannotStart(
                f"{name}: PostgreSQL {version} is too old, {OLDEST_POSTGRES} or newer is needed"
            )
        _refuse_newer_database(name)
    except DatabaseError as error:
        raise CannotStart(f"{name}: {_first_line(error)}") from None


def postgres_version() -> int:
    """Return the database server's major version."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        return int(cursor.fetchone()[0]) // 10000


def _refuse_newer_database(name: str) -> None:
    loader = MigrationLoader(connection)
    ours = {app for app, _ in loader.disk_migrations or {}}
    unknown = sorted(
        key for key in loader.applied_migrations if key[0] in ours and key not in loader.disk_migrations
    )
    unknown = [key for key in unknown if key not in _replaced(loader)]
    if unknown:
        app, migration = unknown[0]
        raise CannotStart(
            f"{name} belongs to a newer version of this program ({app}.{migration}); update this one"
        )


def _replaced(loader: MigrationLoader) -> set[tuple[str, str]]:
    """Return the migrations that squashed ones stand for; having them applied is no sign of a newer program."""
    return {old for migration in loader.disk_migrations.values() for old in migration.replaces}


def require_broker() -> None:
    """Raise CannotStart unless the broker answers."""
    try:
        with current_app.connection_for_write() as broker:
            broker.ensure_connection(max_retries=1, interval_start=0.2, timeout=5)
    except Exception as error:  # every transport has its own exceptions
        raise CannotStart(f"CELERY_BROKER_URL: the broker does not answer ({_first_line(error)})") from None


def _first_line(error: Exception) -> str:
    """Return what a driver's error says first; the rest is advice for its own users."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].strip()

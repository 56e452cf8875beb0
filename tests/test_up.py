"""`manage.py up` as a person meets it: it starts, says how to get in, stops, survives being killed, refuses clearly."""

import json
import os
import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connection

from config import embedded, preflight
from config.embedded import CannotStart
from config.embedded_postgres import PostgresServer
from tests.up_process import Up, alive

NOT_SYNCED = {"fsync": "off"}

pytestmark = pytest.mark.slow


@pytest.fixture
def up() -> Iterator[Callable[..., Up]]:
    """Start `manage.py up`; whatever a test leaves running is ended."""
    started: list[Up] = []

    def start(data_dir: Path, *arguments: str, **options: object) -> Up:
        started.append(Up(data_dir, *arguments, **options))  # type: ignore[arg-type]
        return started[-1]

    yield start
    for one in started:
        one.close()


def get(port: int, path: str) -> tuple[int, str]:
    """Ask the console for a page, as a load balancer would."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=120) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def assert_refuses(process: Up, words: str) -> None:
    """It ended with exit code 1, said why in its last line, and showed no traceback."""
    assert process.ends() == 1
    assert words in process.said[-1]
    assert not any("Traceback" in line for line in process.said)


@pytest.mark.fault
def test_it_starts_restarts_a_dead_worker_survives_kill_9_and_stops_on_ctrl_c(
    tmp_path: Path, up: Callable[..., Up]
) -> None:
    data = tmp_path / "data"
    first = up(data)
    first.wait_for("demo workspace made")
    first.wait_for(f"console is at http://localhost:{first.port}/")
    password = first.wait_for(r"marketer@demo\.test").split()[-1]
    first.wait_for("Ctrl-C stops everything")
    assert get(first.port, "/admin/login/")[0] == 200
    health = json.loads(get(first.port, "/healthz")[1])
    assert (health["database"], health["broker"]) == ("ok", "ok")
    # Links in what is sent lead to the port that was chosen.
    assert first.child("dispatch").environ()["SITE_URL"] == f"http://localhost:{first.port}"

    first.child("dispatch").kill()
    first.wait_for(r"dispatch .*ended \(killed by SIGKILL\); starts again in 1 s")
    first.wait_for("dispatch@.* ready")

    left_behind = first.kill()
    second = up(data, port=first.port)
    second.wait_for("console is at")
    assert second.wait_for(r"marketer@demo\.test").split()[-1] == password
    assert not any("demo workspace made" in line for line in second.said)
    assert alive(left_behind) == []

    children = second.children()
    assert second.interrupt() == 0
    assert second.said[-1].endswith("stopped")
    assert [line for line in second.said if "did not stop in time" in line] == []
    assert alive(children) == []


def test_a_data_folder_too_deep_for_a_socket_works(tmp_path: Path) -> None:
    server = PostgresServer(tmp_path / ("deep" * 20) / ("deeper" * 20), NOT_SYNCED)
    server.start()
    assert server.answers()
    server.stop()


def test_lock_files_that_name_an_innocent_process_do_not_hold_it_up(tmp_path: Path) -> None:
    server = PostgresServer(tmp_path / "data", NOT_SYNCED)
    server.start()
    assert server.process is not None
    server.process.kill()
    server.process.wait()
    stale = server.folder / "postmaster.pid"
    lines = stale.read_text().splitlines()
    stale.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    again = PostgresServer(tmp_path / "data", NOT_SYNCED)
    again.start()
    assert again.answers()
    again.stop()
    assert not again.answers()


def test_a_port_in_use_is_refused(tmp_path: Path, up: Callable[..., Up]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert_refuses(up(tmp_path / "data", port=port), "choose another port with --port")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "DATABASE_URL is not an address like postgres://"),
        ("mysql://user@host/name", "DATABASE_URL is not an address like postgres://"),
        ("postgres://user:se:cret@host:port/name", "DATABASE_URL is not an address like postgres://"),
        ("postgres://user:secret@127.0.0.1:1/name", "DATABASE_URL: connection failed"),
    ],
)
def test_a_broken_database_address_is_refused_and_no_password_is_shown(
    tmp_path: Path, up: Callable[..., Up], url: str, words: str
) -> None:
    process = up(tmp_path / "data", DATABASE_URL=url)
    assert_refuses(process, words)
    assert not any("cret" in line for line in process.said)


def test_a_broker_that_does_not_answer_is_refused(tmp_path: Path, up: Callable[..., Up]) -> None:
    process = up(tmp_path / "data", "--no-demo", CELERY_BROKER_URL="redis://127.0.0.1:1/0")
    assert_refuses(process, "CELERY_BROKER_URL: the broker does not answer")


def test_a_second_up_on_the_same_data_folder_is_refused(tmp_path: Path, up: Callable[..., Up]) -> None:
    embedded.claim_data_folder(tmp_path / "data")
    with preflight.hold_data_folder(tmp_path / "data"):
        assert_refuses(up(tmp_path / "data"), f"(process {os.getpid()})")


def test_somebody_elses_folder_is_refused_and_left_alone(tmp_path: Path, up: Callable[..., Up]) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    assert_refuses(up(tmp_path), "holds something else")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_newer_programs_data_folder_is_refused(tmp_path: Path, up: Callable[..., Up]) -> None:
    (tmp_path / embedded.MARKER).write_text("2")
    assert_refuses(up(tmp_path), "made by a newer version of this program")


def test_a_database_folder_of_another_postgres_is_refused(tmp_path: Path, up: Callable[..., Up]) -> None:
    embedded.claim_data_folder(tmp_path)
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("12\n")
    assert_refuses(up(tmp_path), "was made by PostgreSQL 12")


@pytest.mark.django_db
def test_a_newer_programs_database_is_refused() -> None:
    preflight.require_database()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('campaigns', '9999_later', now())"
        )
    with pytest.raises(CannotStart, match=r"newer version of this program \(campaigns\.9999_later\)"):
        preflight.require_database()

"""The product as its users start it: `manage.py up` once for a whole test run, its commands and its HTTP API."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.up_process import PATIENCE, ROOT, Up

#: Seconds between two looks at something that takes its time; a key may ask ten times a second.
EVERY = 0.3


class Product:
    """A running console with the demo workspace."""

    def __init__(self, data_dir: Path) -> None:
        self._up = Up(data_dir)
        self._up.wait_for("console is at")
        self.password = self._up.wait_for(r"marketer@demo\.test").split()[-1]
        self._up.wait_for("Ctrl-C stops everything")
        self.address = f"http://localhost:{self._up.port}"
        self._callers: dict[str, ApiCaller] = {}

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a `manage.py` command beside it, on the same data; the output is kept, the exit code not looked at."""
        inherited = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "CELERY_BROKER_URL"}}
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env={**inherited, "DATA_DIR": str(self._up.data_dir)},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def api(self, role: str = "marketer") -> ApiCaller:
        """The HTTP API as the demo member of this role, with a key that `create_api_key` printed."""
        if role not in self._callers:
            made = self.command("create_api_key", f"{role}@demo.test")
            assert made.returncode == 0, made.stderr
            self._callers[role] = ApiCaller(f"{self.address}/api/v1", made.stdout.splitlines()[-1])
        return self._callers[role]

    def assert_ledger_agrees(self) -> None:
        """`check_ledger` finds nothing wrong in any campaign."""
        checked = self.command("check_ledger")
        assert checked.returncode == 0, checked.stdout + checked.stderr

    def stop(self) -> int:
        """Press Ctrl-C; answers the exit code."""
        return self._up.interrupt()

    def close(self) -> None:
        """End it, whatever state it is in."""
        self._up.close()


class ApiCaller:
    """Calls the API over HTTP as a program would; paths are those below /api/v1."""

    def __init__(self, address: str, key: str) -> None:
        self._address = address
        self._key = key

    def answer(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and JSON of the answer, whatever the status; bytes are sent as the CSV file that they are."""
        raw = isinstance(body, bytes)
        call = urllib.request.Request(
            self._address + path,
            method=method,
            data=None if body is None else body if raw else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self._key}",
                "Content-Type": "text/csv" if raw else "application/json",
            },
        )
        try:
            with urllib.request.urlopen(call, timeout=120) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def get(self, path: str) -> Any:
        """What is there; anything but success fails the test."""
        return self._expect("GET", path)

    def post(self, path: str, body: Any = None) -> Any:
        """Make or do something; anything but success fails the test."""
        return self._expect("POST", path, {} if body is None else body)

    def until(self, path: str, happened: Callable[[Any], bool], seconds: float = PATIENCE) -> Any:
        """Ask again until what is there is as it should be; answers it."""
        deadline = time.monotonic() + seconds
        while not happened(found := self.get(path)):
            assert time.monotonic() < deadline, f"{path} is still {found}"
            time.sleep(EVERY)
        return found

    def everything(self, path: str) -> list[dict[str, Any]]:
        """Every item of a list, page by page."""
        items: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = self.get(f"{path}{'&' if '?' in path else '?'}limit=200{cursor}")
            items += page["items"]
            if not page["next"]:
                return items
            cursor = f"&cursor={page['next']}"

    def list_of(self, name: str, people: list[dict[str, Any]]) -> int:
        """Bring these people in and put them on a new list; answers its id."""
        made = self.post("/lists", {"name": name})
        if people:
            self.add_people(made["id"], people)
        return made["id"]

    def add_people(self, list_id: int, people: list[dict[str, Any]]) -> None:
        """Bring these people in and put them on a list."""
        answer = self.post("/people", people)
        assert answer["rejected"] == [], answer
        ids = [person["external_id"] for person in people]
        self.post(f"/lists/{list_id}/people", {"external_ids": ids})

    def _expect(self, method: str, path: str, body: Any = None) -> Any:
        status, answer = self.answer(method, path, body)
        assert 200 <= status < 300, f"{method} {path} answered {status}: {answer}"
        return answer


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Stop it after the last test that wants it: for the rest of the run it would only take time from the others."""
    if item is _last_to_want_it(item.session):
        for running in _running:
            running.close()


def _last_to_want_it(session: pytest.Session) -> pytest.Item | None:
    wanting = (item for item in reversed(session.items) if "product" in getattr(item, "fixturenames", ()))
    return next(wanting, None)


_running: list[Product] = []


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The running product; the tests of a run share it, so each brings people, lists and names of its own."""
    running = Product(tmp_path_factory.mktemp("product") / "data")
    _running.append(running)
    yield running
    running.close()

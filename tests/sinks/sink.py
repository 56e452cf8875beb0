"""Start a sink from a test or a benchmark, tell it what faults to have, and read its journal."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import tempfile
from email.header import decode_header, make_header
from pathlib import Path
from typing import Any, Literal, Self

ROOT = Path(__file__).resolve().parents[2]


class Sink:
    """A sink process as a context manager; ends with the process that started it, whatever happens.

    >>> with Sink("smtp") as sink:
    ...     send_to(sink.host, sink.port)
    ...     [record["to"] for record in sink.journal()]
    """

    host = "127.0.0.1"
    port = 0

    def __init__(
        self,
        protocol: Literal["smtp", "http"],
        *,
        port: int = 0,
        journal: str | Path | None = None,
        latency_ms: float = 0,
        script: list[dict[str, Any]] | None = None,
        keep_bodies: bool = False,
        fsync: bool = True,
        options: tuple[str, ...] = (),
    ) -> None:
        self._folder = None if journal else tempfile.TemporaryDirectory(prefix="sink-")
        self._path = Path(journal) if journal else Path(self._folder.name) / "journal"  # type: ignore[union-attr]
        self._command = [sys.executable, "-m", f"tests.sinks.{protocol}_sink", "--control"]
        self._command += ["--port", str(port), "--journal", str(self._path)]
        self._command += ["--latency-ms", str(latency_ms), "--script", json.dumps(script or []), *options]
        self._command += ["--keep-bodies"] if keep_bodies else []
        self._command += [] if fsync else ["--no-fsync"]
        self._read_from = 0

    def __enter__(self) -> Self:
        """Start it and wait until it listens."""
        self.process = subprocess.Popen(
            self._command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        line = self.process.stdout.readline()  # type: ignore[union-attr]
        if not line:
            raise RuntimeError(f"The sink did not start: {' '.join(self._command)}")
        self.port = json.loads(line)["port"]
        return self

    def __exit__(self, *exception: object) -> None:
        """Stop it; the journal goes too, unless it was asked for by name."""
        self.kill()
        if self._folder:
            self._folder.cleanup()

    @property
    def url(self) -> str:
        """Address of an HTTP sink."""
        return f"http://{self.host}:{self.port}/hook"

    def kill(self) -> None:
        """SIGKILL: what it has acknowledged is in the journal."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            pipe.close()  # type: ignore[union-attr]

    def journal(self) -> list[dict[str, Any]]:
        """Everything accepted since the start or the last `reset`, oldest first."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._read_from)
            records = [json.loads(line) for line in file]
        for record in records:
            if "subject" in record:
                record["subject"] = str(make_header(decode_header(record["subject"])))
            if "raw" in record:
                record["raw"] = base64.b64decode(record["raw"])
        return records

    def count(self) -> int:
        """How many were accepted since the start or the last `reset`; cheap at any size."""
        with self._path.open("rb") as file:
            file.seek(self._read_from)
            return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))

    def reset(self) -> None:
        """Forget the script, the latency and what the journal holds so far."""
        self._order({"script": [], "latency_ms": 0})
        self._read_from = self._path.stat().st_size

    def set_script(self, rules: list[dict[str, Any]]) -> None:
        """Have these faults from now on (see ``tests/sinks/script.py``)."""
        self._order({"script": rules})

    def set_latency(self, milliseconds: float) -> None:
        """Take this long for every message from now on."""
        self._order({"latency_ms": milliseconds})

    def connections(self) -> int:
        """How many connections were ever made to it."""
        return self._order({})["connections"]

    def _order(self, order: dict[str, Any]) -> dict[str, Any]:
        self.process.stdin.write(json.dumps(order) + "\n")  # type: ignore[union-attr]
        self.process.stdin.flush()  # type: ignore[union-attr]
        return json.loads(self.process.stdout.readline())  # type: ignore[union-attr]

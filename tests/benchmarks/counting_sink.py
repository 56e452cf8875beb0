"""Sinks that only count: the fastest mail and HTTP servers we can write, so that a benchmark measures the sender.

Run as a process by `CountingSink`; everything it has heard comes back as one line of JSON for each line on its input.
"""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]
_OK_HTTP = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{"status":"ok"}'


class Heard:
    """Counts, and whether any message came twice."""

    def __init__(self) -> None:
        self.latency = 0.0
        self.clear()

    def clear(self) -> None:
        self.count = 0
        self.names: set[int] = set()
        self.first = self.last = 0.0
        self.cpu_before = time.process_time()

    def add(self, data: bytes, name: bytes) -> None:
        self.last = time.time()
        self.first = self.first or self.last
        self.count += 1
        start = data.find(name)
        self.names.add(hash(data[start : data.find(b"\r\n", start)]))

    def report(self) -> dict[str, Any]:
        return {
            "count": self.count,
            "distinct": len(self.names),
            "first": self.first,
            "last": self.last,
            "cpu_seconds": time.process_time() - self.cpu_before,
            "mebibytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }


heard = Heard()


class _Protocol(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        self.buffer = b""

    def later(self, answer: bytes) -> None:
        """The answer that takes its time."""
        if not self.transport.is_closing():
            self.transport.write(answer)


class Smtp(_Protocol):
    """Takes every mail; knows PIPELINING and 8BITMIME, and answers in order."""

    in_body = False
    thinking = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        self.work()

    def work(self) -> None:
        """Answer what has come, up to a message that takes its time."""
        answers: list[bytes] = []
        while not self.thinking and (answer := self.step()) is not None:
            answers.append(answer)
        if answers:
            self.transport.write(b"".join(answers))

    def step(self) -> bytes | None:
        """Deal with one line or one body; its answer."""
        mark = b"\r\n.\r\n" if self.in_body else b"\r\n"
        end = self.buffer.find(mark)
        if end < 0:
            return None
        taken, self.buffer = self.buffer[:end], self.buffer[end + len(mark) :]
        if self.in_body:
            return self.take(taken)
        verb = taken[:4].upper()
        if verb == b"DATA":
            self.in_body = True
            return b"354 go\r\n"
        if verb == b"EHLO":
            return b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 33554432\r\n"
        return b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n"

    def take(self, body: bytes) -> bytes:
        """Count a message; the answer may take a while."""
        self.in_body = False
        heard.add(body, b"Message-ID:")
        if not heard.latency:
            return b"250 queued\r\n"
        self.thinking = True
        asyncio.get_running_loop().call_later(heard.latency, self.decide)
        return b""

    def decide(self) -> None:
        """The answer that took its time, and what has come meanwhile."""
        self.thinking = False
        self.later(b"250 queued\r\n")
        self.work()


class Http(_Protocol):
    """Takes every POST."""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            start = head.find(b"content-length:") + 15
            size = int(head[start:].split(b"\r\n", 1)[0]) if start >= 15 else 0
            if len(self.buffer) < end + 4 + size:
                return
            heard.add(head + b"\r\n", b"webhook-id:")
            self.buffer = self.buffer[end + 4 + size :]
            if heard.latency:
                asyncio.get_running_loop().call_later(heard.latency, self.later, _OK_HTTP)
            else:
                self.transport.write(_OK_HTTP)


class CountingSink:
    """A counting sink process as a context manager."""

    host = "127.0.0.1"

    def __init__(self, protocol: str, latency_ms: float = 0) -> None:
        self._command = [sys.executable, "-m", "tests.benchmarks.counting_sink", protocol, str(latency_ms)]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.port: int = json.loads(self._process.stdout.readline())["port"]  # type: ignore[union-attr]
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.kill()
        self._process.communicate()

    def report(self) -> dict[str, Any]:
        """What it has heard since the last report; asking begins a new count."""
        self._process.stdin.write("report\n")  # type: ignore[union-attr]
        self._process.stdin.flush()  # type: ignore[union-attr]
        return json.loads(self._process.stdout.readline())  # type: ignore[union-attr]


def _answer(loop: asyncio.AbstractEventLoop) -> None:
    if not sys.stdin.readline():
        loop.stop()
        return
    print(json.dumps(heard.report()), flush=True)
    heard.clear()


async def _serve(protocol: str, latency_ms: float) -> None:
    heard.latency = latency_ms / 1000
    loop = asyncio.get_running_loop()
    server = await loop.create_server({"smtp": Smtp, "http": Http}[protocol], "127.0.0.1", 0, backlog=512)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    loop.add_reader(sys.stdin, _answer, loop)
    await loop.create_future()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], float(sys.argv[2])))

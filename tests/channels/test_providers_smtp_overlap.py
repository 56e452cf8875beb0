"""The next envelope travels with the present body only where that saves something."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from channels.providers.base import Message
from channels.providers.smtp.overlap import SAMPLES, Overlap
from channels.providers.smtp.provider import SmtpProvider

LATENCY = 0.02


@pytest.mark.parametrize(
    ("envelope", "verdict", "wanted"),
    [
        (0.0002, 0.0003, True),  # a server beside us, at once
        (0.030, 0.038, True),  # a server far away, at once
        (0.0002, 0.020, False),  # a server that takes its time over each message
        (0.030, 0.120, False),
    ],
)
def test_it_is_worth_it_where_verdicts_come_as_fast_as_other_answers(
    envelope: float, verdict: float, wanted: bool
) -> None:
    overlap = Overlap()
    for _ in range(SAMPLES - 1):
        overlap.measure(envelope, verdict)
        assert not overlap.wanted
    overlap.measure(envelope, verdict)
    assert overlap.wanted == wanted


def test_the_fastest_answers_count() -> None:
    overlap = Overlap()
    for sample in range(SAMPLES):
        overlap.measure(0.030 if sample else 0.001, 0.020)
    assert not overlap.wanted
    overlap.measure(0.030, 0.0015)
    assert overlap.wanted


class HastyServer:
    """Takes its time over each message, and answers whatever comes meanwhile at once, out of order."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.bodies: list[bytes] = []
        threading.Thread(target=self.quietly, args=(self.serve,), daemon=True).start()

    def quietly(self, work: Callable[..., None], *arguments: object) -> None:
        """Until somebody hangs up."""
        with suppress(OSError):
            work(*arguments)

    def serve(self) -> None:
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.quietly, args=(self.talk, client), daemon=True).start()

    def talk(self, client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.sendall(b"220 hasty\r\n")
        buffer, in_body = b"", False
        while block := client.recv(65536):
            buffer += block
            mark = b"\r\n.\r\n" if in_body else b"\r\n"
            while mark in buffer:
                taken, _, buffer = buffer.partition(mark)
                if in_body:
                    self.bodies.append(taken)
                    in_body = False
                    threading.Timer(LATENCY, self.quietly, [client.sendall, b"250 queued\r\n"]).start()
                else:
                    in_body = taken == b"DATA"
                    client.sendall(self.answer(taken))
                mark = b"\r\n.\r\n" if in_body else b"\r\n"

    def answer(self, line: bytes) -> bytes:
        if line.upper().startswith(b"EHLO"):
            return b"250-hasty\r\n250 PIPELINING\r\n"
        return b"354 go\r\n" if line == b"DATA" else b"250 ok\r\n"


@pytest.fixture
def hasty_server() -> Iterator[HastyServer]:
    server = HastyServer()
    yield server
    server.listener.close()


def test_a_slow_server_that_answers_out_of_order_is_never_confused(hasty_server: HastyServer) -> None:
    provider = SmtpProvider()
    settings = {
        "host": "127.0.0.1",
        "port": hasty_server.port,
        "security": "none",
        "from_address": "a@example.test",
    }
    sender = provider.open(provider.clean(settings), 2)
    messages = [Message(key, f"k{key}", f"p{key}@example.test", "Hi", "Hello") for key in range(60)]
    sender.submit(messages)
    outcomes: list[str] = []
    deadline = time.monotonic() + 10
    while len(outcomes) < 60 and time.monotonic() < deadline:
        outcomes += [outcome.kind for _, outcome in sender.collect(0.1)]
    sender.close()
    assert outcomes == ["sent"] * 60
    assert len(hasty_server.bodies) == len(set(hasty_server.bodies)) == 60

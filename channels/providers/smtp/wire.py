"""Bytes to and from an SMTP server: replies with a deadline, and writes that know how far they came."""

from __future__ import annotations

import socket
import time

MOST_REPLY_LINES = 100
LONGEST_LINE = 8192
_BLOCK = 65536


class WireError(Exception):
    """The connection is of no more use; ``code`` is the short reason."""

    code = "connection_lost"


class WireCut(WireError):
    """The other side has gone."""


class WireTimeout(WireError):
    """No complete reply in time."""

    code = "timeout"


class WireGarbage(WireError):
    """What came is not an SMTP reply."""

    code = "malformed_answer"


class Wire:
    """A connected blocking socket with a buffer of its own."""

    def __init__(self, connected: socket.socket, timeout: float) -> None:
        connected.settimeout(timeout)
        self._socket = connected
        self._timeout = timeout
        self._buffer = b""
        self._position = 0

    def buffered(self) -> bool:
        """Whether the server has said something that nobody has read."""
        return self._position < len(self._buffer)

    def write(self, data: bytes) -> None:
        """Hand over everything; raises `WireError` with the count in ``args[1]`` when cut short."""
        done = 0
        try:
            done = self._socket.send(data)
            if done < len(data):
                rest = memoryview(data)
                while done < len(data):
                    done += self._socket.send(rest[done:])
        except TimeoutError as problem:
            raise WireTimeout("The server stopped taking data.", done) from problem
        except OSError as problem:
            raise WireCut(f"The connection broke: {problem}", done) from problem

    def reply(self) -> tuple[int, bytes]:
        """Read one reply, of several lines or one: its code and its text. Raises `WireError`."""
        line = self._line(None)
        if line[3:4] != b"-" and line[:3].isdigit():
            return int(line[:3]), line[4:]
        deadline = time.monotonic() + self._timeout
        texts: list[bytes] = []
        while len(texts) < MOST_REPLY_LINES:
            if len(line) < 3 or not line[:3].isdigit():
                break
            texts.append(line[4:])
            if line[3:4] != b"-":
                return int(line[:3]), b"\n".join(texts)
            line = self._line(deadline)
        raise WireGarbage(f"The server's answer is not SMTP: {line[:100]!r}")

    def close(self) -> None:
        """Close the socket at once."""
        self._socket.close()

    def _line(self, deadline: float | None) -> bytes:
        while True:
            end = self._buffer.find(b"\n", self._position)
            if 0 <= end <= self._position + LONGEST_LINE:
                line = self._buffer[self._position : end]
                self._position = end + 1
                return line.rstrip(b"\r")
            if len(self._buffer) - self._position > LONGEST_LINE:
                raise WireGarbage("The server's answer has no end.")
            deadline = deadline or time.monotonic() + self._timeout
            block = self._receive()
            self._buffer = self._buffer[self._position :] + block
            self._position = 0
            # A server that sends a byte now and then keeps every single read in time, but not the reply.
            if b"\n" not in block and time.monotonic() > deadline:
                raise WireTimeout("The server took too long to answer.")

    def _receive(self) -> bytes:
        try:
            block = self._socket.recv(_BLOCK)
        except TimeoutError as problem:
            raise WireTimeout("The server did not answer in time.") from problem
        except OSError as problem:
            raise WireCut(f"The connection broke: {problem}") from problem
        if not block:
            raise WireCut("The server closed the connection.")
        return block

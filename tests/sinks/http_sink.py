"""A fast HTTP/1.1 server that accepts, journals and forgets; run with ``python -m tests.sinks.http_sink``."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from tests.sinks.process import SinkState, argument_parser, drip, run

_INTERESTING = (
    "content-type",
    "user-agent",
    "authorization",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
)
_ENDLESS_CHUNK = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"


class HttpSink(asyncio.Protocol):
    """One kept-alive connection."""

    def __init__(self, state: SinkState) -> None:
        self._state = state
        self._buffer = b""
        self._paused = False
        self._began = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count it."""
        self._transport: Any = transport
        self._state.connections += 1

    def data_received(self, data: bytes) -> None:
        """Work through the requests that have come."""
        if not self._buffer:
            self._began = time.time()
        self._buffer += data
        self._work()

    def _work(self) -> None:
        while not self._paused and not self._transport.is_closing():
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            lines = self._buffer[:end].decode("latin-1").split("\r\n")
            headers = {}
            for line in lines[1:]:
                name, _, value = line.partition(":")
                headers[name.lower()] = value.strip()
            finish = end + 4 + int(headers.get("content-length", 0))
            if len(self._buffer) < finish:
                return
            body, self._buffer = self._buffer[end + 4 : finish], self._buffer[finish:]
            method, path, _ = lines[0].split(" ", 2)
            self._request(method, path, headers, body.decode("utf-8", "replace"))

    def _request(self, method: str, path: str, headers: dict[str, str], body: str) -> None:
        if method == "HEAD":
            self._transport.write(b"HTTP/1.1 405 X\r\nAllow: POST\r\nContent-Length: 0\r\n\r\n")
            return
        rule = self._state.script.find("REQUEST", f"{path}\n{body}") or {}
        accepted = rule.get("accept", 200 <= rule.get("status", 200) < 300)
        if not accepted or rule.get("action") == "refuse":
            self._answer(rule)
            return
        self._paused = True
        record = {
            "at": time.time(),
            "began": self._began,
            "method": method,
            "path": path,
            "headers": {name: headers[name] for name in _INTERESTING if name in headers},
            "body": body,
        }
        self._state.journal.add(record, lambda: self._accepted(rule))

    def _accepted(self, rule: dict[str, Any]) -> None:
        self._paused = False
        self._answer(rule)
        self._work()

    def _answer(self, rule: dict[str, Any]) -> None:
        action = rule.get("action")
        delay = rule.get("delay_ms", 0) / 1000 or self._state.latency
        if action in ("close", "refuse"):
            self._transport.close()
        elif action == "silent":
            self._paused = True
        elif action == "endless":
            self._paused = True
            head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            self._transport.write(head)
            self._pour()
        elif action == "drip":
            self._paused = True
            drip(self._transport, response(rule), delay, self._resume)
        elif delay:
            self._paused = True
            asyncio.get_running_loop().call_later(delay, self._late, response(rule))
        else:
            self._transport.write(response(rule))

    def _late(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)
            self._resume()

    def _resume(self) -> None:
        self._paused = False
        self._work()

    def _pour(self) -> None:
        if not self._transport.is_closing():
            if self._transport.get_write_buffer_size() < 1 << 20:
                self._transport.write(_ENDLESS_CHUNK)
            asyncio.get_running_loop().call_later(0.001, self._pour)


def response(rule: dict[str, Any]) -> bytes:
    """The whole answer; ``raw`` in a rule replaces it."""
    if "raw" in rule:
        return rule["raw"].encode()
    if not rule:
        return _OK
    body = rule.get("body", '{"status":"ok"}').encode()
    headers = {"Content-Type": "application/json", "Content-Length": len(body), **rule.get("headers", {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {rule.get('status', 200)} X\r\n{head}\r\n".encode() + body


_OK = response({"status": 200})


if __name__ == "__main__":
    state = SinkState(argument_parser(__doc__ or "").parse_args(), "REQUEST")
    run(state, lambda: HttpSink(state))

"""What both sink programs share: arguments, the port line, and orders that come in on standard input."""

from __future__ import annotations

import argparse
import asyncio
import json
import ssl
import sys
from collections.abc import Callable

from tests.sinks.journal import Journal
from tests.sinks.script import Script


def argument_parser(description: str) -> argparse.ArgumentParser:
    """The options every sink has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument("--journal", required=True, help="file to append accepted messages to")
    parser.add_argument("--latency-ms", type=float, default=0, help="time every message takes")
    parser.add_argument("--script", default="[]", help="faults, see tests/sinks/script.py")
    parser.add_argument("--keep-bodies", action="store_true", help="journal the whole message")
    parser.add_argument(
        "--no-fsync", action="store_true", help="journal survives kill -9 only, not a power cut"
    )
    parser.add_argument("--control", action="store_true", help="take orders on stdin; its end ends the sink")
    return parser


class SinkState:
    """What all connections of one sink share."""

    def __init__(self, options: argparse.Namespace, default_verb: str) -> None:
        self.options = options
        self.default_verb = default_verb
        self.journal = Journal(options.journal, fsync=not options.no_fsync)
        self.script = Script(json.loads(options.script), default_verb)
        self.latency = options.latency_ms / 1000
        self.connections = 0
        self.tls: ssl.SSLContext | None = None

    def obey(self, order: dict[str, object]) -> dict[str, object]:
        """Carry out an order from standard input."""
        if "script" in order:
            self.script = Script(order["script"], self.default_verb)  # type: ignore[arg-type]
        if "latency_ms" in order:
            self.latency = float(order["latency_ms"]) / 1000  # type: ignore[arg-type]
        return {"connections": self.connections}


def drip(transport: asyncio.Transport, data: bytes, seconds: float, done: Callable[[], None]) -> None:
    """Write the bytes one by one, so many seconds apart."""
    if transport.is_closing():
        return
    if not data:
        done()
        return
    transport.write(data[:1])
    asyncio.get_running_loop().call_later(seconds, drip, transport, data[1:], seconds, done)


async def serve(state: SinkState, make_protocol: Callable[[], asyncio.Protocol]) -> None:
    """Listen, print the port as JSON, and run until told otherwise."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        make_protocol, "127.0.0.1", state.options.port, backlog=1024, ssl=state.tls
    )
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    if state.options.control:
        loop.add_reader(sys.stdin, _read_order, state, loop)
    await loop.create_future()


def _read_order(state: SinkState, loop: asyncio.AbstractEventLoop) -> None:
    line = sys.stdin.readline()
    if not line:
        loop.stop()
        return
    print(json.dumps(state.obey(json.loads(line))), flush=True)


def run(state: SinkState, make_protocol: Callable[[], asyncio.Protocol]) -> None:
    """Run the sink in this process."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    task = loop.create_task(serve(state, make_protocol))
    try:
        loop.run_until_complete(task)
    except (RuntimeError, KeyboardInterrupt):
        # loop.stop() ends run_until_complete with a RuntimeError: the parent has gone.
        task.cancel()

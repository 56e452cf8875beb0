"""A fast SMTP server that accepts, journals and forgets; run with ``python -m tests.sinks.smtp_sink``."""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import re
import ssl
import time
from typing import Any

from tests.sinks.process import SinkState, argument_parser, drip, run

_HEADER = re.compile(rb"^(message-id|subject|from|to):[ \t]*(.*(?:\r\n[ \t].*)*)", re.I | re.M)


class SmtpSink(asyncio.Protocol):
    """One connection."""

    def __init__(self, state: SinkState) -> None:
        self._state = state
        self._buffer = b""
        self._in_body = self._body_begun = False
        self._paused = False
        self._replies: list[str] = []
        self._login: list[bytes] | None = None
        self._sender = ""
        self._recipients: list[str] = []
        self._began = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self._transport: Any = transport
        self._state.connections += 1
        self._answer("CONNECT", "", "220 sink ESMTP")
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Work through the lines and bodies that have come."""
        self._buffer += data
        self._work()

    def _work(self) -> None:
        while not self._paused and not self._transport.is_closing() and self._step():
            pass
        self._flush()

    def _step(self) -> bool:
        """Take one command or body; False if none has come whole."""
        if self._in_body:
            return self._take_body()
        end = self._buffer.find(b"\r\n")
        if end < 0:
            return False
        line, self._buffer = self._buffer[:end], self._buffer[end + 2 :]
        self._command(line)
        return True

    # -- the body

    def _take_body(self) -> bool:
        if not self._body_begun and self._buffer:
            self._body_begun = True
            if self._fault("BODY", self._recipient()):
                return False
        if self._buffer.startswith(b".\r\n"):
            end, size = 0, 3
        else:
            end, size = self._buffer.find(b"\r\n.\r\n"), 5
        if end < 0:
            return False
        body, self._buffer = self._buffer[: end + 2], self._buffer[end + size :]
        self._in_body = self._body_begun = False
        self._accept(body)
        return True

    def _accept(self, body: bytes) -> None:
        rule = self._state.script.find("DOT", self._recipient()) or {}
        if rule.get("reply", "250")[:1] != "2" or rule.get("action") == "refuse":
            self._answer("DOT", "", "250 queued", rule)
            return
        self._paused = True  # what follows waits until this message is on disk
        self._state.journal.add(self._record(body), lambda: self._accepted(rule))

    def _accepted(self, rule: dict[str, Any]) -> None:
        self._paused = False
        if self._state.latency:
            rule = {"delay_ms": self._state.latency * 1000, **rule}
        self._answer("DOT", "", "250 queued", rule)
        self._work()

    def _record(self, body: bytes) -> dict[str, Any]:
        head, _, text = body.partition(b"\r\n\r\n")
        headers = {name.lower().decode(): _text(value).strip() for name, value in _HEADER.findall(head)}
        record = {
            "at": time.time(),
            "began": self._began,
            "message_id": headers.get("message-id", ""),
            "to": self._recipient(),
            "from": self._sender,
            "subject": headers.get("subject", ""),
            "body_hash": hashlib.sha256(text).hexdigest(),
        }
        if self._state.options.keep_bodies:
            record["raw"] = base64.b64encode(body.replace(b"\r\n..", b"\r\n.")).decode()
        return record

    # -- commands

    def _command(self, line: bytes) -> None:
        if self._login is not None:
            self._login.append(line)
            self._log_in()
            return
        verb, _, rest = line.partition(b" ")
        name = verb.upper().decode("ascii", "replace")
        handler = _COMMANDS.get(name)
        if handler:
            handler(self, rest)
        else:
            self._say("250 ok")

    def _ehlo(self, rest: bytes) -> None:
        options = self._state.options
        words = ["sink", "SIZE 33554432", "ENHANCEDSTATUSCODES"]
        words += [] if options.no_pipelining else ["PIPELINING"]
        words += [] if options.no_8bitmime else ["8BITMIME"]
        if options.certificate and not self._transport.get_extra_info("ssl_object"):
            words.append("STARTTLS")
        if options.login:
            words.append("AUTH PLAIN LOGIN")
        lines = [f"250-{word}" for word in words[:-1]] + [f"250 {words[-1]}"]
        self._answer("EHLO", "", "\r\n".join(lines))

    def _starttls(self, rest: bytes) -> None:
        if not self._answer("STARTTLS", "", "220 go ahead"):
            return
        self._paused = True
        context = _tls_context(self._state.options.certificate)
        self._task = asyncio.get_running_loop().create_task(self._upgrade(context))

    async def _upgrade(self, context: ssl.SSLContext) -> None:
        self._flush()
        self._buffer = b""  # what came before the line was secure does not count
        loop = asyncio.get_running_loop()
        self._transport = await loop.start_tls(self._transport, self, context, server_side=True)
        self._resume()

    def _auth(self, rest: bytes) -> None:
        mechanism, _, initial = rest.partition(b" ")
        if mechanism.upper() == b"PLAIN" and initial:
            self._login = [base64.b64decode(initial)]
            self._log_in()
        else:
            self._login = [b"LOGIN"] + ([initial] if initial else [])
            self._log_in()

    def _log_in(self) -> None:
        given = self._login or []
        if given[0] == b"LOGIN":
            if len(given) < 3:
                self._say("334 " + base64.b64encode([b"Username:", b"Password:"][len(given) - 1]).decode())
                return
            user, password = base64.b64decode(given[1]), base64.b64decode(given[2])
        else:
            _, user, password = given[0].split(b"\0")
        self._login = None
        right = f"{user.decode()}:{password.decode()}" == self._state.options.login
        self._answer("AUTH", user.decode(), "235 welcome" if right else "535 5.7.8 wrong user or password")

    def _mail(self, rest: bytes) -> None:
        self._sender, self._recipients = _address(rest), []
        if not self._answer("MAIL", self._sender, "250 ok"):
            self._sender = ""

    def _rcpt(self, rest: bytes) -> None:
        recipient = _address(rest)
        if not self._sender:
            self._say("503 5.5.1 MAIL first")
        elif self._answer("RCPT", recipient, "250 ok"):
            self._recipients.append(recipient)

    def _data(self, rest: bytes) -> None:
        if not self._recipients:
            self._say("554 5.5.1 no valid recipients")
        elif self._answer("DATA", self._recipient(), "354 go"):
            self._in_body, self._began = True, time.time()

    def _quit(self, rest: bytes) -> None:
        self._say("221 bye")
        self._hang_up()

    def _recipient(self) -> str:
        return self._recipients[-1] if self._recipients else ""

    # -- answers and faults

    def _fault(self, verb: str, text: str) -> bool:
        rule = self._state.script.find(verb, text)
        if rule and rule.get("action") in ("close", "refuse"):
            self._transport.abort()
            return True
        return False

    def _answer(self, verb: str, text: str, usual: str, rule: dict[str, Any] | None = None) -> bool:
        """Answer as the script or else as usual; True if the command succeeded."""
        if rule is None:
            rule = self._state.script.find(verb, text) or {}
        reply = rule.get("reply", usual)
        action, delay = rule.get("action"), rule.get("delay_ms", 0) / 1000
        if action in ("close", "refuse"):
            self._hang_up()
            return False
        if action == "silent":
            self._paused = True
            return False
        if action == "drip":
            self._paused = True
            self._flush()
            drip(self._transport, reply.encode() + b"\r\n", delay, self._resume)
        elif delay:
            self._paused = True
            asyncio.get_running_loop().call_later(delay, self._late, reply)
        else:
            self._say(reply)
        return reply[:1] in "23"

    def _late(self, reply: str) -> None:
        self._say(reply)
        self._resume()

    def _resume(self) -> None:
        self._paused = False
        self._work()

    def _say(self, reply: str) -> None:
        self._replies.append(reply)
        if reply.startswith("421"):
            self._hang_up()

    def _flush(self) -> None:
        """Write all replies of this turn at once."""
        if self._replies and not self._transport.is_closing():
            self._transport.write("".join(f"{reply}\r\n" for reply in self._replies).encode())
        self._replies.clear()

    def _hang_up(self) -> None:
        self._flush()
        self._transport.close()


_COMMANDS = {
    "EHLO": SmtpSink._ehlo,
    "HELO": SmtpSink._ehlo,
    "STARTTLS": SmtpSink._starttls,
    "AUTH": SmtpSink._auth,
    "MAIL": SmtpSink._mail,
    "RCPT": SmtpSink._rcpt,
    "DATA": SmtpSink._data,
    "QUIT": SmtpSink._quit,
}


def _tls_context(certificate: str) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


def _address(rest: bytes) -> str:
    return _text(rest[rest.find(b"<") + 1 : rest.find(b">")])


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _options() -> argparse.Namespace:
    parser = argument_parser(__doc__ or "")
    parser.add_argument("--no-pipelining", action="store_true")
    parser.add_argument("--no-8bitmime", action="store_true")
    parser.add_argument("--login", default="", help="user:password that AUTH asks for")
    parser.add_argument("--certificate", default="", help="PEM file with key and certificate: offer STARTTLS")
    parser.add_argument("--tls", action="store_true", help="speak TLS from the first byte")
    return parser.parse_args()


if __name__ == "__main__":
    state = SinkState(_options(), "DOT")
    if state.options.tls:
        state.tls = _tls_context(state.options.certificate)
    run(state, lambda: SmtpSink(state))

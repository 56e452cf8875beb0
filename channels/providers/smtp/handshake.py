"""Connect, secure, log in. Once that is done the session talks over the wire by itself."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from channels.providers.base import Outcome
from channels.providers.smtp.wire import Wire, WireError
from channels.providers.threaded import CannotOpen


@dataclass(frozen=True, slots=True)
class Line:
    """A connection that is ready for mail, and what the server can do."""

    wire: Wire
    pipelining: bool
    eight_bit: bool
    utf8_addresses: bool
    largest: int
    """Largest message in bytes; 0: the server does not say."""


class _Client:
    """Mixed into smtplib's clients: their dialogue, over our wire with its deadlines and limits."""

    wire: Wire | None = None
    sock: socket.socket | None
    timeout: float

    def getreply(self) -> tuple[int, bytes]:
        if self.wire is None or self.wire._socket is not self.sock:
            assert self.sock is not None
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.wire = Wire(self.sock, self.timeout)
        return self.wire.reply()


class _PlainClient(_Client, smtplib.SMTP):
    pass


class _TlsClient(_Client, smtplib.SMTP_SSL):
    pass


def open_line(settings: Mapping[str, Any]) -> Line:
    """Connect as the settings say; raises `CannotOpen` with what it means for the messages."""
    client = _client(settings)
    try:
        _talk(client, settings)
    except BaseException as problem:
        if client.sock is not None:
            client.sock.close()
        outcome = _meaning(problem, settings)
        if outcome is None:
            raise
        raise CannotOpen(outcome) from problem
    assert client.wire is not None
    size = client.esmtp_features.get("size", "")
    return Line(
        client.wire,
        pipelining=client.has_extn("pipelining"),
        eight_bit=client.has_extn("8bitmime"),
        utf8_addresses=client.has_extn("smtputf8"),
        largest=int(size) if size.isdigit() else 0,
    )


def _client(settings: Mapping[str, Any]) -> _PlainClient | _TlsClient:
    # The local host name is put right after connecting; looking it up can hang on a broken resolver.
    options: dict[str, Any] = {"timeout": settings["timeout"], "local_hostname": "localhost"}
    if settings["security"] == "tls":
        return _TlsClient(context=ssl.create_default_context(), **options)
    return _PlainClient(**options)


def _talk(client: _PlainClient | _TlsClient, settings: Mapping[str, Any]) -> None:
    # smtplib checks the certificate against this name.
    client._host = settings["host"]  # type: ignore[union-attr]
    code, text = client.connect(settings["host"], int(settings["port"]))
    if code != 220:
        raise smtplib.SMTPConnectError(code, text)
    assert client.sock is not None
    own_address = client.sock.getsockname()[0]
    client.local_hostname = f"[IPv6:{own_address}]" if ":" in own_address else f"[{own_address}]"
    client.ehlo_or_helo_if_needed()
    if settings["security"] == "starttls":
        if client.wire is not None and client.wire.buffered():
            raise smtplib.SMTPNotSupportedError("The server sent more than it was asked for.")
        code, text = client.starttls(context=ssl.create_default_context())
        if code != 220:
            raise smtplib.SMTPConnectError(code, text)
        client.ehlo_or_helo_if_needed()
    if settings["username"]:
        client.login(settings["username"], settings["password"])


def _meaning(problem: BaseException, settings: Mapping[str, Any]) -> Outcome | None:
    """The outcome for a problem while connecting; None if it is none of the network's."""
    where = f"{settings['host']}:{settings['port']}"
    match problem:
        case smtplib.SMTPAuthenticationError():
            return _refused("login_refused", "The server refused the login", problem)
        case smtplib.SMTPResponseException():
            return _refused("server_refused", f"{where} refused the connection", problem)
        case smtplib.SMTPNotSupportedError() | smtplib.SMTPException():
            return _broken("not_supported", f"{where} cannot do what the settings ask for: {problem}")
        case WireError():
            return _broken(problem.code, f"{where}: {problem.args[0]}")
        case ssl.SSLCertVerificationError():
            return _broken("certificate_invalid", f"{where}: {problem.verify_message}")
        case ssl.SSLError():
            return _broken("tls_failed", f"No secure connection to {where}: {problem.reason or problem}")
        case socket.gaierror() | UnicodeError():
            return _broken("host_unknown", f"There is no host called {settings['host']}.")
        case TimeoutError():
            return _broken("timeout", f"{where} did not answer within {settings['timeout']:g} seconds.")
        case ConnectionRefusedError():
            return _broken("connection_refused", f"Nothing listens on {where}.")
        case OSError():
            return _broken("connection_failed", f"No connection to {where}: {problem}")
    return None


def _refused(reason: str, what: str, problem: smtplib.SMTPResponseException) -> Outcome:
    text = problem.smtp_error
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    # A 4xx here is a server that is busy, not an account that is broken.
    return Outcome.retry(
        reason, f"{what}: {problem.smtp_code} {said}", connection_error=problem.smtp_code >= 500
    )


def _broken(reason: str, detail: str) -> Outcome:
    return Outcome.retry(reason, detail, connection_error=True)

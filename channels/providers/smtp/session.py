"""One kept SMTP connection that sends message after message, one round trip each where the server allows."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass

from channels.providers.base import Message, Outcome
from channels.providers.smtp.handshake import Line
from channels.providers.smtp.headers import BadMessage
from channels.providers.smtp.mime import END, MailBuilder, envelope_address
from channels.providers.smtp.overlap import Overlap
from channels.providers.smtp.replies import refusal, verdict
from channels.providers.smtp.wire import WireCut, WireError, WireGarbage, WireTimeout
from channels.providers.threaded import Feed, Session

VERBS = ("MAIL", "RCPT", "DATA")


@dataclass(slots=True)
class Mail:
    """A message ready for the wire."""

    message: Message
    commands: tuple[bytes, bytes, bytes]
    data: bytes


class SmtpSession(Session):
    """Sends over one connection. An error before the final dot never leaves a message in doubt."""

    def __init__(
        self,
        line: Line,
        builder: MailBuilder,
        from_address: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._line = line
        self._wire = line.wire
        self._builder = builder
        self._mail_from = f"MAIL FROM:<{from_address}>".encode()
        self._clock = clock
        self._served = 0
        self._overlap = Overlap()
        self._asked_at = 0.0
        self._envelope_seconds = 0.0

    def send(self, message: Message) -> Outcome:
        """Not used: `run` sends, because what waits next decides what is written now."""
        raise NotImplementedError

    def run(self, first: Message, feed: Feed) -> None:
        """Send ``first`` and what waits behind it; the next envelope may travel with the present body."""
        current = self._announce(self._prepare(first, feed), feed)
        while current is not None and self.usable:
            if self._line.pipelining:
                refused = self._read_envelope(current, feed)
            else:
                refused = self._step_through_envelope(current, feed)
            if not self.usable:
                return
            if refused is not None:
                feed.report(current.message, refused)
                current = self._announce(self._next(feed), feed)
            else:
                current = self._hand_over(current, feed)

    def close(self) -> None:
        """Say goodbye if the line still works, and hang up."""
        if self.usable:
            self.usable = False
            with contextlib.suppress(WireError):
                self._wire.write(b"QUIT\r\n")
        self._wire.close()

    # -- preparing

    def _next(self, feed: Feed) -> Mail | None:
        message = feed.next()
        return self._prepare(message, feed) if message is not None else None

    def _prepare(self, message: Message | None, feed: Feed) -> Mail | None:
        """The first message from here on that can be written as an email; the others have failed."""
        while message is not None:
            try:
                return self._mail(message)
            except BadMessage as problem:
                feed.report(message, Outcome.failed(*problem.args))
                message = feed.next()
        return None

    def _mail(self, message: Message) -> Mail:
        line = self._line
        recipient = envelope_address(message.address, utf8_addresses=line.utf8_addresses)
        data = self._builder.build(message, recipient, eight_bit=line.eight_bit)
        if line.largest and len(data) > line.largest:
            raise BadMessage("too_large", f"{len(data)} bytes; the mail server takes at most {line.largest}.")
        mail = self._mail_from
        if line.eight_bit and not data.isascii():
            mail += b" BODY=8BITMIME"
        if not recipient.isascii():
            mail += b" SMTPUTF8"
        return Mail(message, (mail + b"\r\n", f"RCPT TO:<{recipient}>\r\n".encode(), b"DATA\r\n"), data)

    # -- the envelope: MAIL, RCPT, DATA

    def _announce(self, mail: Mail | None, feed: Feed) -> Mail | None:
        """Write the whole envelope, where the server takes it whole; answers the mail."""
        if mail is None or not self._line.pipelining:
            return mail
        self._asked_at = time.monotonic()
        try:
            self._wire.write(b"".join(mail.commands))
        except WireError as problem:
            self._lost_before_body(mail, feed, problem)
        return mail

    def _read_envelope(self, mail: Mail, feed: Feed) -> Outcome | None:
        """Read the three replies to a pipelined envelope; the refusal, if any (RFC 2920)."""
        refused: Outcome | None = None
        code = 0
        try:
            for verb in VERBS:
                code, text = self._wire.reply()
                if refused is not None or code // 100 == (3 if verb == "DATA" else 2):
                    continue
                if code // 100 in (2, 3):
                    raise WireGarbage(f"The server's answers are out of order: {code} to {verb}.")
                refused = refusal(verb, code, text)
                if code == 421:
                    return self._server_leaves(mail, feed, refused)
            if code == 354 and refused is not None:
                # DATA was taken although nobody is to receive it: end the empty message.
                self._wire.write(END)
                self._wire.reply()
            self._envelope_seconds = time.monotonic() - self._asked_at
        except WireError as problem:
            if refused is not None:
                feed.report(mail.message, refused)
                self._hang_up()
            else:
                self._lost_before_body(mail, feed, problem)
        return refused

    def _step_through_envelope(self, mail: Mail, feed: Feed) -> Outcome | None:
        """The same for a server without PIPELINING: one command at a time."""
        try:
            for verb, command in zip(VERBS, mail.commands, strict=True):
                self._wire.write(command)
                code, text = self._wire.reply()
                if code // 100 == (3 if verb == "DATA" else 2):
                    continue
                refused = refusal(verb, code, text)
                if code == 421:
                    return self._server_leaves(mail, feed, refused)
                self._wire.write(b"RSET\r\n")
                self._wire.reply()
                return refused
        except WireError as problem:
            self._lost_before_body(mail, feed, problem)
        return None

    # -- the body

    def _hand_over(self, mail: Mail, feed: Feed) -> Mail | None:
        """Write the body, perhaps with the next envelope behind it, and report the server's verdict."""
        if self._clock() >= mail.message.start_by:
            # The server waits for a body by now; the only way not to send it is to hang up.
            self._hang_up()
            feed.report(mail.message, Outcome.released())
            return None
        overlapping = self._line.pipelining and self._overlap.wanted
        upcoming = self._next(feed) if overlapping else None
        data = mail.data + b"".join(upcoming.commands) if upcoming else mail.data
        dot_written, asked_at = False, time.monotonic()
        try:
            try:
                self._wire.write(data)
            except WireError as problem:
                dot_written = problem.args[1] >= len(mail.data)
                raise
            dot_written = True
            code, text = self._wire.reply()
        except WireError as problem:
            self._lost_in_body(mail, upcoming, feed, problem, dot_written)
            return None
        self._served += 1
        outcome = verdict(code, text)
        feed.report(mail.message, outcome)
        if code == 421 or outcome.reason == "malformed_answer":
            self._hang_up()
            if upcoming is not None:
                feed.again(upcoming.message, Outcome.retry("connection_lost", "The server went away."))
            return None
        if overlapping:
            return upcoming
        self._overlap.measure(self._envelope_seconds, time.monotonic() - asked_at)
        return self._announce(self._next(feed), feed)

    # -- when the line breaks

    def _lost_in_body(
        self, mail: Mail, upcoming: Mail | None, feed: Feed, problem: WireError, dot_written: bool
    ) -> None:
        self._hang_up()
        detail = str(problem.args[0])
        if dot_written:
            feed.report(mail.message, Outcome.unknown(f"{problem.code}_after_message", detail))
        else:
            feed.report(mail.message, Outcome.retry(problem.code, detail))
        if upcoming is not None:
            feed.again(upcoming.message, Outcome.retry(problem.code, detail))

    def _lost_before_body(self, mail: Mail, feed: Feed, problem: WireError) -> None:
        self._hang_up()
        outcome = Outcome.retry(problem.code, str(problem.args[0]))
        if isinstance(problem, WireCut) and not isinstance(problem, WireTimeout):
            # Servers end kept connections as they like; a fresh one may well work.
            feed.again(mail.message, outcome)
        else:
            feed.report(mail.message, outcome)

    def _server_leaves(self, mail: Mail, feed: Feed, refused: Outcome) -> Outcome:
        """421: the server ends this connection, for instance after so many messages."""
        self._hang_up()
        if self._served:
            feed.again(mail.message, refused)
        else:
            feed.report(mail.message, refused)
        return refused

    def _hang_up(self) -> None:
        self.usable = False
        self._wire.close()

"""What the SMTP tests share: settings for a sink, and sinks with options."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from channels.providers.smtp.provider import SmtpProvider
from tests.sinks.sink import Sink

SMTP = SmtpProvider()
SinkWith = Callable[[tuple[str, ...]], Sink]


def settings_for(sink: Sink, **changes: Any) -> dict[str, Any]:
    """Cleaned settings that lead to the sink."""
    fields = {
        "host": sink.host,
        "port": sink.port,
        "security": "none",
        "from_address": "news@example.test",
        "from_name": "Söhne & Co",
        "timeout": 5,
    }
    return SMTP.clean({**fields, **changes})


@contextmanager
def started_when_asked_for() -> Iterator[SinkWith]:
    """Gives a sink for a set of options, emptied; each is started once."""
    started: dict[tuple[str, ...], Sink] = {}
    with ExitStack() as stack:

        def sink(options: tuple[str, ...] = ()) -> Sink:
            if options not in started:
                started[options] = stack.enter_context(Sink("smtp", keep_bodies=True, options=options))
            started[options].reset()
            return started[options]

        yield sink

"""One message through a connection, here and now, outside of the ledger: what test sends are made of."""

from __future__ import annotations

import time
from dataclasses import replace

from channels.engine.lines import CannotSend, open_settings
from channels.models import Connection
from channels.providers.base import Message, Outcome

__all__ = ["CannotSend", "send_one"]

#: A call that has not started by then is given back; one that has, takes as long as the provider's own time-out.
START_WITHIN_SECONDS = 10.0
ANSWER_WITHIN_SECONDS = 20.0


def send_one(connection: Connection, kind: str, message: Message) -> Outcome:
    """Hand one message to the provider and wait for its answer. Raises `CannotSend` where the settings do not work."""
    provider, settings = open_settings(connection)
    domain = str(settings.get("from_address") or "").rpartition("@")[2] or "localhost"
    headers = {"Message-ID": f"<{message.idempotency_key}@{domain}>"} if kind == "email" else {}
    sender = provider.open(settings, 1)
    try:
        started = time.monotonic() + START_WITHIN_SECONDS
        sender.submit([replace(message, headers=headers, start_by=started)])
        answered = sender.collect(ANSWER_WITHIN_SECONDS)
    finally:
        sender.close()
    answered = answered or sender.collect(0.0)
    return answered[0][1] if answered else Outcome.unknown("no_answer", "The provider has not answered yet.")

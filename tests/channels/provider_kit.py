"""What the provider tests share: a message, and sending some and waiting for every outcome."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from channels.providers.base import Message, Outcome, Provider

WAIT_SECONDS = 20


def message(number: int = 1, address: str = "", **changes: Any) -> Message:
    """A message to person ``number``."""
    fields: dict[str, Any] = {
        "key": number,
        "idempotency_key": f"delivery-{number}",
        "address": address or f"person{number}@example.test",
        "subject": f"Hello {number}",
        "body": f"A word for person {number}.",
        "headers": {"Message-ID": f"<{number}@example.test>"},
        "start_by": time.monotonic() + 60,
    }
    return Message(**{**fields, **changes})


def send_all(
    provider: Provider, settings: Mapping[str, Any], messages: Iterable[Message], parallelism: int = 1
) -> dict[int, Outcome]:
    """Send the messages over a sender of their own; the outcomes by the message's key."""
    messages = list(messages)
    sender = provider.open(settings, parallelism)
    try:
        sender.submit(messages)
        return collect(sender, len(messages))
    finally:
        sender.close()


def collect(sender: Any, count: int) -> dict[int, Outcome]:
    """Exactly ``count`` outcomes of a sender, none of them twice."""
    outcomes: dict[int, Outcome] = {}
    deadline = time.monotonic() + WAIT_SECONDS
    while len(outcomes) < count and time.monotonic() < deadline:
        for done, outcome in sender.collect(1):
            assert done.key not in outcomes, f"two outcomes for {done.key}"
            outcomes[done.key] = outcome
    assert len(outcomes) == count, f"{len(outcomes)} of {count} outcomes came"
    return outcomes

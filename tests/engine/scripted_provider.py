"""A provider whose answers a test decides, message by message."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from channels.domain.kinds import KINDS
from channels.providers import registry
from channels.providers.base import CheckResult, Message, Outcome, Sender
from channels.providers.immediate import ImmediateSender


class ScriptedProvider:
    """Answers each message with ``answer(message)``; remembers what it was handed."""

    name = "scripted"
    label = "Scripted"
    kinds = frozenset(KINDS)
    fields = ()
    store = ""

    def __init__(self) -> None:
        self.answer: Callable[[Message], Outcome] = lambda message: Outcome.sent(f"id-{message.key}")
        self.repeatable = False
        self.health = CheckResult(True, "Ready.")
        self.messages: list[Message] = []
        self.parallelism: list[int] = []

    def deduplicates(self, settings: Mapping[str, Any]) -> bool:
        return self.repeatable

    def clean(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        return dict(settings)

    def check(self, settings: Mapping[str, Any]) -> CheckResult:
        return self.health

    def open(self, settings: Mapping[str, Any], parallelism: int) -> Sender:
        self.parallelism.append(parallelism)
        return ImmediateSender(self._decide)

    def _decide(self, message: Message) -> Outcome:
        self.messages.append(message)
        return self.answer(message)


@pytest.fixture
def scripted() -> Iterator[ScriptedProvider]:
    """The provider called "scripted", there for this test only."""
    provider = ScriptedProvider()
    registry._providers()["scripted"] = provider
    yield provider
    del registry._providers()["scripted"]

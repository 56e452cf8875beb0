"""What an action will do, as numbers and sentences: the shapes that impact.py fills, and the words that it uses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Choice:
    """One option of a confirmation that asks (a stop's mode, a restart's audience), with its own consequences."""

    value: str
    label: str
    sentence: str


@dataclass(slots=True)
class Impact:
    """Numbers and sentences about one action. ``asks`` names the parameter that ``choices`` are for."""

    action: str
    label: str
    enabled: bool
    reason: str
    numbers: dict[str, int] = field(default_factory=dict)
    sentences: list[str] = field(default_factory=list)
    asks: str = ""
    choices: list[Choice] = field(default_factory=list)
    needs_time: tuple[str, ...] = ()
    needs_comment: bool = False
    needs_name: bool = False
    danger: bool = False

    def as_api(self) -> dict[str, Any]:
        """The shape of ``GET /campaigns/{id}/actions/{action}``."""
        return {
            "action": self.action, "label": self.label, "enabled": self.enabled, "reason": self.reason,
            "numbers": self.numbers, "sentences": self.sentences, "asks": self.asks,
            "choices": [{"value": c.value, "label": c.label, "sentence": c.sentence} for c in self.choices],
        }  # fmt: skip


def people(number: int) -> str:
    """“1 person”, “1,204 people”."""
    return f"{number:,} {'person' if number == 1 else 'people'}"


def messages(number: int, word: str = "message") -> str:
    """“1 message”, “37 messages”."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def be(number: int) -> str:
    """“is” or “are”."""
    return "is" if number == 1 else "are"

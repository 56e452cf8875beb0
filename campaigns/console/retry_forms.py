"""The part of a voice channel's form that says whom it calls again: a row for each outcome that reached nobody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from channels.domain.retries import LABELS, MOST_TIMES

TIMES = [(str(number), "Never" if not number else f"{number} ×") for number in range(MOST_TIMES + 1)]


@dataclass(slots=True)
class RetryRow:
    """What was chosen and typed for one outcome, and what is wrong with it."""

    outcome: str
    times: str = "0"
    after: str = ""
    error: str = ""

    @property
    def label(self) -> str:
        return LABELS[self.outcome]

    @property
    def choices(self) -> list[tuple[str, str, bool]]:
        """Value, words and whether it is chosen."""
        return [(value, words, value == self.times) for value, words in TIMES]


def rows_as_stored(kind: str, content: Mapping[str, Any]) -> list[RetryRow]:
    """The rows of a stored content; none where the kind places no calls."""
    if kind != "voice":
        return []
    stored = content.get("retries") or {}
    rules = {outcome: stored.get(outcome) or {} for outcome in LABELS}
    return [RetryRow(name, str(rule.get("times", 0)), rule.get("after", "")) for name, rule in rules.items()]


def rows_as_posted(prefix: str, kind: str, data: Mapping[str, Any]) -> list[RetryRow]:
    """The rows as they were typed."""
    if kind != "voice":
        return []
    read = {name: data.get(f"{prefix}retry-{name}", "0") for name in LABELS}
    return [
        RetryRow(name, str(read[name]), str(data.get(f"{prefix}after-{name}", "")).strip()) for name in LABELS
    ]


def retries_of(rows: Iterable[RetryRow]) -> dict[str, Any]:
    """The rows in the API's shape; outcomes that nobody is called again for are left out."""
    return {
        row.outcome: {"times": int(row.times) if row.times.isdecimal() else row.times, "after": row.after}
        for row in rows
        if row.times != "0"
    }

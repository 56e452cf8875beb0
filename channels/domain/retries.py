"""Calls that reached nobody and are placed again: what a voice channel's content says about it. Pure.

``"retries": {"busy": {"times": 2, "after": "5 minutes"}, "no_answer": …, "machine": …}``. Nobody is called again who has
answered: that is the one stated exception to *nobody is contacted twice*, because a call that reached nobody was none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from channels.domain.states import CALL_CHOICES, REACHED_NOBODY

MOST_TIMES = 5
#: A report comes within minutes of a call. A channel that may call again waits so long for it before it is complete.
REPORTED_WITHIN = timedelta(minutes=30)
LABELS = {outcome: label for outcome, label in CALL_CHOICES if outcome in REACHED_NOBODY}
_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
_SHORTEST, _LONGEST = timedelta(minutes=1), timedelta(days=7)
_WRITTEN = re.compile(r"\s*(\d{1,5})\s+(minute|hour|day)s?\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Retry:
    """After this outcome: at most so many times, each so long after the call was reported."""

    outcome: str
    times: int
    after: timedelta


def read_retries(content: Mapping[str, Any]) -> tuple[Retry, ...]:
    """The retries of a content that `retry_problems` has nothing against; outcomes that are left out have none."""
    found = []
    for outcome, rule in (content.get("retries") or {}).items():
        after = _after(rule["after"]) if rule.get("times") else None
        if after:
            found.append(Retry(outcome, rule["times"], after))
    return tuple(found)


def retry_problems(retries: Any) -> dict[str, str]:
    """What is wrong, by the path within the content (``retries.busy.after``); empty where nothing is."""
    if retries in (None, {}):
        return {}
    if not isinstance(retries, Mapping):
        return {"retries": 'retries must look like {"busy": {"times": 2, "after": "5 minutes"}}.'}
    problems: dict[str, str] = {}
    for outcome, rule in retries.items():
        path = f"retries.{outcome}"
        if outcome not in REACHED_NOBODY:
            problems[path] = f"Only these outcomes are called again: {', '.join(REACHED_NOBODY)}."
        elif not isinstance(rule, Mapping) or set(rule) - {"times", "after"} or "times" not in rule:
            problems[path] = 'Write {"times": 2, "after": "5 minutes"}.'
        else:
            problems |= _rule_problems(path, rule)
    return problems


def _rule_problems(path: str, rule: Mapping[str, Any]) -> dict[str, str]:
    times = rule["times"]
    if isinstance(times, bool) or not isinstance(times, int) or not 0 <= times <= MOST_TIMES:
        return {f"{path}.times": f"Enter a whole number from 0 (never) to {MOST_TIMES}."}
    if times and _after(rule.get("after")) is None:
        return {
            f"{path}.after": "Enter how long after: from 1 minute to 7 days, such as “5 minutes” or “2 hours”."
        }
    return {}


def _after(written: Any) -> timedelta | None:
    match = _WRITTEN.fullmatch(written) if isinstance(written, str) else None
    if match is None:
        return None
    after = int(match[1]) * _UNITS[match[2]]
    return after if _SHORTEST <= after <= _LONGEST else None


def in_words(content: Mapping[str, Any]) -> list[str]:
    """What the content says, a sentence each.

    >>> in_words({"retries": {"busy": {"times": 2, "after": "5 minutes"}}})
    ['Busy: called again up to 2 times, 5 minutes later.']
    """
    retries = content.get("retries") or {}
    return [
        f"{LABELS[outcome]}: called again {_times(rule['times'])}, {rule['after'].strip()} later."
        for outcome in REACHED_NOBODY
        if (rule := retries.get(outcome)) and rule.get("times")
    ]


def _times(number: int) -> str:
    return "once" if number == 1 else f"up to {number} times"

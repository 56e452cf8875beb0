"""The typed search of the campaign list: ``status:running label:"Onboarding" is:mine welcome``. Pure parsing."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

#: key: what is typed; value: the filter's parameter.
KEYS = {
    "status": "status",
    "kind": "kind",
    "channel": "channel",
    "label": "label",
    "by": "created_by",
    "type": "type",
    "delivery": "delivery",
    "is": "quick",
}
#: is:… words and the quick filters they stand for.
FLAGS = {
    "mine": "mine",
    "running": "running",
    "scheduled": "scheduled",
    "today": "today",
    "waiting": "waiting",
    "errors": "errors",
}
_TOKEN = re.compile(r'(?:(?P<key>[a-z]+):)?(?:"(?P<quoted>[^"]*)"?|(?P<word>\S+))', re.I)


@dataclass(slots=True)
class Search:
    """What was typed: filters by parameter, free words, and what could not be understood."""

    filters: dict[str, list[str]] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def parse(text: str) -> Search:
    """Split what was typed. An unknown key is reported, not silently ignored."""
    found = Search()
    for match in _TOKEN.finditer(text):
        key = (match["key"] or "").lower()
        value = match["quoted"] if match["quoted"] is not None else match["word"]
        if not key:
            found.words += re.findall(r"\w+", value.lower())
        elif key not in KEYS:
            known = ", ".join(f"{name}:" for name in KEYS)
            found.problems.append(f"There is no filter “{key}:”. There are {known}")
        elif key == "is" and value.lower() not in FLAGS:
            known = ", ".join(f"is:{name}" for name in FLAGS)
            found.problems.append(f"“is:{value}” is not known. There are {known}.")
        else:
            chosen = FLAGS[value.lower()] if key == "is" else value
            found.filters.setdefault(KEYS[key], []).append(chosen)
    return found

"""The stages of a python campaign, which its communications belong to, in the order of the campaign (seed 002). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

MOST_STAGES = 20
COLOURS = ("blue", "azure", "teal", "green", "yellow", "orange", "red", "pink", "purple")
_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}", re.ASCII)


def stages_errors(given: Any) -> dict[str, str]:
    """Everything wrong with a campaign's ``stages``, by path; {} where all is well."""
    if not isinstance(given, list) or len(given) > MOST_STAGES:
        return {"stages": f"stages must be a list of at most {MOST_STAGES} stages."}
    errors: dict[str, str] = {}
    seen: set[str] = set()
    for index, item in enumerate(given):
        path = f"stages.{index}"
        if not isinstance(item, dict):
            errors[path] = 'A stage must look like {"key": "reminder", "name": "Reminder"}.'
            continue
        errors |= _stage_errors(item, path)
        key = item.get("key")
        if isinstance(key, str) and key in seen:
            errors[f"{path}.key"] = f"Two stages have the key “{key}”; each needs its own."
        elif isinstance(key, str):
            seen.add(key)
    return errors


def _stage_errors(item: dict[str, Any], path: str) -> dict[str, str]:
    errors = {}
    for unknown in sorted(set(item) - {"key", "name", "colour"}, key=str)[:1]:
        errors[f"{path}.{unknown}"] = "Unknown key; known are key, name and colour."
    if not isinstance(item.get("key"), str) or not _KEY.fullmatch(item["key"]):
        errors[f"{path}.key"] = "A stage's key has a-z, 0-9, - and _, such as reminder."
    name = item.get("name")
    if not isinstance(name, str) or not name.strip() or len(name) > 60 or "\0" in name:
        errors[f"{path}.name"] = "A stage needs a name of at most 60 characters."
    if item.get("colour", "") not in ("", *COLOURS):
        errors[f"{path}.colour"] = f"colour must be one of: {', '.join(COLOURS)}."
    return errors


def with_colours(stages: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    """The stages with a colour each: their own, or the next of the row."""
    return [
        {
            "key": item["key"],
            "name": item["name"],
            "colour": item.get("colour") or COLOURS[index % len(COLOURS)],
        }
        for index, item in enumerate(stages)
    ]


def missing(stages: Sequence[dict[str, Any]], used: Iterable[str]) -> list[str]:
    """The keys that a strategy uses and the campaign does not have. A campaign without stages takes the strategy's."""
    known = {item.get("key") for item in stages}
    return [key for key in used if known and key not in known]

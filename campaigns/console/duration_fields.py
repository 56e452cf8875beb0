"""A duration as two fields, a number and a unit, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from campaigns.domain.durations import UNITS, DurationError, parse_duration


def duration_of(data: Mapping[str, Any], name: str) -> str:
    """“3 days” of the fields ``name-amount`` and ``name-unit``; "" where no number was typed.

    What is no number is handed on as it is, so that the rules can refuse it by name.
    """
    amount, unit = str(data.get(f"{name}-amount", "")).strip(), str(data.get(f"{name}-unit", ""))
    if not amount:
        return ""
    unit = unit if unit in UNITS else "day"
    return f"{amount} {unit}{'' if amount == '1' else 's'}"


def duration_fields(written: str, name: str) -> dict[str, Any]:
    """For the template parts/duration.html: the two fields with what is written in them."""
    try:
        found = parse_duration(written)
        amount, unit = str(found.amount), found.unit
    except DurationError:
        typed, _, word = written.strip().rpartition(" ")
        amount, unit = typed, word.removesuffix("s") if word.removesuffix("s") in UNITS else "day"
    return {"name": name, "amount": amount, "unit": unit, "units": UNITS}

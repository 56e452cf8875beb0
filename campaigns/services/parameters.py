"""Reads the parameters of actions: clear refusals, field by field, for what cannot be used."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils.dateparse import parse_datetime

from campaigns.services.errors import Invalid

Params = Mapping[str, Any]
#: The database takes no offset beyond it.
LONGEST_OFFSET = timedelta(hours=15, minutes=59)


def read_time(params: Params, name: str) -> datetime | None:
    """A moment as datetime or ISO 8601 text with an offset; None where it is absent, null or empty."""
    value = params.get(name)
    if value in (None, ""):
        return None
    moment: datetime | None = None
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, str):
        try:
            moment = parse_datetime(value)
        except ValueError:
            moment = None
    if moment is None:
        raise Invalid.field(name, f"{name} must be a time such as 2027-03-01T09:00:00+03:00.")
    if moment.tzinfo is None:
        raise Invalid.field(name, f"{name} needs an offset from UTC, such as 2027-03-01T09:00:00+03:00.")
    # Near the ends of the calendar a change of zone leaves it, in Python as in the database.
    offset = moment.utcoffset() or timedelta()
    if not 1900 <= moment.year <= 9000 or abs(offset) > LONGEST_OFFSET:
        raise Invalid.field(
            name, f"{name} must be between the years 1900 and 9000, less than 16 hours from UTC."
        )
    return moment


def read_future(params: Params, name: str, now: datetime) -> datetime | None:
    """As `read_time`, but a moment that has passed is refused."""
    moment = read_time(params, name)
    if moment is not None and moment <= now:
        raise Invalid.field(name, f"{name} has passed already; choose a time after {now:%Y-%m-%d %H:%M} UTC.")
    return moment


def read_choice(params: Params, name: str, choices: tuple[str, ...], default: str | None = None) -> str:
    """One of ``choices``; ``default`` where absent, and refused where there is none."""
    value = params.get(name) or default
    if value not in choices:
        raise Invalid.field(name, f"{name} must be one of: {', '.join(choices)}.")
    return str(value)


def read_text(params: Params, name: str, *, required: str = "", longest: int = 2000) -> str:
    """Text without surrounding space; ``required`` is the sentence for when it is missing."""
    value = params.get(name)
    text = value.strip() if isinstance(value, str) else ""
    if value is not None and not isinstance(value, str):
        raise Invalid.field(name, f"{name} must be text.")
    if required and not text:
        raise Invalid.field(name, required)
    if len(text) > longest:
        raise Invalid.field(name, f"{name} may have at most {longest} characters.")
    return text


def read_flag(params: Params, name: str) -> bool:
    """A yes or no; forms send "on" or "true"."""
    return params.get(name) in (True, "true", "on", "1", "yes")

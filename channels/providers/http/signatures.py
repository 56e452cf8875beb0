"""Comparing signatures of reports, and reading the forms they come in."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime
from urllib.parse import parse_qsl

from channels.providers.base import ForgedReceipt

WINDOW_SECONDS = 300.0
"""A report whose signature covers its time is believed for so long."""


def must_match(given: str, expected: str | Iterable[str]) -> None:
    """Compare in constant time with every signature that would be right. Raises `ForgedReceipt`."""
    wanted = [expected] if isinstance(expected, str) else list(expected)
    matches = [hmac.compare_digest(given.encode(), right.encode()) for right in wanted]
    if not given or not any(matches):
        raise ForgedReceipt("The signature is missing." if not given else "The signature is wrong.")


def must_be_recent(stamp: str, now: datetime) -> None:
    """Refuse what was signed too long ago (or too far ahead), so that it cannot be played again. Raises `ForgedReceipt`."""
    try:
        age = abs(now.timestamp() - float(stamp))
    except ValueError:
        raise ForgedReceipt("The signature has no time.") from None
    if not age <= WINDOW_SECONDS:
        raise ForgedReceipt("The report is too old.")


def read_form(body: bytes) -> list[tuple[str, str]]:
    """The fields of a posted form. Raises ValueError."""
    return parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=200)


def first_values(form: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Each field once."""
    return dict(reversed(list(form)))

"""Dates and times as attributes hold them: ISO 8601 text; what has no offset is meant in UTC. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime

#: When somebody is due who waits without a limit: a moment that every clock can still show, unlike infinity.
NEVER = datetime(9999, 12, 30, tzinfo=UTC)
NEVER_SQL = "timestamptz '9999-12-30 00:00:00+00'"

#: As in the database (campaigns_moment in the migrations), which reads exactly the same texts.
PATTERN = (
    r"^(?!9999)([1-9]\d{3})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
    r"([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?(Z|[+-](0\d|1[0-4]):[0-5]\d)?)?$"
)
_WRITTEN = re.compile(PATTERN.removesuffix("$"), re.ASCII)


def moment_of(value: object) -> datetime | None:
    """The moment that a value names, None where it is no date. A date is its midnight."""
    if not isinstance(value, str) or not _WRITTEN.fullmatch(value):
        return None
    try:
        found = datetime.fromisoformat(value)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None

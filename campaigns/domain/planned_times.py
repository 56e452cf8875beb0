"""When a planned communication goes out: in the campaign's time windows, by the contact's or the campaign's clocks. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from campaigns.domain.windows import Window, opening, read_window, window_errors

MOST_WINDOWS = 20


@dataclass(frozen=True, slots=True)
class Placed:
    """``due_at`` is when it goes out; ``expires_at`` when it may not go out any more (None: it always may).

    ``passed``: that was so already when it was planned. ``window_ends``: of one that was planned for no certain time, the
    end of the window it is due in; it does not expire, it waits for the next window.
    """

    due_at: datetime
    expires_at: datetime | None = None
    passed: bool = False
    window_ends: datetime | None = None


def windows_errors(given: Any) -> dict[str, str]:
    """Everything wrong with a campaign's ``windows``, by path; {} where all is well."""
    if not isinstance(given, list) or len(given) > MOST_WINDOWS:
        return {"windows": f"windows must be a list of at most {MOST_WINDOWS} windows."}
    errors: dict[str, str] = {}
    for index, item in enumerate(given):
        path = f"windows.{index}"
        if not isinstance(item, dict):
            errors[path] = 'A window must look like {"days": ["mon"], "from": "09:00", "to": "17:00"}.'
            continue
        for unknown in sorted(set(item) - {"days", "from", "to", "timezone"}, key=str)[:1]:
            errors[f"{path}.{unknown}"] = "Unknown key; known are days, from, to and timezone."
        errors |= window_errors(item, path)
    return errors


def read_windows(given: Sequence[Any]) -> list[Window]:
    """The windows that `windows_errors` has let through."""
    return [read_window(item) for item in given]


def placed(
    at: datetime | None,
    until: datetime | None,
    windows: Sequence[Window],
    person_zone: str,
    campaign_zone: str,
    now: datetime,
) -> Placed:
    """Where a communication finds its place.

    It belongs to the window that ``at`` (else ``now``) falls into, or else to the next one; if that is over already, or
    ``until`` has come before it, it has passed.
    """
    begins, ends = next_window(windows, person_zone, campaign_zone, at or now) or (at or now, None)
    due_at = max(begins, now).astimezone(UTC)
    if at is None and until is None:
        return Placed(due_at, window_ends=ends)
    expires_at = min((moment for moment in (ends, until) if moment is not None), default=None)
    return Placed(due_at, expires_at, passed=expires_at is not None and expires_at <= due_at)


def next_window(
    windows: Sequence[Window], person_zone: str, campaign_zone: str, moment: datetime
) -> tuple[datetime, datetime] | None:
    """The first of the windows that is open at ``moment`` or opens after it, from then to its end; None without windows.

    Of those that open together, the one that closes last.
    """
    found = [
        opening(window, _zone(person_zone, campaign_zone) if window.by_person else campaign_zone, moment)
        for window in windows
    ]
    return min(found, key=lambda span: (span[0], -span[1].timestamp())) if found else None


def _zone(name: str, otherwise: str) -> str:
    try:
        return ZoneInfo(name or otherwise).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return otherwise

"""Small parts that every page uses: icons, times, status tags, counts, shares."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from math import inf
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from config.console.paging import count_words

register = template.Library()

#: Seconds, unit, and from how many on the next unit says it: “in 1 day” would be anything from a day to nearly two.
_STEPS = ((60, "minute", 120), (3_600, "hour", 48), (86_400, "day", inf))


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """A Tabler icon of the sprite; without a label it is decoration that a screen reader passes over."""
    return _drawn(static_address("vendor/tabler/icons.svg"), name, label)


@lru_cache(maxsize=2)
def static_address(path: str) -> str:
    """Where a file of ours is served: the same for as long as this process lives, and asked for by every icon."""
    return static(path)


@lru_cache(maxsize=1024)
def _drawn(address: str, name: str, label: str) -> SafeString:
    if label:
        return format_html(
            '<svg class="icon" role="img" aria-label="{}"><use href="{}#{}"></use></svg>',
            label,
            address,
            name,
        )
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>', address, name)


def relative_words(value: datetime, now: datetime) -> str:
    """in 47 hours, 2 days ago, just now: the nearest, in a unit only from two of it on. menus.js says the same."""
    seconds = (value - now).total_seconds()
    for size, word, most in _STEPS:
        number = int(abs(seconds) / size + 0.5)
        if not number:
            break
        if number < most:
            words = f"{number} {word}{'' if number == 1 else 's'}"
            return f"in {words}" if seconds > 0 else f"{words} ago"
    return "in a moment" if seconds > 0 else "just now"


def zone_of(name: str | None) -> zoneinfo.ZoneInfo:
    """The zone of this name; UTC for one that is missing or unknown."""
    try:
        return zoneinfo.ZoneInfo(name or "UTC")
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo("UTC")


def absolute_words(value: datetime, zone_name: str | None, now: datetime) -> str:
    """14 Mar, 09:00 CET; the year only where it is not this one."""
    local = value.astimezone(zone_of(zone_name))
    year = "" if local.year == now.astimezone(local.tzinfo).year else f" {local.year}"
    abbreviation = local.tzname() or ""
    shown = abbreviation if abbreviation.isalpha() else (zone_name or "UTC")
    return f"{local.day} {local:%b}{year}, {local:%H:%M} {shown}"


@register.simple_tag
def moment(value: datetime | None, zone_name: str | None = "", style: str = "absolute") -> SafeString:
    """A time in a named zone; hover shows the zone's full name, how long to it, and the viewer's own time.

    ``style`` is ``absolute``, ``relative`` or ``both``.
    """
    if not value:
        return format_html('<span class="quiet">{}</span>', "–")
    now = timezone.now()
    zone_name = zone_name or "UTC"
    absolute = absolute_words(value, zone_name, now)
    relative = relative_words(value, now)
    text = {"absolute": absolute, "relative": relative, "both": f"{absolute} · {relative}"}[style]
    stamp = value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    extra = f"{absolute}\n" if style == "relative" else ""
    return format_html(
        '<time class="nowrap" datetime="{}" data-time="{}" data-zone="{}" data-explain="{}">{}</time>',
        stamp,
        stamp,
        zone_name,
        extra.strip(),
        text,
    )


@register.filter
def count(number: int | None) -> str:
    """1,204, or 10,000+ for a capped count."""
    return count_words(number or 0)


@register.filter
def badge(number: int) -> str:
    """7, or 99+ where there are more: the number on a bell."""
    return f"{number}" if number < 100 else "99+"


@register.filter
def number(value: float | None) -> str:
    """1,204,331: an exact count with separators."""
    return f"{value or 0:,.0f}"


@register.filter
def share(part: int | None, whole: int | None) -> str:
    """37.5 %, one decimal below 10 %; empty where there is no whole."""
    if not whole:
        return ""
    percent = 100 * (part or 0) / whole
    return f"{percent:.1f} %" if 0 < percent < 10 else f"{percent:.0f} %"


@register.filter
def initials(name: Any) -> str:
    """AB of "Alice Brown" or of alice.brown@example.org."""
    words = [word for word in str(name).split("@")[0].replace(".", " ").replace("_", " ").split() if word]
    return "".join(word[0] for word in words[:2]).upper() or "?"


@register.inclusion_tag("components/status_tag.html")
def status_tag(
    look: Any, message: str = "", since: datetime | None = None, zone: str = "", key: str = ""
) -> dict:
    """An icon, a word and a colour; why it is so, and since when, on hover and on keyboard focus."""
    lines = [look.meaning]
    if message and message != look.meaning:
        lines.insert(0, message)
    if since:
        lines.append(f"Since {absolute_words(since, zone, timezone.now())}.")
    return {"look": look, "explanation": "\n".join(line for line in lines if line), "key": key}


@register.filter
def item(mapping: Any, key: Any) -> Any:
    """``mapping[key]``, or None."""
    return mapping.get(key) if hasattr(mapping, "get") else None


@register.simple_tag
def schedule_words(campaign: Any) -> str:
    """Both times of the `scheduled` label: Starts 14 Mar, 09:00 CET. Stops 20 Mar, 18:00 CET."""
    now = timezone.now()
    times = (("Starts", campaign.starts_at), ("Stops", campaign.stops_at))
    return " ".join(
        f"{word} {absolute_words(time, campaign.timezone, now)} ({relative_words(time, now)})."
        for word, time in times
        if time
    )


_ITEM = '<a class="menu-item{}" role="menuitem" tabindex="-1" href="{}"{}>{}</a>'
_OFF = (
    '<span class="menu-item" role="menuitem" tabindex="-1" aria-disabled="true">'
    '<span>{}<span class="menu-reason">{}</span></span></span>'
)


@register.simple_tag
def menu_items(actions: Iterable[Any]) -> SafeString:
    """The entries of an actions dropdown. Not a template: a list of thirty rows has two hundred of them."""
    drawn = [
        format_html(
            _ITEM, " is-danger" if row.danger else "", row.url, _DIALOG if row.dialog else "", row.label
        )
        if row.enabled
        else format_html(_OFF, row.label, row.reason)
        for row in actions
    ]
    return format_html_join("", "{}", ((entry,) for entry in drawn or [_NOTHING]))


_DIALOG = SafeString(" data-dialog")
_NOTHING = format_html(
    '<span class="menu-item" role="menuitem" tabindex="-1" aria-disabled="true">{}</span>',
    "Nothing can be done here",
)

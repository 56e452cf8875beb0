"""The sidebar, as data. A page that an installation does not have is left out."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the sidebar."""

    label: str
    icon: str
    url_name: str
    staff_only: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry as the template draws it."""

    label: str
    icon: str
    url: str
    is_current: bool
    url_name: str = ""


PLACES: tuple[tuple[str, tuple[Place, ...]], ...] = (
    (
        "",
        (
            Place("Campaigns", "speakerphone", "campaigns:list"),
            Place("Calendar", "calendar-event", "calendar:calendar"),
            Place("Approvals", "clipboard-check", "approvals:inbox"),
            Place("Drafts", "file-text", "drafts:list"),
        ),
    ),
    (
        "Audience",
        (
            Place("People", "users", "people:list"),
            Place("Objects", "building", "objects:list"),
            Place("Segments", "users-group", "segments:list"),
        ),
    ),
    (
        "Set-up",
        (
            Place("Channels", "plug-connected", "connections:list"),
            Place("Labels", "tags", "labels:list"),
            Place("Topics", "tags", "topics:list"),
            Place("Approval policy", "settings", "settings:policy"),
            Place("Lifecycles", "git-branch", "help:lifecycles"),
            Place("Admin", "shield-check", "admin:index", staff_only=True),
        ),
    ),
)


def _shown(place: Place, request: HttpRequest) -> Shown | None:
    if place.staff_only and not request.user.is_staff:
        return None
    try:
        url = reverse(place.url_name)
    except NoReverseMatch:
        return None
    return Shown(place.label, place.icon, url, request.path.startswith(url), place.url_name)


def navigation(request: HttpRequest) -> list[tuple[str, list[Shown]]]:
    """The groups of the sidebar with the entries that this person can open."""
    groups = []
    for title, places in PLACES:
        shown = [entry for place in places if (entry := _shown(place, request))]
        if shown:
            groups.append((title, shown))
    return groups

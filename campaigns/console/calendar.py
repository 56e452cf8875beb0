"""/calendar/: a month, a week, a day or an agenda of starts, stops and runs; its state is in the URL, as a list's is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.views.generic import TemplateView

from campaigns.console.filters import CampaignFilters
from campaigns.console.lists import without
from campaigns.domain import states as s
from campaigns.models import Campaign, Membership, Run
from campaigns.services import calendar
from campaigns.services.calendar import MESSAGE, RUN, START, STARTED, STOP, Day, Entry, Span
from config.console.access import MemberPage
from config.console.templatetags.console import absolute_words

VIEWS = (("month", "Month"), ("week", "Week"), ("agenda", "Agenda"))
#: Entries of a day before “+ 12 more”, and days of an agenda.
MOST = {"month": 4, "week": 25, "agenda": 25, "day": 500}
AGENDA_DAYS = 30
#: word and icon by what happens and, of a run, its status.
_LOOKS = {
    (START, ""): ("Starts", "player-play"),
    (STOP, ""): ("Stops", "player-stop"),
    (STARTED, ""): ("Started", "flag"),
    (MESSAGE, ""): ("Message", "message"),
    (RUN, ""): ("Later run", "repeat"),
    (RUN, Run.PLANNED): ("Run", "repeat"),
    (RUN, Run.RUNNING): ("Running", "player-play"),
    (RUN, Run.COMPLETED): ("Ran", "circle-check"),
    (RUN, Run.SKIPPED): ("Skipped", "circle-x"),
    (RUN, Run.LATE): ("Missed", "alert-triangle"),
}
_TENTATIVE = {
    s.PENDING_APPROVAL: "waits for approval",
    s.REJECTED: "sent back",
    s.DRAFT: "only planned: not scheduled yet",
    s.CONFIGURED: "only planned: not scheduled yet",
    s.STOPPED: "starts again",
}


@dataclass(frozen=True, slots=True)
class Item:
    """An entry as the page draws it."""

    entry: Entry
    campaign: Campaign
    clock: str
    word: str
    icon: str
    look: str
    """The end of its CSS class."""
    explanation: str
    mark: str
    """Why it is not sure to happen; "" where it is."""
    url: str
    move_url: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A day as the page draws it."""

    day: Day
    items: list[Item]
    is_today: bool
    is_outside: bool
    url: str


class Calendar(MemberPage, TemplateView):
    """What happens when. The filters are those of the campaign list."""

    template_name = "campaigns/calendar.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        data, now = self.request.GET, timezone.now()
        zone_name = self.workspace.timezone
        zone = ZoneInfo(zone_name)
        today = now.astimezone(zone).date()
        view = data.get("view", "")
        view = view if view in MOST else "month"
        on, problem = _day(data.get("on", ""), today)
        filterset = CampaignFilters(
            data, queryset=Campaign.objects.visible_to(self.membership), request=self.request
        )
        first, days = _extent(view, on)
        found = calendar.span(filterset.qs, first, days, zone_name, now, MOST[view])
        cells = _cells(found, self.membership, view, on, today, now, data)
        return super().get_context_data(
            view=view, views=_views(data, view, on), on=on, title=_title(view, on, first, days), cells=cells,
            weeks=[cells[i : i + 7] for i in range(0, len(cells), 7)] if view in ("month", "week") else [],
            is_empty=not found.campaign_ids, is_cut=found.is_cut, zone=zone_name,
            offset=now.astimezone(zone).strftime("%z"), problem=problem, problems=filterset.typed.problems,
            form_errors=filterset.form.errors if filterset.is_bound else {},
            previous=_link(data, on=_step(view, on, -1)), next=_link(data, on=_step(view, on, 1)),
            today_url=_link(data, on=today), is_filtered=any(data.getlist(name) for name in filterset.filters),
            filter_count=sum(len(data.getlist(name)) for name in filterset.filters if name not in ("q", "quick")),
            clear_url=f"?{urlencode({'view': view, 'on': on})}", **kwargs,
        )  # fmt: skip


def _day(text: str, today: date) -> tuple[date, str]:
    """The day of the address, and what is wrong with it."""
    if not text:
        return today, ""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return today, f"“{text[:20]}” is not a day; this is today. Write it like 2027-03-14."
    if not 1990 <= day.year <= 2200:
        return today, "The calendar goes from 1990 to 2200; this is today."
    return day, ""


def _extent(view: str, on: date) -> tuple[date, int]:
    """The first day shown and how many there are."""
    if view == "month":
        first = on.replace(day=1)
        start = first - timedelta(days=first.weekday())
        after = (first + timedelta(days=32)).replace(day=1)
        return start, -(-(after - start).days // 7) * 7
    if view == "week":
        return on - timedelta(days=on.weekday()), 7
    return on, AGENDA_DAYS if view == "agenda" else 1


def _step(view: str, on: date, way: int) -> date:
    """The same view further on, or back."""
    if view == "month":
        edge = on.replace(day=1) + (timedelta(days=32) if way > 0 else -timedelta(days=1))
        return edge.replace(day=1)
    return on + way * timedelta(days={"week": 7, "agenda": AGENDA_DAYS, "day": 1}[view])


def _title(view: str, on: date, first: date, days: int) -> str:
    if view == "month":
        return f"{on:%B %Y}"
    if view == "day":
        return f"{on:%A}, {on.day} {on:%B %Y}"
    last = first + timedelta(days=days - 1)
    year = "" if first.year == last.year else f" {first.year}"
    return f"{first.day} {first:%b}{year} – {last.day} {last:%b} {last.year}"


def _link(data: QueryDict, **changes: Any) -> str:
    return f"?{without(data, **{name: str(value) for name, value in changes.items()})}"


def _views(data: QueryDict, view: str, on: date) -> list[dict[str, Any]]:
    return [
        {"label": label, "url": _link(data, view=key, on=on), "is_current": key == view}
        for key, label in VIEWS
    ]


def _cells(
    found: Span, membership: Membership, view: str, on: date, today: date, now: datetime, data: QueryDict
) -> list[Cell]:
    """The days with their entries; their campaigns in one query."""
    visible = Campaign.objects.visible_to(membership).filter(pk__in=found.campaign_ids)
    fields = ("name", "kind", "status", "status_reason", "timezone", "workspace_id", "delivery")
    campaigns = visible.only(*fields).in_bulk() if found.campaign_ids else {}
    zone, here = ZoneInfo(membership.workspace.timezone), data.urlencode()
    cells = []
    for day in found.days:
        items = [
            _item(entry, campaigns[entry.campaign_id], zone, now, here)
            for entry in day.entries
            if entry.campaign_id in campaigns
        ]
        if view == "agenda" and not items and not day.clocks:
            continue
        outside = view == "month" and day.date.month != on.month
        url = _link(data, view="day", on=day.date)
        cells.append(Cell(day, items, day.date == today, outside, url))
    return cells


def _item(entry: Entry, campaign: Campaign, zone: ZoneInfo, now: datetime, here: str) -> Item:
    word, icon = _LOOKS.get((entry.what, entry.status), _LOOKS[RUN, ""])
    is_over = entry.what == STARTED or entry.status not in ("", Run.PLANNED, Run.LATE)
    mark = "" if is_over or entry.what == STOP else _TENTATIVE.get(campaign.status, "")
    lines = [
        f"{word}: {absolute_words(entry.at, campaign.timezone, now)}",
        f"{campaign.lifecycle.title}: {campaign.look.label}",
        entry.note,
        mark.capitalize(),
    ]
    query = urlencode({"what": entry.what, "at": entry.at.isoformat(), "calendar": here})
    move = "" if is_over else f"{reverse('calendar:move', args=[campaign.pk])}?{query}"
    look = "over" if is_over else "tentative" if mark and campaign.status != s.STOPPED else entry.what
    return Item(
        entry, campaign, f"{entry.at.astimezone(zone):%H:%M}", word, icon,
        "skipped" if entry.status in (Run.SKIPPED, Run.LATE) else look,
        "\n".join(line for line in lines if line), mark,
        reverse("campaigns:detail", args=[campaign.pk]), move,
    )  # fmt: skip

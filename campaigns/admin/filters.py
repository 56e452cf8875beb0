"""The filters of the campaign changelist; each narrows by an index, and none counts anything."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import Exists, Max, Min, OuterRef, QuerySet
from django.http import HttpRequest

from campaigns.domain import states as s
from campaigns.domain.deliveries import LABELS
from campaigns.domain.lifecycles import BY_KIND, KIND_CHOICES
from campaigns.domain.schedule import from_wall_clock
from campaigns.models import Campaign, Label, Membership
from channels.domain.kinds import available_kinds
from channels.domain.variants import TYPES
from channels.models import Channel
from config.console.admin_lists import ChoiceFilter, chosen_workspace, visible_workspaces
from config.console.templatetags.console import zone_of


def status_words() -> list[tuple[str, str]]:
    """Every status with the words that the kinds use for it: “Running / Active”."""
    looks = {
        status: dict.fromkeys(kind.looks[status].label for kind in BY_KIND.values() if status in kind.looks)
        for status in s.ALL
    }
    return [(status, " / ".join(words)) for status, words in looks.items() if words]


class StatusFilter(ChoiceFilter):
    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return status_words()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(status=self.value()) if self.value() else queryset


class KindFilter(ChoiceFilter):
    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return KIND_CHOICES

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


class ChannelFilter(ChoiceFilter):
    title = "channel"
    parameter_name = "channel"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind.key, kind.label) for kind in available_kinds()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.value():
            return queryset
        return queryset.filter(Exists(Channel.objects.filter(campaign=OuterRef("pk"), kind=self.value())))


class TypeFilter(ChoiceFilter):
    title = "type of content"
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(TYPES)

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[Any]:
        return queryset.with_content([self.value()]) if self.value() else queryset


class DeliveryFilter(ChoiceFilter):
    title = "delivery"
    parameter_name = "delivery"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(LABELS.items())

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[Any]:
        return queryset.delivered_by([self.value()]) if self.value() else queryset


class LabelFilter(ChoiceFilter):
    title = "label"
    parameter_name = "label"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        found = Label.objects.filter(workspace_id=chosen_workspace(request)).values_list("pk", "name")
        return [(str(pk), name) for pk, name in found]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.value():
            return queryset
        through = Campaign.labels.through.objects
        return queryset.filter(Exists(through.filter(campaign=OuterRef("pk"), label_id=number(self.value()))))


class OwnerFilter(ChoiceFilter):
    title = "owner"
    parameter_name = "owner"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        members = Membership.objects.filter(workspace_id=chosen_workspace(request)).select_related("user")
        return [(str(member.user_id), str(member.user)) for member in members.order_by("user__email")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(created_by=number(self.value())) if self.value() else queryset


def number(text: str | None) -> int:
    """The id in an address; a list with a bad one shows itself without filters."""
    if not text or not text.isdecimal() or len(text) > 18:
        raise IncorrectLookupParameters
    return int(text)


class Period:
    """A year, a month or a day: “2027”, “2027-03” or “2027-03-14”."""

    def __init__(self, text: str) -> None:
        try:
            parts = [int(part) for part in text.split("-")]
            self.first = date(*[*parts, 1, 1][:3])
            self.depth = len(parts)
            if not 1 <= self.depth <= 3 or not 1900 < self.first.year < 9000:
                raise ValueError(text)
        except (ValueError, TypeError) as error:
            raise IncorrectLookupParameters from error

    @property
    def after(self) -> date:
        """The first day that does not belong to it."""
        if self.depth == 1:
            return self.first.replace(year=self.first.year + 1)
        if self.depth == 2:
            days = calendar.monthrange(self.first.year, self.first.month)[1]
            return self.first + timedelta(days=days)
        return self.first + timedelta(days=1)

    @property
    def words(self) -> str:
        patterns = {1: "%Y", 2: "%B %Y", 3: "%d %B %Y"}
        return self.first.strftime(patterns[self.depth])

    @property
    def text(self) -> str:
        return self.first.isoformat()[: {1: 4, 2: 7, 3: 10}[self.depth]]

    def parents(self) -> list[Period]:
        """The year of a month, the year and month of a day."""
        return [Period(self.text[:length]) for length in (4, 7)[: self.depth - 1]]

    def children(self, first: date, last: date) -> list[Period]:
        """The months of a year, the days of a month, as far as anything may lie in them."""
        if self.depth == 3:
            return []
        size = 12 if self.depth == 1 else (self.after - self.first).days
        found = [Period(f"{self.text}-{number:02d}") for number in range(1, size + 1)]
        return [period for period in found if period.after > first and period.first <= last]


class CreatedFilter(admin.ListFilter):
    """A drill-down by date of creation: years, then months, then days, always a range of the index.

    Django's own ``date_hierarchy`` asks for every distinct date; this one asks for the first and the last.
    """

    title = "date of creation"
    parameter_name = "created"
    template = "admin/filter.html"

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        given = params.pop(self.parameter_name, [""])[-1]
        self.period = Period(given) if given else None
        workspace_id = chosen_workspace(request)
        names = {pk: zone for pk, _, zone in visible_workspaces(request)}
        self.zone = names.get(workspace_id, "UTC")
        here = Campaign.objects.filter(workspace_id=workspace_id, deleted_at__isnull=True)
        self.first, self.last = here.aggregate(first=Min("created_at"), last=Max("created_at")).values()

    def expected_parameters(self) -> list[str]:
        return [self.parameter_name]

    def has_output(self) -> bool:
        return self.first is not None

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.period is None:
            return queryset
        first, after = self._moment(self.period.first), self._moment(self.period.after)
        return queryset.filter(created_at__gte=first, created_at__lt=after)

    def _moment(self, day: date) -> datetime:
        return from_wall_clock(datetime.combine(day, time()), self.zone)

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        yield self._choice(changelist, None, self.period is None)
        first, last = (moment.astimezone(zone_of(self.zone)).date() for moment in (self.first, self.last))
        if self.period is None:
            shown = [Period(str(year)) for year in range(last.year, first.year - 1, -1)]
        else:
            shown = [*self.period.parents(), self.period, *self.period.children(first, last)]
        for period in shown:
            chosen = self.period is not None and period.text == self.period.text
            yield self._choice(changelist, period, chosen)

    def _choice(self, changelist: Any, period: Period | None, chosen: bool) -> dict[str, Any]:
        value = period.text if period else None
        return {
            "selected": chosen,
            "query_string": changelist.get_query_string({self.parameter_name: value}),
            "display": period.words if period else "Any date",
        }

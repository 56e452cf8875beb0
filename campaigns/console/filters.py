"""The filters of the campaign list (django-filter): several values each, all of them in the URL."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import django_filters
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.forms import CheckboxSelectMultiple
from django.utils import timezone
from django.utils.functional import cached_property

from approvals.models import Request
from campaigns.console.search import Search, parse
from campaigns.domain import states as s
from campaigns.domain.deliveries import LABELS
from campaigns.domain.lifecycles import BY_KIND, KIND_CHOICES
from campaigns.models import Campaign, Label, User
from channels.domain.kinds import available_kinds
from channels.domain.variants import TYPES
from channels.models import Channel

QUICK = [
    ("running", "Running"),
    ("today", "Scheduled today"),
    ("waiting", "Waiting for me"),
    ("errors", "With errors"),
    ("mine", "Mine"),
    ("scheduled", "Scheduled"),
]


def status_words() -> list[tuple[str, str]]:
    """Every status with the words that the kinds use for it: “Running / Active”."""
    words = []
    for status in s.ALL:
        labels = dict.fromkeys(kind.looks[status].label for kind in BY_KIND.values() if status in kind.looks)
        if labels:
            words.append((status, " / ".join(labels)))
    return words


def _many(choices: list[tuple[str, str]], label: str, **more: Any) -> django_filters.MultipleChoiceFilter:
    # No filter joins a table with several rows for a campaign, so DISTINCT would only sort the whole table.
    return django_filters.MultipleChoiceFilter(
        choices=choices, label=label, widget=CheckboxSelectMultiple, distinct=False, **more
    )


def _of_workspace(model: type, **lookup: str) -> Any:
    """The choices of the member's own workspace; read only when they are needed."""

    def found(request: Any) -> QuerySet[Any]:
        workspace_id = request.membership.workspace_id
        return model._default_manager.filter(**dict.fromkeys(lookup.values(), workspace_id))

    return found


class CampaignFilters(django_filters.FilterSet):
    """Narrow a queryset of campaigns that the member may see."""

    quick = _many(QUICK, "Quick filters", method="filter_quick")
    status = _many(status_words(), "Status")
    kind = _many(KIND_CHOICES, "Kind")
    channel = _many([(k.key, k.label) for k in available_kinds()], "Channel", method="filter_channel")
    type = _many(list(TYPES), "Type", method="filter_type")
    delivery = _many(list(LABELS.items()), "Delivery", method="filter_delivery")
    label = django_filters.ModelMultipleChoiceFilter(
        queryset=_of_workspace(Label, by="workspace_id"),
        label="Label",
        widget=CheckboxSelectMultiple,
        method="filter_label",
        distinct=False,
    )
    created_by = django_filters.ModelMultipleChoiceFilter(
        queryset=_of_workspace(User, by="memberships__workspace_id"),
        label="Created by",
        widget=CheckboxSelectMultiple,
        distinct=False,
    )
    q = django_filters.CharFilter(label="Search", method="filter_search")

    class Meta:
        model = Campaign
        fields: list[str] = []

    @property
    def typed(self) -> Search:
        """What the search field says."""
        return parse(self.data.get("q", "") if self.data else "")

    def filter_quick(self, queryset: QuerySet[Any], name: str, values: list[str]) -> QuerySet[Any]:
        for value in values:
            queryset = queryset.filter(self._quick(value))
        return queryset

    def _quick(self, value: str) -> Q:
        membership = self.request.membership
        if value == "running":
            return Q(status__in=s.LIVE)
        if value == "mine":
            return Q(created_by=membership.user_id)
        if value == "scheduled":
            planned = Q(starts_at__isnull=False) | Q(stops_at__isnull=False)
            return planned & (Q(kind="journey") | Q(status__in=s.MOVING))
        if value == "today":
            first, last = _today(membership.workspace.timezone)
            times = ("starts_at", "stops_at", "next_run_at")
            return Q.create([Q(**{f"{t}__gte": first, f"{t}__lt": last}) for t in times], connector=Q.OR)
        if value == "errors":
            # Two small indexes, joined by id; an OR over both tables would walk the whole list.
            errored = Campaign.objects.filter(workspace=membership.workspace_id, status=s.ERRORED)
            broken = Channel.objects.filter(status="errored").values("campaign_id")
            return Q(pk__in=errored.filter(deleted_at__isnull=True).values("pk").union(broken, all=True))
        # What the approvals' inbox has for this member, edits of live campaigns among it.
        return Q(pk__in=Request.objects.waiting_for(membership).values("campaign_id"))

    def filter_channel(self, queryset: QuerySet[Any], name: str, values: list[str]) -> QuerySet[Any]:
        if not values:
            return queryset
        return queryset.filter(Exists(Channel.objects.filter(campaign=OuterRef("pk"), kind__in=values)))

    def filter_type(self, queryset: Any, name: str, values: list[str]) -> QuerySet[Any]:
        return queryset.with_content(values)

    def filter_delivery(self, queryset: Any, name: str, values: list[str]) -> QuerySet[Any]:
        return queryset.delivered_by(values)

    def filter_label(self, queryset: QuerySet[Any], name: str, values: Any) -> QuerySet[Any]:
        if not values:
            return queryset
        through = Campaign.labels.through.objects.filter(campaign=OuterRef("pk"), label__in=values)
        return queryset.filter(Exists(through))

    def filter_search(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        typed = parse(value)
        for parameter, values in typed.filters.items():
            queryset = self._typed(queryset, parameter, values)
        if typed.words:
            queryset = queryset.filter(self._names(" ".join(typed.words)))
        return queryset

    def _names(self, words: str) -> Q:
        """The condition of the words that were typed: looked up once for both tabs."""
        if words not in self._found_names:
            visible = Campaign.objects.visible_to(self.request.membership)
            self._found_names[words] = visible.whose_names_have(words)
        return self._found_names[words]

    @cached_property
    def _found_names(self) -> dict[str, Q]:
        return {}

    def _typed(self, queryset: QuerySet[Any], parameter: str, values: list[str]) -> QuerySet[Any]:
        """A filter that was typed: by the word that people see, or by its key."""
        if parameter == "quick":
            return self.filter_quick(queryset, "", values)
        if parameter == "label":
            return queryset.filter(
                Exists(
                    Campaign.labels.through.objects.filter(
                        _any("label__name__iexact", values), campaign=OuterRef("pk")
                    )
                )
            )
        if parameter == "created_by":
            return queryset.filter(
                _any("created_by__email__istartswith", values)
                | _any("created_by__first_name__istartswith", values)
            )
        keys = _keys(dict(self.filters[parameter].extra["choices"]), values)
        if parameter == "channel":
            return self.filter_channel(queryset, "", keys or ["none"])
        if not keys:
            return queryset.none()
        if parameter == "type":
            return self.filter_type(queryset, "", keys)
        if parameter == "delivery":
            return self.filter_delivery(queryset, "", keys)
        return queryset.filter(**{f"{parameter}__in": keys})


def _any(lookup: str, values: list[str]) -> Q:
    return Q.create([Q(**{lookup: value}) for value in values], connector=Q.OR)


def _keys(choices: dict[str, str], values: list[str]) -> list[str]:
    wanted = {value.lower().replace(" ", "_") for value in values}

    def names(key: str, label: str) -> set[str]:
        return {key, *(word.strip().lower().replace(" ", "_") for word in label.split("/"))}

    return [key for key, label in choices.items() if names(key, label) & wanted]


def _today(zone: str) -> tuple[datetime, datetime]:
    first = timezone.now().astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    # A day of the calendar, which daylight saving can make 23 or 25 hours long.
    return first, (first + timedelta(days=1))

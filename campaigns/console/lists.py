"""/campaigns/: the list, its filter panel, and the rows that refresh themselves."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.generic import TemplateView, View

from campaigns.console.filters import QUICK, CampaignFilters
from campaigns.console.rows import shown, with_parts
from campaigns.models import Campaign, Membership
from config.console.access import MemberPage
from config.console.numbers import wholes
from config.console.paging import capped_counts
from config.console.views import ListPage

ORDERS = {"oldest": "Oldest first", "newest": "Newest first"}
ORDER_KEY = "campaign_order"
MOST_LIVE_ROWS = 100
#: The chips above the list, in the order in which they are asked for most.
CHIPS = [quick for quick in QUICK if quick[0] != "scheduled"]


def campaigns_of(membership: Membership, tab: str) -> QuerySet[Any]:
    """The campaigns of one tab."""
    visible = Campaign.objects.visible_to(membership)
    return visible.archived() if tab == "archived" else visible.active()


def without(data: QueryDict, *names: str, **changes: Any) -> str:
    """The query string with some parameters gone and others set; always on the first page."""
    changed = data.copy()
    for name in (*names, "cursor"):
        changed.pop(name, None)
    for name, value in changes.items():
        changed[name] = value
    return changed.urlencode()


class CampaignList(ListPage):
    """The list of campaigns. Its state (tab, filters, search) is in the URL; the order is remembered."""

    template_name = "campaigns/list.html"
    filterset_class = CampaignFilters
    page_size = 30

    @property
    def tab(self) -> str:
        return "archived" if self.request.GET.get("tab") == "archived" else "active"

    @property
    def chosen_order(self) -> str:
        wanted = self.request.GET.get("order")
        if wanted in ORDERS:
            self.request.session[ORDER_KEY] = wanted
        remembered = self.request.session.get(ORDER_KEY)
        return remembered if remembered in ORDERS else "oldest"

    def get_order(self) -> list[str]:
        # Ids are given in the order of creation, and every filter's index ends with them.
        return ["-id"] if self.chosen_order == "newest" else ["id"]

    def rows(self) -> QuerySet[Any]:
        return with_parts(campaigns_of(self.membership, self.tab))

    def decorate(self, rows: list[Any]) -> list[Any]:
        return shown(rows, self.membership)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        filterset = context["filterset"]
        other = "active" if self.tab == "archived" else "archived"
        elsewhere = campaigns_of(self.membership, other)
        if filterset.is_bound and filterset.is_valid():
            elsewhere = filterset.filter_queryset(elsewhere)
        here_count, there_count = capped_counts(self.queryset, elsewhere)
        counts = {self.tab: here_count, other: there_count}
        data = self.request.GET
        return {
            **context,
            "tabs": [
                {"label": name.capitalize(), "count": counts[name], "is_current": name == self.tab,
                 "url": f"?{without(data, tab=name)}"}
                for name in ("active", "archived")
            ],
            "chips": self._chips(data),
            "matching": here_count,
            "live_ids": ",".join(str(row.campaign.pk) for row in context["rows"] if row.is_moving),
            "problems": filterset.typed.problems,
            "order": self.chosen_order,
            "orders": ORDERS,
            "is_filtered": any(data.getlist(name) for name in filterset.filters),
            "filter_count": sum(
                len(data.getlist(name)) for name in filterset.filters if name not in ("q", "quick")
            ),
            "panel_open": "panel" in data,
        }  # fmt: skip

    def _chips(self, data: QueryDict) -> list[dict[str, Any]]:
        chosen = data.getlist("quick")
        chips = []
        for value, label in CHIPS:
            changed = data.copy()
            changed.pop("cursor", None)
            changed.setlist(
                "quick", [v for v in chosen if v != value] if value in chosen else [*chosen, value]
            )
            chips.append({"label": label, "url": f"?{changed.urlencode()}", "is_current": value in chosen})
        return chips


class FilterPanel(MemberPage, TemplateView):
    """The filter panel, fetched when it is opened: its choices cost queries that the list does not need."""

    template_name = "campaigns/filter_panel.html"

    @property
    def action_name(self) -> str:
        """The page that the filters are for: the list, or the calendar."""
        return "calendar:calendar" if self.request.GET.get("for") == "calendar" else "campaigns:list"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        filterset = CampaignFilters(self.request.GET, queryset=Campaign.objects.none(), request=self.request)
        groups = ["status", "kind", "channel", "label", "created_by", "type", "delivery"]
        return super().get_context_data(
            groups=[filterset.form[name] for name in groups], action=reverse(self.action_name), **kwargs
        )


class LiveRows(MemberPage, View):
    """The cells of the rows that still move, as parts that htmx puts into their places."""

    def get(self, request: HttpRequest) -> HttpResponse:
        wanted = wholes(request.GET.get("ids", "").split(","))
        visible = Campaign.objects.visible_to(self.membership).filter(pk__in=wanted[:MOST_LIVE_ROWS])
        rows = shown(list(with_parts(visible)), self.membership)
        live = ",".join(str(row.campaign.pk) for row in rows if row.is_moving)
        return render(request, "campaigns/live_rows.html", {"rows": rows, "live_ids": live})

"""/campaigns/bulk/<action>/: stop or archive many campaigns, with a report per row."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict

from campaigns.console.filters import CampaignFilters
from campaigns.console.lists import campaigns_of
from campaigns.models import Campaign
from campaigns.services.actions import perform
from campaigns.services.actors import Actor
from campaigns.services.errors import ActionError
from campaigns.services.offers import offers
from config.console.numbers import whole, wholes
from config.console.views import BulkActionView

WORDS = {"stop": ("Stop", "stopped"), "archive": ("Archive", "archived")}


class BulkAction(BulkActionView):
    """The bulk bar's actions. ``all=yes`` takes every campaign that the list's query matches, up to ``most``."""

    refusals = (ActionError,)
    confirm_template = "campaigns/bulk_confirm.html"
    report_template = "campaigns/bulk_report.html"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.kwargs["action"] not in WORDS:
            raise Http404
        return super().post(request, *args, **kwargs)

    @property
    def query(self) -> QueryDict:
        return QueryDict(self.request.POST.get("query", ""))

    def chosen(self) -> list[Any]:
        if self.request.POST.get("all") == "yes":
            tab = "archived" if self.query.get("tab") == "archived" else "active"
            matching = CampaignFilters(
                self.query, queryset=campaigns_of(self.membership, tab), request=self.request
            ).qs
        else:
            ids = wholes(self.request.POST.getlist("id"))
            matching = Campaign.objects.visible_to(self.membership).filter(pk__in=ids[: self.most])
        rows = list(matching.select_related("workspace").order_by("id")[: self.most])
        self.offered = offers(rows, self.membership)
        self.has_journeys = any(row.kind == "journey" and row.status == "running" for row in rows)
        return rows

    def reason_against(self, row: Any) -> str:
        action = self.kwargs["action"]
        for offer in self.offered[row.pk]:
            if offer.name == action and not offer.link:
                return offer.reason
        return f"It is {row.look.label}; such a campaign cannot be {WORDS[action][1]}."

    def perform(self, row: Any) -> str:
        seen = self.request.POST.get(f"version-{row.pk}", "")
        params = {"mode": self.request.POST.get("mode") or "exit"} if self.kwargs["action"] == "stop" else {}
        result = perform(
            self.kwargs["action"],
            row.pk,
            Actor.member(self.membership, via="bulk"),
            params=params,
            version=whole(seen),
        )
        return f"It is {result.look.label} now."

    def context(self) -> dict[str, Any]:
        verb, done = WORDS[self.kwargs["action"]]
        return {
            "verb": verb,
            "done_word": done,
            "query": self.query.urlencode(),
            "asks_mode": self.kwargs["action"] == "stop" and self.has_journeys,
        }

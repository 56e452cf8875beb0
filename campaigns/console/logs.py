"""/campaigns/<id>/logs/: the log of a python campaign (seed 002, Show Logs), with its live tail and as a text file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.views.generic import View

from campaigns.console.pages import CampaignPage, OfCampaign
from campaigns.models import StrategyLine, StrategyRun
from campaigns.services.strategy_log import lines_of
from config.console.local_time import local_text
from config.console.paging import keyset_page
from config.console.views import is_fragment

PAGE = 100
LOOKS = {
    StrategyLine.OUTPUT: ("secondary", "code"), StrategyLine.INFO: ("azure", "info-circle"),
    StrategyLine.WARNING: ("yellow", "alert-triangle"), StrategyLine.ERROR: ("red", "alert-circle"),
}  # fmt: skip


class LogsPage(CampaignPage):
    """Newest first; by level and by words. While the campaign runs, the first page shows what is added by itself."""

    template_name = "campaigns/logs.html"
    tab = "Logs"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if is_fragment(request):
            self.template_name = "campaigns/parts/log_lines.html"
        return super().get(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        chosen, words = self.request.GET.get("level", ""), self.request.GET.get("q", "").strip()[:200]
        lines = lines_of(self.campaign.pk, [chosen] if chosen else [], words)
        cursor = self.request.GET.get("cursor", "")
        page = keyset_page(lines, ["-id"], cursor, PAGE)
        run = StrategyRun.objects.filter(campaign_id=self.campaign.pk).order_by("-number").first()
        return super().get_context_data(
            page=page,
            entries=[{"line": line, "look": LOOKS[line.level]} for line in page.rows],
            levels=StrategyLine.LEVELS,
            level=chosen,
            q=words,
            run=run,
            is_live=self.campaign.status == "running" and not cursor,
            **kwargs,
        )


class LogFile(OfCampaign, View):
    """All of it as text, oldest first, in the order of the filters on the page."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> StreamingHttpResponse:
        level, words = request.GET.get("level", ""), request.GET.get("q", "").strip()[:200]
        lines = lines_of(self.campaign.pk, [level] if level else [], words).order_by("id")
        response = StreamingHttpResponse(
            (_as_text(line, self.campaign.timezone) for line in _in_parts(lines)),
            content_type="text/plain; charset=utf-8",
        )
        day = timezone.now().date().isoformat()
        response["Content-Disposition"] = f'attachment; filename="campaign-{self.campaign.pk}-{day}.log"'
        return response


def _in_parts(lines: Any) -> Iterator[StrategyLine]:
    """By key, so that memory stays flat and the order needs no sort."""
    after = 0
    while part := list(lines.filter(pk__gt=after)[:1_000]):
        yield from part
        after = part[-1].pk


def _as_text(line: StrategyLine, zone: str) -> str:
    who = f" [{line.person.external_id}]" if line.person else ""
    at = local_text(line.at, zone)
    return f"{at} {zone} run {line.run} {line.level.upper()}{who} {line.text}\n"

"""/campaigns/<id>/analytics/: for each kind of campaign its own page; a kind without one has no such tab."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.views.generic import View

from campaigns.console.channel_outcomes import ChannelOutcomes
from campaigns.console.contacts import StagesPage
from campaigns.console.pages import CampaignPage, OfCampaign
from campaigns.console.workflow_outcomes import WorkflowOutcomes
from campaigns.domain.programs import BY_STEPS

#: The page of each kind; ``pages.ANALYSED`` names the kinds that have the tab.
PAGES: dict[str, type[CampaignPage]] = {
    **dict.fromkeys(("outreach", "sms", "voice", "message"), ChannelOutcomes),
    **dict.fromkeys(BY_STEPS, WorkflowOutcomes),
    "python": StagesPage,
}


class Analytics(OfCampaign, View):
    """Hands the request to the page of the campaign's kind."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        page = PAGES.get(self.campaign.kind)
        if page is None:
            raise Http404
        return page.as_view()(request, *args, **kwargs)

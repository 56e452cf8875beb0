"""/approvals/<id>/: one request for approval, on the review page of its campaign until it has a page of its own."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.generic import View

from approvals.models import Request
from config.console.access import MemberPage


class RequestPage(MemberPage, View):
    """To the campaign that is to be approved."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        found = get_object_or_404(Request.objects.visible_to(self.membership), pk=kwargs["pk"])
        return HttpResponseRedirect(reverse("campaigns:review", args=[found.campaign_id]))

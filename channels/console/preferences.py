"""/preferences/<token>/: what a person wants to get. GET shows, POST acts; the signed link is the permission."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import View

from channels.services.preferences import choose, preferences_of


@method_decorator([csrf_exempt, never_cache], name="dispatch")
class Preferences(View):
    """Kinds of channel and topics, each with a tick."""

    http_method_names = ["get", "head", "post"]

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        found = preferences_of(token)
        if found is None:
            raise Http404
        return render(request, "channels/preferences.html", {"found": found})

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        wanted = set() if request.POST.get("none") else set(request.POST.getlist("want"))
        found = choose(token, wanted, timezone.now())
        if found is None:
            raise Http404
        return render(request, "channels/preferences.html", {"found": found, "saved": True})

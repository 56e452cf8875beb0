"""/unsubscribe/<token>/: GET shows, POST acts (RFC 8058). Anybody with the link may open it; nobody has to log in."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import View

from channels.services.suppression import look_up, unsubscribe


# Mail programs post to it in one click, from elsewhere and without a cookie: the signed token is the permission.
@method_decorator([csrf_exempt, never_cache], name="dispatch")
class Unsubscribe(View):
    """Mail programs open links by themselves, so that only a POST may change anything."""

    http_method_names = ["get", "head", "post"]

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        found = look_up(token)
        if found is None:
            raise Http404
        return render(request, "channels/unsubscribe.html", {"found": found, "token": token})

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        found = unsubscribe(token)
        if found is None:
            raise Http404
        return render(request, "channels/unsubscribe.html", {"found": found, "token": token})

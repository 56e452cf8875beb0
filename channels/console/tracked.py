"""/t/<token>/: the pixel of an e-mail, and its links."""

from __future__ import annotations

from base64 import b64decode

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic import View

from channels.services.tracking import visit

_PIXEL = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


@method_decorator(never_cache, name="dispatch")
class Tracked(View):
    """Counts and answers; HEAD only answers."""

    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        found = visit(token, headers, timezone.now(), counts=request.method == "GET")
        if found is None:
            raise Http404
        if not found.url:
            return HttpResponse(_PIXEL, content_type="image/gif")
        answer = HttpResponseRedirect(found.url)
        answer["Referrer-Policy"] = "no-referrer"
        return answer

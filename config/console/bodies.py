"""Bodies of requests and who may keep the answers: what is too large is said so, and pages of members stay theirs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import defaults

_PIECE = 64 * 1024
#: Of a body that is refused so much is read and thrown away; whoever sends more finds the line cut.
MOST_DISCARDED = 100 * 1024 * 1024

Answer = Callable[[HttpRequest], HttpResponse]


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The page for requests that cannot be read: 413 where there is only too much of it, else 400."""
    if isinstance(exception, RequestDataTooBig):
        return render(request, "413.html", status=413)
    return defaults.bad_request(request, exception)


class RefusedBodyMiddleware:
    """Reads what a refused request still sends.

    A server that answers and hangs up in the middle of a body resets the connection, and the client is told of a broken
    pipe instead of the reason.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code >= 400 and request.META.get("CONTENT_LENGTH"):
            _discard(request)
        return response


def _discard(request: HttpRequest) -> None:
    left = MOST_DISCARDED
    # The client may have gone, or the body may have been read in a way that leaves nothing to read again.
    with suppress(Exception):
        while left > 0 and (piece := request.read(_PIECE)):
            left -= len(piece)


class PrivateAnswersMiddleware:
    """Nothing that was made for somebody who is logged in, or who has a key, is kept by browsers or proxies."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not response.has_header("Cache-Control") and _is_somebody(request):
            response["Cache-Control"] = "private, no-store"
        return response


def _is_somebody(request: HttpRequest) -> bool:
    # The cookie first: without one nobody has to be looked up.
    return bool("HTTP_AUTHORIZATION" in request.META or (request.COOKIES and request.user.is_authenticated))

"""/displayed/<key>/: the public API of the snippet. Any page may call it; the signature says for whom it may speak."""

from __future__ import annotations

import json
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import View

from channels.services.devices import register_device
from channels.services.displayed import Viewer, messages_for, report, viewer_of
from channels.services.errors import ChannelError

MOST_BYTES = 64 * 1024
#: Calls of one person in a minute, counted by each process for itself.
MOST_CALLS = 240


# No cookie is read or set: what a call may see is in its body alone.
@method_decorator([csrf_exempt, never_cache], name="dispatch")
class Displayed(View):
    """A call: JSON in, JSON out, from any origin."""

    http_method_names = ["post", "options"]

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return _open(HttpResponse(status=204))

    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        try:
            return _open(JsonResponse(self.answer(*_read(request, key))))
        except ChannelError as problem:
            shape = {"code": problem.code, "message": problem.message, "fields": problem.fields}
            return _open(JsonResponse({"error": shape}, status=problem.status))

    def answer(self, viewer: Viewer, body: dict[str, Any]) -> dict[str, Any]:
        """What this call is for."""
        raise NotImplementedError


class Messages(Displayed):
    """``{"person", "signature"}`` → ``{"messages": [{"id", "kind", "title", "body", "slot", "created_at", "opened"}]}``."""

    def answer(self, viewer: Viewer, body: dict[str, Any]) -> dict[str, Any]:
        return {"messages": messages_for(viewer)}


class Events(Displayed):
    """``{"person", "signature", "events": [{"id", "kind": "opened" | "clicked"}]}`` → ``{"taken": [id]}``."""

    def answer(self, viewer: Viewer, body: dict[str, Any]) -> dict[str, Any]:
        return {"taken": report(viewer, body.get("events"), timezone.now())}


class Devices(Displayed):
    """``{"person", "signature", "device": {"kind", "token", "keys"}}`` → ``{"device": id}``: push reaches it from now on."""

    def answer(self, viewer: Viewer, body: dict[str, Any]) -> dict[str, Any]:
        if viewer.person_id is None:
            raise _Refused(404, "not_found", "This person is not known here yet.")
        given = body.get("device")
        device = given if isinstance(given, dict) else {}
        kind, token, keys = (device.get(name) for name in ("kind", "token", "keys"))
        found, _ = register_device(viewer.workspace_id, viewer.person_id, kind, token, keys, timezone.now())
        return {"device": found.pk}


class _Refused(ChannelError):
    """A call that is not even read."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


def _read(request: HttpRequest, key: str) -> tuple[Viewer, dict[str, Any]]:
    try:
        raw = request.read(MOST_BYTES + 1)
    except (UnreadablePostError, OSError):
        raise _Refused(400, "bad_request", "The body ended too early.") from None
    if len(raw) > MOST_BYTES:
        raise _Refused(413, "too_large", f"At most {MOST_BYTES} bytes in one call.")
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise _Refused(400, "malformed_json", "Send JSON in UTF-8.") from None
    if not isinstance(body, dict):
        raise _Refused(400, "malformed_json", "Send an object.")
    viewer = viewer_of(key, body.get("person"), body.get("signature"))
    _slow_down(viewer)
    return viewer, body


def _slow_down(viewer: Viewer) -> None:
    name = f"displayed:{viewer.workspace_id}:{viewer.person_id}:{int(timezone.now().timestamp() // 60)}"
    cache.add(name, 0, timeout=120)
    try:
        calls = cache.incr(name)
    except ValueError:  # the cache was full and dropped it
        return
    if calls > MOST_CALLS:
        raise _Refused(429, "rate_limited", "Too many calls for this person; wait a minute.")


def _open(answer: HttpResponse) -> HttpResponse:
    """Any page may read the answer."""
    answer["Access-Control-Allow-Origin"] = "*"
    answer["Access-Control-Allow-Methods"] = "POST, OPTIONS"
    answer["Access-Control-Allow-Headers"] = "Content-Type"
    answer["Access-Control-Max-Age"] = "86400"
    return answer

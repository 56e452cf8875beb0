"""/hooks/<token>/: where providers report what became of messages."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import View

from channels.services.errors import ChannelError
from channels.services.receipts import MOST_BYTES, receive


# A provider has no cookie: its signature over the body is the permission.
@method_decorator([csrf_exempt, never_cache], name="dispatch")
class Hook(View):
    """Verify, store, answer: what is reported is applied afterwards."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        try:
            # One byte more than allowed tells a body that is too large, whatever its header says.
            body = request.read(MOST_BYTES + 1)
        except (UnreadablePostError, OSError):
            return _problem(400, "bad_request", "The body ended too early.")
        if len(body) > MOST_BYTES:
            return _problem(413, "too_large", f"At most {MOST_BYTES} bytes in one call.")
        headers = {name.lower(): value for name, value in request.headers.items()}
        url = f"{settings.SITE_URL}{request.get_full_path()}"
        try:
            new = receive(token, headers, body, url, timezone.now())
        except ChannelError as problem:
            return _problem(problem.status, problem.code, problem.message)
        return JsonResponse({"received": new})


def _problem(status: int, code: str, message: str) -> HttpResponse:
    return JsonResponse({"error": {"code": code, "message": message, "fields": {}}}, status=status)

"""/hooks/campaigns/<token>/: where other programs call the webhook trigger of a campaign."""

from __future__ import annotations

from dataclasses import asdict

from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import View

from campaigns.api.body import JSON, read_json
from campaigns.api.problems import BodyRefused
from campaigns.services.errors import ActionError
from campaigns.services.webhook_calls import take_call

MOST_BYTES = 1024 * 1024


# A program has no cookie: that it knows the address is the permission.
@method_decorator([csrf_exempt, never_cache], name="dispatch")
class TriggerHook(View):
    """Keep the call, answer, and let the engine do the rest. Where nothing of it could be kept, the answer is 422."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        try:
            body = read_json(_read(request))
            key = request.headers.get("Idempotency-Key", "")
            report = asdict(take_call(token, body, key, timezone.now()))
        except (ActionError, BodyRefused) as problem:
            return _problem(problem.status, problem.code, problem.message, getattr(problem, "fields", {}))
        if report["rejected"] and not report["created"] and not report["duplicates"]:
            first = report["rejected"][0]["errors"]
            fields = {
                f"{row['index']}.{name}": text
                for row in report["rejected"][:100]
                for name, text in row["errors"].items()
            }
            return _problem(422, "invalid", next(iter(first.values())), fields)
        return JsonResponse(report, status=202)


def _read(request: HttpRequest) -> bytes:
    """The body. Raises `BodyRefused` for another media type, too many bytes, or too few."""
    kind = (request.content_type or JSON).lower()
    if kind != JSON and not kind.endswith("+json"):
        raise BodyRefused(
            415, "unsupported_media_type", f"Send the body as Content-Type: {JSON}, not {kind[:80]}."
        )
    try:
        # One byte more than allowed tells a body that is too large, whatever its header says.
        body = request.read(MOST_BYTES + 1)
    except (UnreadablePostError, OSError):
        raise BodyRefused(400, "bad_request", "The body ended too early.") from None
    if len(body) > MOST_BYTES:
        raise BodyRefused(413, "too_large", f"At most {MOST_BYTES:,} bytes in one call.")
    return body


def _problem(status: int, code: str, message: str, fields: dict[str, str]) -> HttpResponse:
    return JsonResponse({"error": {"code": code, "message": message, "fields": fields}}, status=status)

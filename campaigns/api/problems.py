"""Every error of the API, in its one shape: ``{"error": {"code", "message", "fields": {}}}``."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.core.signals import got_request_exception
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, Throttled, ValidationError

from campaigns.services.errors import ActionError

log = logging.getLogger(__name__)
_MOST_FIELDS = 100
#: Names of the arguments of endpoints that are left out of a field's path.
_WHOLE = ("body", "query")
_SENTENCES = {
    "missing": "This field is required.",
    "extra_forbidden": "There is no such field.",
    "string_type": "Must be text.",
    "int_type": "Must be a whole number.",
    "int_from_float": "Must be a whole number.",
    "int_parsing": "Must be a whole number.",
    "float_type": "Must be a number.",
    "float_parsing": "Must be a number.",
    "finite_number": "Must be a finite number.",
    "bool_type": "Must be true or false.",
    "list_type": "Must be a list.",
    "dict_type": "Must be an object.",
    "model_type": "Must be an object.",
    "model_attributes_type": "Must be an object.",
}


class BodyRefused(ActionError):
    """The body cannot even be read; ``status`` says why in HTTP's words."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message, code=code)
        self.status = status


def problem(status: int, code: str, message: str, fields: Mapping[str, str] | None = None) -> HttpResponse:
    """An error as the API answers it."""
    shape = {"error": {"code": code, "message": message, "fields": dict(fields or {})}}
    return JsonResponse(shape, status=status, json_dumps_params={"ensure_ascii": False})


def refused(request: HttpRequest, error: Any) -> HttpResponse:
    """What a service refuses: it knows its status, code, sentence and fields itself."""
    return problem(error.status, error.code, error.message, error.fields)


def _not_understood(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """What the shapes refuse, field by field."""
    if any(found["loc"][0] == "path" for found in error.errors):
        return problem(404, "not_found", "There is no such address.")
    fields = fields_of(error.errors)
    path, sentence = next(iter(fields.items()))
    return problem(422, "invalid", f"{path}: {sentence}" if path else sentence, fields)


def fields_of(errors: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Sentences by the path of the field, from the errors of a shape."""
    fields: dict[str, str] = {}
    for found in errors:
        places = list(found["loc"][1:])
        if places and places[0] in _WHOLE:
            places = places[1:]
        places += found.get("ctx", {}).get("path", [])
        fields.setdefault(".".join(map(str, places)), _sentence(found))
        if len(fields) == _MOST_FIELDS:
            break
    return fields


def _sentence(found: Mapping[str, Any]) -> str:
    if found["type"] == "literal_error":
        return f"Must be one of: {found['ctx']['expected'].replace(chr(39), '')}."
    if found["type"] == "missing" and tuple(found["loc"][1:]) == ("body",):
        return "The body is empty; send JSON."
    return _SENTENCES.get(found["type"]) or f"{found['msg'].rstrip('.')}."


def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    """What ninja refuses itself; it wraps whatever went wrong while it read the body."""
    if isinstance(error.__cause__, ActionError):
        return refused(request, error.__cause__)
    return problem(error.status_code, "bad_request", error.message)


def _no_key(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    message = "Send a valid API key in the header: Authorization: Bearer <key>."
    answer = problem(401, "unauthorized", message)
    answer["WWW-Authenticate"] = 'Bearer realm="campaigns"'
    return answer


def _too_often(request: HttpRequest, error: Throttled) -> HttpResponse:
    return problem(429, "rate_limited", "Too many calls with this key; wait as long as Retry-After says.")


def _not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return problem(404, "not_found", "There is no such thing in this workspace.")


def too_large(request: HttpRequest, error: Exception | None = None) -> HttpResponse:
    """413, for whatever is more than the server takes in one call."""
    return problem(
        413, "too_large", "The body is too large; send it in several calls, or people as an import."
    )


def _bad_request(request: HttpRequest, error: Exception) -> HttpResponse:
    return problem(400, "bad_request", f"The request cannot be read: {error}")


def _unavailable(request: HttpRequest, error: OperationalError) -> HttpResponse:
    """The database is away, or ended this transaction (a deadlock, a time-out): the same call may work soon."""
    log.exception("The database did not answer %s %s", request.method, request.path)
    answer = problem(503, "unavailable", "The database does not answer just now; try again.")
    answer["Retry-After"] = "5"
    return answer


def _broken(request: HttpRequest, error: Exception) -> HttpResponse:
    """Our own mistake: logged with its trace, told to whoever listens for errors, answered without details."""
    log.exception("%s %s failed", request.method, request.path)
    got_request_exception.send(sender=NinjaAPI, request=request)
    return problem(500, "internal", "Something is wrong on our side; it has been logged.")


def install(api: NinjaAPI) -> None:
    """Make the API answer every exception in the one shape."""
    handlers: dict[type[Exception], Any] = {
        ActionError: refused,
        ValidationError: _not_understood,
        AuthenticationError: _no_key,
        Throttled: _too_often,
        HttpError: _http_error,
        Http404: _not_found,
        RequestDataTooBig: too_large,
        SuspiciousOperation: _bad_request,
        BadRequest: _bad_request,
        MultiPartParserError: _bad_request,
        UnreadablePostError: _bad_request,
        OperationalError: _unavailable,
        Exception: _broken,
    }
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)

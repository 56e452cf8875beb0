"""What is true of every address of the API: which ids there can be, and that nothing in a query string is ignored."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import register_converter
from django.views.decorators.csrf import csrf_exempt

from campaigns.api.problems import problem
from campaigns.services.errors import Invalid, NotFound

LARGEST_ID = 2**63 - 1


class IdConverter:
    """A row's number in an address; what no row can have matches no address, and so is 404."""

    regex = "[1-9][0-9]{0,18}"

    def to_python(self, value: str) -> int:
        number = int(value)
        if number > LARGEST_ID:
            raise ValueError("No row has such a number.")
        return number

    def to_url(self, value: int) -> str:
        return str(value)


register_converter(IdConverter, "id")


def strict(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """Refuse query parameters that the endpoint does not have, and characters that no text in the database can hold."""
    operation = endpoint._ninja_operation  # type: ignore[attr-defined]
    known = {
        name
        for model in operation.models
        if model.__ninja_param_source__ == "query"
        for name in model.__ninja_flatten_map__
    }

    @functools.wraps(endpoint)
    def checked(request: HttpRequest, *args: Any, **values: Any) -> Any:
        if "\0" in request.path_info:
            raise NotFound("There is no such address.")
        for name, given in request.GET.lists():
            if name not in known:
                listed = f"known are: {', '.join(sorted(known))}" if known else "this call takes none"
                raise Invalid.field(name[:100].replace("\0", ""), f"Unknown query parameter; {listed}.")
            if any("\0" in value for value in given):
                raise Invalid.field(name, "Contains a NUL character, which no text may hold.")
        return endpoint(request, *args, **values)

    return checked


def with_shaped_refusal(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Answer what comes before any endpoint in the one shape of errors too: the method, the root, a body in pieces."""

    @functools.wraps(view)
    def answer(request: HttpRequest, *args: Any, **values: Any) -> HttpResponse:
        # Django reads as much as Content-Length says, so that a body sent in chunks would seem to be empty.
        if "Transfer-Encoding" in request.headers and not request.headers.get("Content-Length"):
            return problem(411, "length_required", "Send the body with a Content-Length, not in chunks.")
        try:
            response = view(request, *args, **values)
        except Http404:
            return nothing_here(request)
        if response.status_code != 405:
            return response
        shaped = problem(
            405,
            "method_not_allowed",
            f"This address does not take {request.method}; it takes {response['Allow']}.",
        )
        shaped["Allow"] = response["Allow"]
        return shaped

    return answer


@csrf_exempt
def nothing_here(request: HttpRequest, *args: Any, **values: Any) -> HttpResponse:
    """404 for every address that the API does not have."""
    return problem(404, "not_found", f"There is no address {request.path[:200]} in this API.")

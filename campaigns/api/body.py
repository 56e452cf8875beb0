"""Reads JSON bodies: strictly, and with a clear word on where one is wrong."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from django.http import HttpRequest
from ninja.parser import Parser

from campaigns.api.problems import BodyRefused

JSON = "application/json"


class JsonParser(Parser):
    """JSON in UTF-8 as RFC 8259 has it: no NaN, no numbers beyond what a program can hold."""

    def parse_body(self, request: HttpRequest) -> Any:
        """The body as Python values. Raises `BodyRefused` (415 or 400)."""
        kind = (request.content_type or JSON).lower()
        if kind != JSON and not kind.endswith("+json"):
            raise BodyRefused(
                415, "unsupported_media_type", f"Send the body as Content-Type: {JSON}, not {kind[:80]}."
            )
        return read_json(request.body)


def read_json(raw: bytes) -> Any:
    """Python values from JSON. Raises `BodyRefused` with line and column."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _malformed(f"byte {error.start + 1} is not UTF-8.") from None
    try:
        return json.loads(text, parse_constant=_no_constant, parse_float=_finite)
    except json.JSONDecodeError as error:
        raise _malformed(f"line {error.lineno}, column {error.colno}: {error.msg}.") from None
    except RecursionError:
        raise _malformed("it is nested too deeply.") from None
    except ValueError as error:  # a number of thousands of digits
        raise _malformed(f"it contains a number that is too long ({error}).") from None


def _malformed(reason: str) -> BodyRefused:
    return BodyRefused(400, "malformed_json", f"The body is not valid JSON: {reason}")


def _no_constant(name: str) -> NoReturn:
    raise _malformed(f"{name} is not a JSON value.")


def _finite(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise _malformed(f"{digits[:40]} is too large a number.")
    return number

"""What all shapes of requests and answers have in common."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, Strict, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from campaigns.api.addresses import LARGEST_ID
from campaigns.services.people import MOST_AT_ONCE

DEEPEST = 60

#: The number of a row, as JSON has it: no text, no true.
Id = Annotated[int, Strict(), Field(ge=1, le=LARGEST_ID)]
Flag = Annotated[bool, Strict()]
Version = Annotated[
    int,
    Strict(),
    Field(ge=0, le=2**31 - 1, description="The version that you have seen; a stale one is 409."),
]
#: The services read times themselves, since the browser's forms and programs send them alike.
Time = Annotated[
    str,
    Field(
        max_length=64,
        description="ISO 8601 with an offset.",
        json_schema_extra={"format": "date-time", "examples": ["2027-03-01T09:00:00+03:00"]},
    ),
]


#: The schema of what a program calls a person or an object by.
EXTERNAL_ID = {"type": "string", "minLength": 1, "maxLength": 150}


def listed(schema: dict[str, Any], title: str) -> WithJsonSchema:
    """The body of a call about many, which the service reads one by one: one that is wrong never stops the others."""
    return WithJsonSchema({"type": "array", "maxItems": MOST_AT_ONCE, "items": schema, "title": title})


class Shape(BaseModel):
    """An object in a body; keys that it does not have are refused."""

    model_config = ConfigDict(extra="forbid")

    def given(self) -> dict[str, Any]:
        """What was sent, as plain values: what was left out is not there."""
        return self.model_dump(exclude_unset=True)


class Body(Shape):
    """A whole body: nothing in it is what the database could not hold."""

    @model_validator(mode="before")
    @classmethod
    def _storable(cls, value: Any) -> Any:
        refuse_unstorable(value)
        return value


def refuse_unstorable(value: Any) -> None:
    """Refuse NUL characters, lone surrogates and values nested too deeply, anywhere in JSON values."""
    waiting: list[tuple[tuple[str | int, ...], Any]] = [((), value)]
    while waiting:
        path, part = waiting.pop()
        if isinstance(part, str):
            _refuse_text(part, path)
        elif isinstance(part, dict):
            for key, inner in part.items():
                _refuse_text(key, path)
                waiting.append(((*path, key), inner))
        elif isinstance(part, list):
            waiting += [((*path, index), inner) for index, inner in enumerate(part)]
        if len(path) > DEEPEST:
            raise PydanticCustomError("too_deep", "This is nested too deeply", {"path": list(path[:5])})


def _refuse_text(text: str, path: tuple[str | int, ...]) -> None:
    if "\0" in text:
        raise PydanticCustomError(
            "nul", "Contains a NUL character, which no text may hold", {"path": list(path)}
        )
    # isascii is by far the faster look, and most text is.
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise PydanticCustomError(
            "surrogate", "Contains half of a surrogate pair, which is no character", {"path": list(path)}
        )


class ErrorDetail(BaseModel):
    """What is wrong."""

    code: str
    message: str
    fields: dict[str, str]


class ErrorOut(BaseModel):
    """Every error."""

    error: ErrorDetail


#: The errors that any call may answer, for the OpenAPI description.
ERRORS: dict[frozenset[int], Any] = {
    frozenset({400, 401, 403, 404, 405, 409, 411, 413, 415, 422, 429, 500, 503}): ErrorOut
}


def answers(shape: Any, status: int = 200) -> dict[Any, Any]:
    """The ``response=`` of an endpoint: its shape when all is well, and the errors."""
    return {status: shape, **ERRORS}

"""What the services of channels raise when something may not be done."""

from __future__ import annotations

from collections.abc import Mapping


class ChannelError(Exception):
    """Base of all refusals; ``code`` and ``status`` are those of the HTTP API, ``fields`` says what is wrong where."""

    code = "refused"
    status = 409

    def __init__(self, message: str, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.fields = dict(fields or {})


class InvalidConnection(ChannelError):
    """Bad input for a connection."""

    code, status = "invalid", 422

    @classmethod
    def of(cls, fields: Mapping[str, str]) -> InvalidConnection:
        """The refusal of these fields."""
        return cls(next(iter(fields.values())), fields)


class NotResolvable(ChannelError):
    """A delivery in doubt cannot be resolved like this."""

    code, status = "not_resolvable", 409

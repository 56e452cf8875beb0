"""What the services raise when something may not be done: each knows its code and HTTP status, and reads like a sentence."""

from __future__ import annotations

from collections.abc import Mapping


class ActionError(Exception):
    """Base of all refusals. ``fields`` maps the path of a field to what is wrong with it."""

    code = "refused"
    status = 409

    def __init__(
        self, message: str, fields: Mapping[str, str] | None = None, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.fields = dict(fields or {})
        self.code = code or type(self).code


class NotFound(ActionError):
    """It is not there, or not in a workspace of this member (strangers learn no more than that)."""

    code, status = "not_found", 404


class Forbidden(ActionError):
    """It is there, but this member's role may not do that."""

    code, status = "forbidden", 403


class NotAllowed(ActionError):
    """The lifecycle or a guard forbids it in the present state."""

    code, status = "transition_not_allowed", 409


class Stale(ActionError):
    """It has changed since the caller last looked."""

    code, status = "stale_version", 409


class EditsDiscarded(ActionError):
    """The section cannot be edited any more; nothing was changed."""

    code, status = "edits_discarded", 409


class Invalid(ActionError):
    """Bad input; ``fields`` says where and what would be right."""

    code, status = "invalid", 422

    @classmethod
    def field(cls, path: str, message: str) -> Invalid:
        """The refusal of one field."""
        return cls(message, {path: message})

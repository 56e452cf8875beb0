"""The ``Idempotency-Key`` header: a call that is repeated under the same key is answered, not carried out, again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Header, Status

from campaigns.api.access import member_of
from campaigns.services.idempotency import Answer, once

KeyHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="Chosen by you; remembered for two days.",
    ),
]


def idempotently(request: HttpRequest, key: str | None, work: Callable[[], Answer]) -> Any:
    """Do the work, at most once under this key, and answer as it says."""
    if key is None:
        answer = work()
    else:
        answer = once(member_of(request), key, _digest(request), work, timezone.now())
    return Status(answer.status, answer.body)


def _digest(request: HttpRequest) -> str:
    parts = (request.method or "", request.get_full_path(), request.body)
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part.encode() if isinstance(part, str) else part).digest())
    return digest.hexdigest()

"""Calls that may be repeated safely: the first one under a key acts, every later one gets the same answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from campaigns.models import IdempotentCall, Membership
from campaigns.services.errors import Invalid

#: A key is remembered at least this long.
REMEMBERED_FOR = timedelta(hours=48)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call answers: an HTTP status and a body (None: none)."""

    status: int
    body: Any


def once(
    membership: Membership, key: str, request_digest: str, work: Callable[[], Answer], now: datetime
) -> Answer:
    """Do ``work`` unless a call of this member under this key has done it; the answer of that call, else.

    The key's row and the work are one transaction: of many calls at once the first inserts the row, the others wait
    for its commit and then read its answer. A refusal leaves no row, so that it can be tried again. Raises `Invalid`
    for a key that was used for another request.
    """
    with transaction.atomic():
        call, is_new = IdempotentCall.objects.get_or_create(
            membership=membership, key=key, defaults={"request_digest": request_digest, "created_at": now}
        )
        if not is_new:
            if call.request_digest != request_digest:
                raise Invalid(
                    "This Idempotency-Key was used for another request; use a new key for a new request.",
                    code="idempotency_key_reused",
                )
            return Answer(call.status, call.answer)
        answer = work()
        call.status, call.answer = answer.status, answer.body
        call.save(update_fields=["status", "answer"])
        return answer


def forget_calls(now: datetime) -> int:
    """Delete what is remembered of calls long ago; returns how many."""
    return IdempotentCall.objects.filter(created_at__lt=now - REMEMBERED_FOR).delete()[0]

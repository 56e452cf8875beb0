"""Drafts: messages of a campaign that wait until somebody releases or discards them."""

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router
from pydantic import BaseModel, Field

from campaigns.api.access import acting
from campaigns.api.idempotency import KeyHeader, idempotently
from campaigns.api.shapes import ERRORS, Body, Id
from campaigns.services.drafts import MOST, decide
from campaigns.services.errors import Invalid
from campaigns.services.idempotency import Answer

router = Router(tags=["Drafts"])


class DraftsIn(Body):
    """Either `ids` of deliveries, or `all`."""

    ids: Annotated[list[Id], Field(max_length=MOST)] | None = None
    all: Literal[True] | None = None


class DraftsOut(BaseModel):
    """How many drafts were `decided` now, and how many are `following` in the background."""

    decided: int
    following: int


@router.post("/campaigns/{id:campaign_id}/drafts/release", response={200: DraftsOut, **ERRORS})
def release(request: HttpRequest, campaign_id: int, body: DraftsIn, idempotency_key: KeyHeader = None) -> Any:
    """Let drafts go out. Where the policy asks for approval of the campaign, only approvers may."""
    return _decide("release", request, campaign_id, body, idempotency_key)


@router.post("/campaigns/{id:campaign_id}/drafts/discard", response={200: DraftsOut, **ERRORS})
def discard(request: HttpRequest, campaign_id: int, body: DraftsIn, idempotency_key: KeyHeader = None) -> Any:
    """Cancel drafts: they are never sent; the ledger keeps them with the reason `discarded`."""
    return _decide("discard", request, campaign_id, body, idempotency_key)


def _decide(
    decision: Literal["release", "discard"],
    request: HttpRequest,
    campaign_id: int,
    body: DraftsIn,
    key: str | None,
) -> Any:
    if (body.ids is None) == (body.all is None):
        raise Invalid.field("ids", 'Send either {"ids": […]} or {"all": true}.')

    def work() -> Answer:
        done = decide(decision, campaign_id, acting(request), body.ids, timezone.now())
        return Answer(200, {"decided": done.now, "following": done.following})

    return idempotently(request, key, work)

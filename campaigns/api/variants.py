"""Content variants: how each has done, and the winner."""

from typing import Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router
from pydantic import BaseModel

from campaigns.api.access import acting, member_of
from campaigns.api.idempotency import KeyHeader, idempotently
from campaigns.api.shapes import Body, Version, answers
from campaigns.services.idempotency import Answer
from campaigns.services.variants import choose_winner, results_of

router = Router(tags=["Variants"])


class WinnerIn(Body):
    """The name of a variant, or `""` to go on with the test; `step` where it is a journey's. `version` is the campaign's."""

    variant: str
    step: str = ""
    version: Version | None = None


class VariantOut(BaseModel):
    """A variant. `weight` is its share in percent; none where a property decides."""

    name: str
    weight: float | None
    counts: dict[str, int]


class TrialOut(BaseModel):
    """The variants of one content: of the channel itself, or of a journey's step."""

    step: str
    type: Literal["ab", "property"]
    on_property: str | None
    winner: str | None
    variants: list[VariantOut]


class TrialsOut(BaseModel):
    """Every content of the channel that has variants."""

    items: list[TrialOut]


@router.get("/channels/{id:channel_id}/variants", response=answers(TrialsOut))
def show_variants(request: HttpRequest, channel_id: int) -> Any:
    """How each variant has done: sent, delivered, opened, clicked, converted, failed, unknown."""
    return {"items": results_of(channel_id, member_of(request))}


@router.post("/channels/{id:channel_id}/winner", response=answers(TrialsOut))
def make_winner(
    request: HttpRequest, channel_id: int, body: WinnerIn, idempotency_key: KeyHeader = None
) -> Any:
    """Everybody who has not been sent to yet gets this variant from now on."""

    def work() -> Answer:
        now = timezone.now()
        choose_winner(channel_id, acting(request), body.variant, now, step=body.step, version=body.version)
        return Answer(200, {"items": results_of(channel_id, member_of(request))})

    return idempotently(request, idempotency_key, work)

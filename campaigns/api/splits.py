"""The splits of a workflow: what each way led to, and the way that everybody takes from now on."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router
from pydantic import BaseModel

from campaigns.api.access import acting, campaign_of
from campaigns.api.idempotency import KeyHeader, idempotently
from campaigns.api.shapes import Body, Version, answers
from campaigns.models import Campaign
from campaigns.services.idempotency import Answer
from campaigns.services.splits import choose_way, results_of, splits_of

router = Router(tags=["Variants"])


class WayIn(Body):
    """The name of a variant, or `""` to go on with the test. `version` is the campaign's."""

    variant: str
    version: Version | None = None


class WayOut(BaseModel):
    """A variant: who came into the workflow by its lot, and how many of them did what the goal asks for."""

    name: str
    entered: int
    converted: int


class SplitOut(BaseModel):
    """A split; `flow` is "" in a journey."""

    flow: str
    step: str
    winner: str | None
    variants: list[WayOut]


class SplitsOut(BaseModel):
    """Every split of the campaign, from top to bottom."""

    items: list[SplitOut]


@router.get("/campaigns/{id:campaign_id}/splits", response=answers(SplitsOut))
def list_splits(request: HttpRequest, campaign_id: int) -> Any:
    """The splits of a journey or of all flows, with what each variant led to so far."""
    return _shown(campaign_of(request, campaign_id))


@router.post("/campaigns/{id:campaign_id}/flows/{flow}/splits/{step}/winner", response=answers(SplitsOut))
def make_way_winner(
    request: HttpRequest, campaign_id: int, flow: str, step: str, body: WayIn, idempotency_key: KeyHeader = None
) -> Any:  # fmt: skip
    """Everybody who comes to this split of an active flow takes this way from now on.

    In a journey, or in a flow that is not active, the winner is an edit of the workflow: `PATCH` the campaign.
    """

    def work() -> Answer:
        found = choose_way(
            campaign_id, acting(request), flow, step, body.variant, timezone.now(), version=body.version
        )
        return Answer(200, _shown(found))

    return idempotently(request, idempotency_key, work)


def _shown(campaign: Campaign) -> dict[str, Any]:
    return {
        "items": [
            {
                "flow": split.program.flow,
                "step": split.node.step.key,
                "winner": split.node.step.winner or None,
                "variants": [
                    {"name": name, "entered": entered, "converted": converted}
                    for name, (entered, converted) in results_of(campaign, split.program, split.node).items()
                ],
            }
            for split in splits_of(campaign)
        ]
    }

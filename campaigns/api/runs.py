"""The runs of a message that goes out more than once, and the decision about one that was missed."""

from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router
from pydantic import BaseModel

from campaigns.api.access import acting, campaign_of, member_of
from campaigns.api.campaign_shapes import CampaignOut
from campaigns.api.paging import PageQuery, next_cursor, place_of
from campaigns.api.shapes import answers
from campaigns.models import Run
from campaigns.services.due_runs import run_now, skip_run
from campaigns.services.errors import NotFound
from campaigns.services.rendering_campaign import render_campaign

router = Router(tags=["Runs"])


class RunOut(BaseModel):
    """A run. `local` is the time by the clocks of the campaign's zone, as the schedule states it; `number` is the
    ledger's `run`."""

    number: int
    status: Literal["planned", "running", "completed", "stopped", "skipped", "late"]
    occurs_at: datetime
    local: str
    note: str
    reason: str
    started_at: datetime | None
    finished_at: datetime | None


class RunPage(BaseModel):
    """Runs, newest first."""

    items: list[RunOut]
    next: str | None


@router.get("/campaigns/{id:campaign_id}/runs", response=answers(RunPage))
def list_runs(request: HttpRequest, campaign_id: int, query: Query[PageQuery]) -> Any:
    """The runs of a campaign, newest first; none where it goes out once."""
    runs = Run.objects.filter(campaign=campaign_of(request, campaign_id))
    if place := place_of(query.cursor, [int]):
        runs = runs.filter(number__lt=place[0])
    rows = list(runs.order_by("-number")[: query.limit + 1])
    more, rows = len(rows) > query.limit, rows[: query.limit]
    return {
        "items": [{name: getattr(run, name) for name in RunOut.model_fields} for run in rows],
        "next": next_cursor([rows[-1].number]) if more else None,
    }


@router.post("/campaigns/{id:campaign_id}/runs/{id:number}/now", response=answers(CampaignOut))
def now(request: HttpRequest, campaign_id: int, number: int) -> Any:
    """Let a late run go out now."""
    run = _run(request, campaign_id, number)
    changed = run_now(run.pk, acting(request), timezone.now())
    return render_campaign(changed.pk, member_of(request))


@router.post("/campaigns/{id:campaign_id}/runs/{id:number}/skip", response=answers(CampaignOut))
def skip(request: HttpRequest, campaign_id: int, number: int) -> Any:
    """Skip a late run."""
    run = _run(request, campaign_id, number)
    changed = skip_run(run.pk, acting(request), timezone.now())
    return render_campaign(changed.pk, member_of(request))


def _run(request: HttpRequest, campaign_id: int, number: int) -> Run:
    found = Run.objects.filter(campaign=campaign_of(request, campaign_id), number=number).first()
    if found is None:
        raise NotFound("This campaign has no such run.")
    return found

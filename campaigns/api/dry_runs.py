"""What would happen, without sending anything; and why somebody is in a campaign or not."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router
from pydantic import BaseModel, Field

from campaigns.api.access import campaign_of, member_of
from campaigns.api.shapes import answers
from campaigns.services.dry_run import ASSUMED, SAMPLE, dry_run, sample
from campaigns.services.errors import Invalid
from campaigns.services.explaining import explain
from campaigns.services.sample_sends import find_person
from campaigns.services.walking import Walk

router = Router(tags=["Campaigns"])


class MessageOut(BaseModel):
    """A message as the person would get it; `empty` are the variables without a value."""

    subject: str
    body: str
    empty: list[str]


class VisitOut(BaseModel):
    """A step on the way. `skipped` says why a message would not be sent."""

    step: str
    type: str
    at: datetime
    words: str
    message: MessageOut | None
    skipped: str


class WalkOut(BaseModel):
    """One person's way."""

    person: str
    messages: int
    end: str
    ends_at: datetime | None
    steps: list[VisitOut]


class DryRunOut(BaseModel):
    """The ways of a sample or of one person; `reached` is how many came to each step."""

    people: list[WalkOut]
    reached: dict[str, int]
    assumed: list[str]


class DryRunQuery(BaseModel):
    """One person by external id, else a sample."""

    person: str = Field("", max_length=150)
    flow: str = Field("", max_length=60)
    sample: int = Field(SAMPLE, ge=1, le=SAMPLE)


class CheckOut(BaseModel):
    """One thing that has to hold; null where it cannot be told beforehand."""

    words: str
    holds: bool | None


class WhyOut(BaseModel):
    """Whether the person is or was in the campaign, in a sentence, and what it rests on."""

    inside: bool
    summary: str
    checks: list[CheckOut]


@router.get("/campaigns/{id:campaign_id}/dry_run", response=answers(DryRunOut))
def try_out(request: HttpRequest, campaign_id: int, query: Query[DryRunQuery]) -> Any:
    """Which steps a sample or one person would take and which messages they would get. Nothing is sent or kept."""
    campaign, now = campaign_of(request, campaign_id), timezone.now()
    if query.person:
        people = [find_person(member_of(request), query.person)]
    else:
        people = sample(campaign, now, query.flow, query.sample)
    run = dry_run(campaign, people, now, query.flow)
    return {"people": [_walk(walk) for walk in run.walks], "reached": run.reached, "assumed": ASSUMED}


def _walk(walk: Walk) -> dict[str, Any]:
    steps = [
        {
            "step": visit.node.key, "type": visit.node.step.type, "at": visit.at, "words": visit.words,
            "message": {"subject": visit.message.subject, "body": visit.message.body, "empty": visit.message.empty}
            if visit.message else None,
            "skipped": visit.skipped,
        }
        for visit in walk.visits
    ]  # fmt: skip
    person = walk.person.external_id
    return {
        "person": person,
        "messages": walk.messages,
        "end": walk.end,
        "ends_at": walk.ends_at,
        "steps": steps,
    }


@router.get("/campaigns/{id:campaign_id}/why", response=answers(WhyOut))
def why(request: HttpRequest, campaign_id: int, person: str = "") -> Any:
    """Why this person (by external id) is in the campaign, or why not."""
    campaign = campaign_of(request, campaign_id)
    if not person:
        raise Invalid.field("person", "Name a person by external id: ?person=….")
    found = explain(campaign, find_person(member_of(request), person), timezone.now())
    checks = [{"words": check.words, "holds": check.holds} for check in found.checks]
    return {"inside": found.inside, "summary": found.summary, "checks": checks}

"""What people do, as programs report it; and the trigger of a message that is delivered by API."""

from dataclasses import asdict
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Body, Router
from pydantic import BaseModel, Field

from campaigns.api.access import acting, require
from campaigns.api.idempotency import KeyHeader, idempotently
from campaigns.api.people import Rejected
from campaigns.api.shapes import EXTERNAL_ID, Shape, answers, listed
from campaigns.services.events import take_events, trigger
from campaigns.services.idempotency import Answer
from campaigns.services.webhook_calls import rotate

router = Router(tags=["Events"])

_EVENT_SCHEMA = {
    "type": "object",
    "required": ["external_id", "name"],
    "additionalProperties": False,
    "properties": {
        "external_id": EXTERNAL_ID,
        "name": {"type": "string", "minLength": 1, "maxLength": 100, "examples": ["purchase"]},
        "properties": {"type": ["object", "null"], "examples": [{"amount": 12}]},
        "occurred_at": {"type": ["string", "null"], "format": "date-time"},
        "id": {"type": ["string", "null"], "maxLength": 150},
    },
}
_TRIGGER_SCHEMA = {
    "type": "object",
    "required": ["external_id"],
    "additionalProperties": False,
    "properties": {"external_id": EXTERNAL_ID, "properties": _EVENT_SCHEMA["properties"]["properties"]},  # type: ignore[index]
}


EventsIn = Annotated[list[Any], listed(_EVENT_SCHEMA, "Events"), Body()]
PeopleToTrigger = Annotated[list[Any], listed(_TRIGGER_SCHEMA, "People to send to"), Body()]


class EventsOut(BaseModel):
    """What became of the events of one call; `duplicates` have an `id` that was taken before."""

    created: int
    duplicates: int
    rejected: list[Rejected]


class TriggerOut(BaseModel):
    """How many people it is sent to (as far as they are in its audience, and as often as its frequency lets them)."""

    accepted: Annotated[int, Field(ge=0)]
    rejected: list[Rejected]


@router.post("/events", response=answers(EventsOut))
def take(request: HttpRequest, body: EventsIn) -> Any:
    """Report what people did. An event with an `id` that was taken before counts once."""
    member = require(request, "import_people")
    return asdict(take_events(member.workspace, body, timezone.now()))


class NewUrl(BaseModel):
    """The webhook's address from now on; the one before is gone."""

    url: str


class RotateIn(Shape):
    """Which flow's webhook; a journey has only one."""

    flow: str = ""


@router.post("/campaigns/{id:campaign_id}/trigger/url", response=answers(NewUrl))
def renew(request: HttpRequest, campaign_id: int, body: RotateIn | None = None) -> Any:
    """Give a webhook trigger a new address, where the old one has become known to others."""
    flow = body.flow if body else ""
    return {"url": rotate(campaign_id, acting(request), flow, timezone.now())}


@router.post("/campaigns/{id:campaign_id}/trigger", response=answers(TriggerOut))
def pull(
    request: HttpRequest, campaign_id: int, body: PeopleToTrigger, idempotency_key: KeyHeader = None
) -> Any:
    """Send a running message that is delivered by API to these people, or let them into a journey with a webhook."""

    def work() -> Answer:
        report = trigger(campaign_id, acting(request), body, timezone.now())
        return Answer(200, {"accepted": report.created, "rejected": report.rejected})

    return idempotently(request, idempotency_key, work)

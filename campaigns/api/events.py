"""What people do, as programs report it; and the trigger of a message that is delivered by API."""

from dataclasses import asdict
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Body, Router
from pydantic import BaseModel, Field, WithJsonSchema

from campaigns.api.access import acting, require
from campaigns.api.idempotency import KeyHeader, idempotently
from campaigns.api.people import Rejected
from campaigns.api.shapes import answers
from campaigns.services.events import MOST_AT_ONCE, take_events, trigger
from campaigns.services.idempotency import Answer

router = Router(tags=["Events"])

_WHO = {"type": "string", "minLength": 1, "maxLength": 150}
_EVENT_SCHEMA = {
    "type": "object",
    "required": ["external_id", "name"],
    "additionalProperties": False,
    "properties": {
        "external_id": _WHO,
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
    "properties": {"external_id": _WHO, "properties": _EVENT_SCHEMA["properties"]["properties"]},  # type: ignore[index]
}


def _listed(schema: dict[str, Any], title: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "array", "maxItems": MOST_AT_ONCE, "items": schema, "title": title})


#: Read one by one by the service: one that is wrong is reported and never stops the others.
EventsIn = Annotated[list[Any], _listed(_EVENT_SCHEMA, "Events"), Body()]
PeopleToTrigger = Annotated[list[Any], _listed(_TRIGGER_SCHEMA, "People to send to"), Body()]


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


@router.post("/campaigns/{id:campaign_id}/trigger", response=answers(TriggerOut))
def pull(
    request: HttpRequest, campaign_id: int, body: PeopleToTrigger, idempotency_key: KeyHeader = None
) -> Any:
    """Send a running message that is delivered by API to these people."""

    def work() -> Answer:
        report = trigger(campaign_id, acting(request), body, timezone.now())
        return Answer(200, {"accepted": report.created, "rejected": report.rejected})

    return idempotently(request, idempotency_key, work)

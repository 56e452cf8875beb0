"""People: upsert many, search, one; and what waits in a person's in-app inbox."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Body, Query, Router
from pydantic import BaseModel, Field

from campaigns.api.access import member_of, require
from campaigns.api.paging import PageQuery, next_cursor, page_by_id, place_of
from campaigns.api.shapes import EXTERNAL_ID, answers, listed
from campaigns.models import Membership, Person
from campaigns.services.errors import NotFound
from campaigns.services.people import upsert_people
from channels.services.inbox import inbox_of, open_message

router = Router(tags=["People"])

_PERSON_SCHEMA = {
    "type": "object",
    "required": ["external_id"],
    "additionalProperties": False,
    "properties": {
        "external_id": EXTERNAL_ID,
        "email": {"type": ["string", "null"], "examples": ["grace@example.org"]},
        "phone": {"type": ["string", "null"], "examples": ["+447700900123"]},
        "timezone": {"type": ["string", "null"], "examples": ["Europe/London"]},
        "attributes": {"type": ["object", "null"], "examples": [{"plan": "gold"}]},
    },
}
PeopleIn = Annotated[list[Any], listed(_PERSON_SCHEMA, "People"), Body()]


class Rejected(BaseModel):
    """A person who was not taken, by the place in the call, and why."""

    index: int
    errors: dict[str, str]


class UpsertOut(BaseModel):
    """What became of the people of one call."""

    created: int
    updated: int
    unchanged: int
    rejected: list[Rejected]


class PersonOut(BaseModel):
    """A person."""

    id: int
    external_id: str
    email: str
    phone: str
    timezone: str
    attributes: dict[str, Any]
    created_at: datetime
    updated_at: datetime


class PeoplePage(BaseModel):
    """People in the order in which they came."""

    items: list[PersonOut]
    next: str | None


class PeopleQuery(PageQuery):
    """`q` begins an external id, an address, a number or a name."""

    q: Annotated[str, Field(max_length=200)] = ""


class InboxMessage(BaseModel):
    """An in-app message; one that was taken back is not listed."""

    id: int
    channel: int
    subject: str
    body: str
    created_at: datetime
    opened_at: datetime | None


class InboxPage(BaseModel):
    """Messages, newest first."""

    items: list[InboxMessage]
    next: str | None


class InboxQuery(PageQuery):
    """`unopened=true` leaves out what the person has opened already."""

    unopened: Literal["true", "false"] = "false"


def person_of(membership: Membership, external_id: str) -> Person:
    """The person of this workspace. Raises `NotFound`."""
    found = Person.objects.filter(workspace_id=membership.workspace_id, external_id=external_id).first()
    if found is None:
        raise NotFound("There is no such person in this workspace.")
    return found


@router.post("/people", response=answers(UpsertOut))
def upsert(request: HttpRequest, body: PeopleIn) -> Any:
    """Create or update people by `external_id`. What is left out or empty stays; attributes are merged key by key."""
    member = require(request, "import_people")
    return asdict(upsert_people(member.workspace, body, timezone.now()))


@router.get("/people", response=answers(PeoplePage))
def list_people(request: HttpRequest, query: Query[PeopleQuery]) -> Any:
    """The people of the workspace."""
    people = Person.objects.filter(workspace=member_of(request).workspace)
    rows, cursor = page_by_id(people.known_as(query.q), query)
    return {"items": [_shown(person) for person in rows], "next": cursor}


@router.get("/people/{path:external_id}/inbox", response=answers(InboxPage))
def inbox(request: HttpRequest, external_id: str, query: Query[InboxQuery]) -> Any:
    """A person's in-app messages, newest first."""
    messages = inbox_of(person_of(member_of(request), external_id).pk)
    if query.unopened == "true":
        messages = messages.filter(opened_at__isnull=True)
    if place := place_of(query.cursor, [int]):
        messages = messages.filter(pk__lt=place[0])
    rows = list(messages.order_by("-pk")[: query.limit + 1])
    more, rows = len(rows) > query.limit, rows[: query.limit]
    return {
        "items": [_message(row) for row in rows],
        "next": next_cursor([rows[-1].pk]) if more else None,
    }


@router.post("/inbox/{id:message_id}/opened", response=answers(InboxMessage))
def opened(request: HttpRequest, message_id: int) -> Any:
    """Note that the person has opened the message; the first time counts."""
    message = open_message(message_id, member_of(request).workspace_id, timezone.now())
    if message is None:
        raise NotFound("There is no such message in this workspace.")
    return _message(message)


@router.get("/people/{path:external_id}", response=answers(PersonOut))
def get_person(request: HttpRequest, external_id: str) -> Any:
    """One person by external id."""
    return _shown(person_of(member_of(request), external_id))


def _shown(person: Person) -> dict[str, Any]:
    return {name: getattr(person, name) for name in PersonOut.model_fields}


def _message(message: Any) -> dict[str, Any]:
    return {
        "id": message.pk,
        "channel": message.channel_id,
        **{name: getattr(message, name) for name in ("subject", "body", "created_at", "opened_at")},
    }

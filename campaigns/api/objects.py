"""Objects that people are related to, such as companies and accounts: upsert many, list, one, who is related to it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Body, Query, Router, Status
from pydantic import BaseModel, Field

from campaigns.api.access import member_of, require
from campaigns.api.paging import PageQuery, page_by_id
from campaigns.api.people import Rejected
from campaigns.api.shapes import EXTERNAL_ID, answers, listed
from campaigns.models import RelatedObject, Relationship
from campaigns.services.objects import find_object, relate, unrelate, upsert_objects

router = Router(tags=["Objects"])

_ATTRIBUTES = {"type": ["object", "null"], "examples": [{"plan": "gold"}]}
_RELATED = {
    "anyOf": [
        EXTERNAL_ID,
        {
            "type": "object",
            "required": ["external_id"],
            "additionalProperties": False,
            "properties": {"external_id": EXTERNAL_ID, "attributes": _ATTRIBUTES},
        },
    ]
}
_OBJECT = {
    "type": "object",
    "required": ["type", "external_id"],
    "additionalProperties": False,
    "properties": {
        "type": {"type": "string", "minLength": 1, "maxLength": 60, "examples": ["company"]},
        "external_id": EXTERNAL_ID,
        "attributes": _ATTRIBUTES,
        "people": {"type": ["array", "null"], "items": _RELATED},
    },
}


ObjectsIn = Annotated[list[Any], listed(_OBJECT, "Objects"), Body()]
RelatedIn = Annotated[list[Any], listed(_RELATED, "People to relate"), Body()]


class ObjectsOut(BaseModel):
    """What became of the objects of one call; `related` are relationships that were made or changed."""

    created: int
    updated: int
    unchanged: int
    related: int
    rejected: list[Rejected]


class ObjectOut(BaseModel):
    """An object."""

    type: str
    external_id: str
    attributes: dict[str, Any]
    created_at: datetime
    updated_at: datetime


class ObjectPage(BaseModel):
    """Objects in the order in which they came."""

    items: list[ObjectOut]
    next: str | None


class ObjectQuery(PageQuery):
    """`type` is the name of a type; `q` begins an external id."""

    type: Annotated[str, Field(max_length=60)] = ""
    q: Annotated[str, Field(max_length=150)] = ""


class RelationshipOut(BaseModel):
    """A person who is related to the object, with the relationship's own attributes."""

    external_id: str
    attributes: dict[str, Any]
    since: datetime


class RelationshipPage(BaseModel):
    """Relationships in the order in which they were made."""

    items: list[RelationshipOut]
    next: str | None


class RelatedOut(BaseModel):
    """How many relationships were made or changed."""

    related: int


@router.post("/objects", response=answers(ObjectsOut))
def upsert(request: HttpRequest, body: ObjectsIn) -> Any:
    """Create or update objects by `type` and `external_id`, and relate `people` to them; nobody is unrelated.

    Attributes are merged key by key. A row with anything wrong is rejected as a whole, the others are taken.
    """
    member = require(request, "import_people")
    return asdict(upsert_objects(member.workspace, body, timezone.now()))


@router.get("/objects", response=answers(ObjectPage))
def list_objects(request: HttpRequest, query: Query[ObjectQuery]) -> Any:
    """The objects of the workspace."""
    found = RelatedObject.objects.filter(type__workspace=member_of(request).workspace).select_related("type")
    if query.type:
        found = found.filter(type__name__iexact=query.type)
    if query.q:
        found = found.filter(external_id__startswith=query.q)
    rows, cursor = page_by_id(found, query)
    return {"items": [_shown(row) for row in rows], "next": cursor}


@router.get("/objects/{object_type}/{path:external_id}/people", response=answers(RelationshipPage))
def people(request: HttpRequest, object_type: str, external_id: str, query: Query[PageQuery]) -> Any:
    """Who is related to the object."""
    thing = find_object(member_of(request).workspace, object_type, external_id)
    found = Relationship.objects.filter(object=thing).select_related("person")
    rows, cursor = page_by_id(found, query)
    items = [
        {"external_id": row.person.external_id, "attributes": row.attributes, "since": row.since}
        for row in rows
    ]
    return {"items": items, "next": cursor}


@router.post("/objects/{object_type}/{path:external_id}/people", response=answers(RelatedOut))
def relate_people(request: HttpRequest, object_type: str, external_id: str, body: RelatedIn) -> Any:
    """Relate people to the object: external ids, or objects with `external_id` and `attributes`."""
    member = require(request, "import_people")
    report = relate(find_object(member.workspace, object_type, external_id), body, timezone.now())
    return {"related": report.related}


@router.delete("/objects/{object_type}/{path:external_id}/people/{path:person}", response=answers(None, 204))
def unrelate_person(request: HttpRequest, object_type: str, external_id: str, person: str) -> Any:
    """Take the relationship of a person away."""
    member = require(request, "import_people")
    unrelate(find_object(member.workspace, object_type, external_id), person)
    return Status(204, None)


@router.get("/objects/{object_type}/{path:external_id}", response=answers(ObjectOut))
def get_object(request: HttpRequest, object_type: str, external_id: str) -> Any:
    """One object."""
    return _shown(find_object(member_of(request).workspace, object_type, external_id))


@router.delete("/objects/{object_type}/{path:external_id}", response=answers(None, 204))
def delete_object(request: HttpRequest, object_type: str, external_id: str) -> Any:
    """Delete the object with all its relationships; the people stay."""
    member = require(request, "import_people")
    find_object(member.workspace, object_type, external_id).delete()
    return Status(204, None)


def _shown(thing: RelatedObject) -> dict[str, Any]:
    names = ("external_id", "attributes", "created_at", "updated_at")
    return {"type": thing.type.name, **{name: getattr(thing, name) for name in names}}

"""Lists (manual segments) and segments by condition: made, changed, filled, listed, counted and tried out."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Status
from pydantic import BaseModel, Field

from campaigns.api.access import member_of, require
from campaigns.api.paging import PageQuery, page_by_id
from campaigns.api.shapes import Body, Flag, answers
from campaigns.engine.segments import fill_progress
from campaigns.models import Membership, Segment
from campaigns.services.errors import NotFound
from campaigns.services.people import MOST_AT_ONCE, add_to_list, count_members, create_list
from campaigns.services.segments import change, create_segment, words_of

router = Router(tags=["Lists and segments"])

EXAMPLE = {"event": "purchase", "op": "done", "within": "30 days", "at_least": 2}


class ListIn(Body):
    """A new manual list."""

    name: Annotated[str, Field(max_length=120)]


class SegmentIn(ListIn):
    """A new segment; without a condition it is a manual list."""

    condition: Annotated[dict[str, Any] | None, Field(examples=[EXAMPLE])] = None


class SegmentChange(Body):
    """What is left out stays as it is."""

    name: Annotated[str | None, Field(max_length=120)] = None
    condition: Annotated[dict[str, Any] | None, Field(examples=[EXAMPLE])] = None
    archived: Flag | None = None


class SegmentOut(BaseModel):
    """A list or segment."""

    id: int
    name: str
    kind: str
    archived: bool
    created_at: datetime
    condition: dict[str, Any] | None
    words: Annotated[str, Field(description="The condition as a person would say it.")]
    filled: Annotated[
        int | None,
        Field(description="While a new or changed condition is looked up: how far that is, in per cent."),
    ]


class SegmentWithCount(SegmentOut):
    """A list or segment with how many people belong to it now."""

    count: int


class SegmentPage(BaseModel):
    """Lists and segments in the order in which they were made."""

    items: list[SegmentOut]
    next: str | None


class PeopleOfList(Body):
    """People to put on a list."""

    external_ids: Annotated[list[str], Field(max_length=MOST_AT_ONCE)]


class ListReport(BaseModel):
    """What became of them; `unknown` are external ids that nobody in the workspace has."""

    added: int
    already_there: int
    unknown: list[str]


def segment_of(membership: Membership, segment_id: int) -> Segment:
    """The segment of this workspace. Raises `NotFound`."""
    found = Segment.objects.filter(workspace_id=membership.workspace_id, pk=segment_id, hidden=False).first()
    if found is None:
        raise NotFound("There is no such list or segment in this workspace.")
    return found


@router.post("/lists", response=answers(SegmentWithCount, 201))
def make_list(request: HttpRequest, body: ListIn) -> Any:
    """Make an empty manual list."""
    member = require(request, "edit_lists")
    return Status(201, _counted(create_list(member.workspace, body.name, member.user)))


@router.post("/lists/{id:list_id}/people", response=answers(ListReport))
def fill_list(request: HttpRequest, list_id: int, body: PeopleOfList) -> Any:
    """Put people on a manual list; who is on it already stays since when they were."""
    segment = segment_of(require(request, "edit_lists"), list_id)
    return asdict(add_to_list(segment, body.external_ids, timezone.now()))


@router.get("/segments", response=answers(SegmentPage))
def list_segments(request: HttpRequest, query: Query[PageQuery]) -> Any:
    """The lists and segments of the workspace."""
    rows, cursor = page_by_id(
        Segment.objects.filter(workspace_id=member_of(request).workspace_id, hidden=False), query
    )
    progress, words = fill_progress(rows), words_of(rows)
    return {"items": [_shown(row, words[row.pk], progress.get(row.pk)) for row in rows], "next": cursor}


@router.post("/segments", response=answers(SegmentWithCount, 201))
def make_segment(request: HttpRequest, body: SegmentIn) -> Any:
    """Make a segment by condition, which is filled in the background; without a condition a manual list."""
    member = require(request, "edit_lists")
    if body.condition is None:
        return Status(201, _counted(create_list(member.workspace, body.name, member.user)))
    made = create_segment(member.workspace, body.name, body.condition, member.user, timezone.now())
    return Status(201, _counted(made))


@router.patch("/segments/{id:segment_id}", response=answers(SegmentWithCount))
def edit_segment(request: HttpRequest, segment_id: int, body: SegmentChange) -> Any:
    """Rename it, give it another condition, archive it or make it active again."""
    segment = segment_of(require(request, "edit_lists"), segment_id)
    return _counted(change(segment, body.model_dump(exclude_unset=True), timezone.now()))


@router.get("/segments/{id:segment_id}", response=answers(SegmentWithCount))
def get_segment(request: HttpRequest, segment_id: int) -> Any:
    """One list or segment, with how many people belong to it now."""
    return _counted(segment_of(member_of(request), segment_id))


def _shown(segment: Segment, words: str, filled: int | None) -> dict[str, Any]:
    return {
        "id": segment.pk,
        "name": segment.name,
        "kind": segment.kind,
        "archived": segment.archived_at is not None,
        "created_at": segment.created_at,
        "condition": segment.condition or None,
        "words": words,
        "filled": filled,
    }


def _counted(segment: Segment) -> dict[str, Any]:
    progress = fill_progress([segment]).get(segment.pk)
    return {**_shown(segment, words_of([segment])[segment.pk], progress), "count": count_members(segment)}

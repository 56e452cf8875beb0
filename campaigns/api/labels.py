"""Labels of a workspace."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router, Status
from pydantic import BaseModel, Field

from campaigns.api.access import member_of, require
from campaigns.api.paging import PageQuery, page_by_id
from campaigns.api.shapes import Body, answers
from campaigns.models import Label
from campaigns.services.labels import create_label

router = Router(tags=["Labels"])


class LabelIn(Body):
    """A new label."""

    name: Annotated[str, Field(max_length=60)]


class LabelOut(BaseModel):
    """A label."""

    id: int
    name: str


class LabelPage(BaseModel):
    """Labels in the order in which they were made."""

    items: list[LabelOut]
    next: str | None


@router.get("/labels", response=answers(LabelPage))
def list_labels(request: HttpRequest, query: Query[PageQuery]) -> Any:
    """The labels of the workspace."""
    rows, cursor = page_by_id(Label.objects.filter(workspace_id=member_of(request).workspace_id), query)
    return {"items": [_shown(label) for label in rows], "next": cursor}


@router.post("/labels", response=answers(LabelOut, 201))
def make_label(request: HttpRequest, body: LabelIn) -> Any:
    """Make a label."""
    return Status(201, _shown(create_label(require(request, "edit_labels"), body.name)))


def _shown(label: Label) -> dict[str, Any]:
    return {"id": label.pk, "name": label.name}

"""Topics: what people choose from on the preference page."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router, Status
from pydantic import BaseModel, Field

from campaigns.api.access import member_of, require
from campaigns.api.paging import PageQuery, page_by_id
from campaigns.api.shapes import Body, answers
from campaigns.models import Topic
from campaigns.services.topics import create_topic

router = Router(tags=["Topics"])


class TopicIn(Body):
    """A new topic."""

    name: Annotated[str, Field(max_length=60)]
    description: Annotated[str, Field(max_length=200)] = ""


class TopicOut(BaseModel):
    """A topic."""

    id: int
    name: str
    description: str


class TopicPage(BaseModel):
    """Topics in the order in which they were made."""

    items: list[TopicOut]
    next: str | None


@router.get("/topics", response=answers(TopicPage))
def list_topics(request: HttpRequest, query: Query[PageQuery]) -> Any:
    """The topics of the workspace."""
    rows, cursor = page_by_id(Topic.objects.filter(workspace_id=member_of(request).workspace_id), query)
    return {"items": [_shown(topic) for topic in rows], "next": cursor}


@router.post("/topics", response=answers(TopicOut, 201))
def make_topic(request: HttpRequest, body: TopicIn) -> Any:
    """Make a topic."""
    topic = create_topic(require(request, "edit_labels"), body.name, body.description)
    return Status(201, _shown(topic))


def _shown(topic: Topic) -> dict[str, Any]:
    return {"id": topic.pk, "name": topic.name, "description": topic.description}

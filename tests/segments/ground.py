"""People with attributes and segments by condition, kept as a worker keeps them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from campaigns.engine.segments import keep_members
from campaigns.models import Event, Person, Segment, SegmentMember, Workspace
from campaigns.services.people import upsert_people
from campaigns.services.segments import create_segment

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
GOLD = {"attribute": "plan", "op": "eq", "value": "gold"}


def identify(workspace: Workspace, now: datetime = NOW, **people: dict[str, Any]) -> dict[str, int]:
    """Upsert people by external id with these attributes; answers their ids."""
    rows = [{"external_id": name, "attributes": attributes} for name, attributes in people.items()]
    assert upsert_people(workspace, rows, now).rejected == []
    found = Person.objects.filter(workspace=workspace, external_id__in=people)
    return dict(found.values_list("external_id", "pk"))


def do(workspace: Workspace, external_id: str, name: str, when: datetime = NOW) -> None:
    """The person does something."""
    person = Person.objects.get(workspace=workspace, external_id=external_id)
    Event.objects.create(workspace=workspace, person=person, name=name, occurred_at=when, received_at=when)


def segment(
    workspace: Workspace, condition: dict[str, Any], name: str = "Gold", now: datetime = NOW
) -> Segment:
    """A segment by condition, not filled yet."""
    return create_segment(workspace, name, condition, None, now)


def keep(workspace: Workspace, now: datetime = NOW) -> None:
    """Whatever a worker does until nothing is left."""
    before = None
    while before != (before := keep_members(workspace.pk, now)) or before.looked_at:
        pass


def members(segment: Segment) -> set[str]:
    """The external ids of its members."""
    return set(segment.members.values_list("person__external_id", flat=True))


def since(segment: Segment, external_id: str) -> datetime:
    return SegmentMember.objects.get(segment=segment, person__external_id=external_id).since

"""People and lists: single ones by factory, any number in one statement."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import factory
from django.db import connection
from factory.django import DjangoModelFactory

from campaigns.models import Person, Segment, Workspace
from tests.factories.workspaces import NOW, WorkspaceFactory

_INSERT = """
    INSERT INTO campaigns_person (workspace_id, external_id, email, phone, timezone, attributes, shares_email, shares_phone,
                                  created_at, updated_at)
    SELECT %(workspace)s, 'person-' || n,
           CASE WHEN %(email)s THEN 'person-' || n || '@example.test' ELSE '' END,
           CASE WHEN %(phone)s THEN '+447' || lpad(n::text, 9, '0') ELSE '' END,
           '', jsonb_build_object('first_name', 'First' || n, 'last_name', 'Last' || n), false, false, %(now)s, %(now)s
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
    RETURNING id
"""


class PersonFactory(DjangoModelFactory):
    """One contact with an e-mail address and a phone number."""

    class Meta:
        model = Person

    workspace = factory.SubFactory(WorkspaceFactory)
    external_id = factory.Sequence(lambda number: f"single-{number}")
    email = factory.Sequence(lambda number: f"single-{number}@example.test")
    phone = factory.Sequence(lambda number: f"+4420{number:08d}")
    attributes = factory.LazyFunction(lambda: {"first_name": "Grace", "last_name": "Hopper"})


def people(
    workspace: Workspace,
    number: int,
    *,
    segment: Segment | None = None,
    email: bool = True,
    phone: bool = True,
    now: datetime = NOW,
) -> list[int]:
    """Make so many people in one statement, each with addresses of their own; answers their ids, ascending.

    They count on from those that the workspace has. ``segment`` puts them on a list; ``email`` and ``phone`` say whether
    they have the address.
    """
    if number < 1:
        return []
    first = Person.objects.filter(workspace=workspace).count() + 1
    values: dict[str, Any] = {
        "workspace": workspace.pk, "first": first, "last": first + number - 1, "email": email, "phone": phone, "now": now,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, values)
        ids = sorted(row[0] for row in cursor.fetchall())
    if segment is not None:
        enlist(segment, ids, now)
    return ids


def enlist(segment: Segment, ids: list[int], now: datetime = NOW) -> None:
    """Put people on a manual list, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO campaigns_segmentmember (segment_id, person_id, since) "
            "SELECT %s, id, %s FROM unnest(%s::bigint[]) AS id ON CONFLICT DO NOTHING",
            [segment.pk, now, ids],
        )


class SegmentFactory(DjangoModelFactory):
    """A manual list; ``people=100`` fills it with so many new people (at the time ``now``)."""

    class Meta:
        model = Segment

    workspace = factory.SubFactory(WorkspaceFactory)
    name = factory.Sequence(lambda number: f"List {number}")

    @classmethod
    def _create(cls, model_class: type[Segment], *args: object, **values: Any) -> Segment:
        number, now = values.pop("people", 0), values.pop("now", NOW)
        segment = super()._create(model_class, *args, **values)
        people(segment.workspace, number, segment=segment, now=now)
        return segment

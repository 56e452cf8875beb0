"""Objects that people are related to (companies, accounts) as programs send them: upserts of many, row by row refused.

A row is taken as a whole or not at all; those that are taken are written in a few statements.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from campaigns.domain.objects import TYPE_PROBLEM, ObjectRow, is_type_name
from campaigns.domain.people import LONGEST_EXTERNAL_ID
from campaigns.models import ObjectType, Person, RelatedObject, Relationship, Workspace
from campaigns.services.errors import Invalid, NotFound
from campaigns.services.people import MOST_AT_ONCE, RowRejected, read_attributes, read_word

#: Relationships in one call, over all its objects.
MOST_RELATED = 50_000
MOST_TYPES = 100
_KNOWN = ("type", "external_id", "attributes", "people")
_OF_PERSON = ("external_id", "attributes")


@dataclass(slots=True)
class ObjectsReport:
    """What became of the objects of one call; ``related`` are relationships that were made or changed."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    related: int = 0
    rejected: list[dict[str, Any]] = field(default_factory=list)
    """`{"index": position in the call, "errors": {field: message}}`, in the call's order."""


def upsert_objects(workspace: Workspace, items: Sequence[Any], now: datetime) -> ObjectsReport:
    """Create or update objects by ``type`` and ``external_id``, and relate ``people`` to them; nobody is unrelated.

    Attributes are merged key by key, those of relationships too. A type is made by its first object.
    Raises `Invalid` beyond 10,000 objects or 50,000 relationships.
    """
    if len(items) > MOST_AT_ONCE:
        raise Invalid(f"At most {MOST_AT_ONCE:,} objects in one call; these are {len(items):,}.")
    report = ObjectsReport()
    rows: dict[tuple[str, str], ObjectRow] = {}
    for index, item in enumerate(items):
        try:
            row = _read(item, index)
            if row.key in rows:
                earlier = rows[row.key].index
                raise RowRejected({"external_id": f"This object is already at index {earlier} of this call."})
            rows[row.key] = row
        except RowRejected as rejected:
            report.rejected.append({"index": index, "errors": rejected.errors})
    number = sum(len(row.people) for row in rows.values())
    if number > MOST_RELATED:
        raise Invalid(f"At most {MOST_RELATED:,} relationships in one call; these are {number:,}.")
    with transaction.atomic():
        merge_objects(workspace, list(rows.values()), now, report)
    report.rejected.sort(key=lambda rejected: rejected["index"])
    return report


def relate(thing: RelatedObject, items: Sequence[Any], now: datetime) -> ObjectsReport:
    """Relate people to an object that is there: external ids, or objects with ``attributes``. Refused as a whole."""
    row = {"type": thing.type.name, "external_id": thing.external_id, "people": list(items)}
    report = upsert_objects(thing.type.workspace, [row], now)
    if report.rejected:
        errors = report.rejected[0]["errors"]
        raise Invalid(next(iter(errors.values())), errors)
    return report


def unrelate(thing: RelatedObject, external_id: str) -> None:
    """Take the relationship of a person away. Raises `NotFound` where there is none."""
    here = Relationship.objects.filter(object=thing, person__workspace_id=thing.type.workspace_id)
    if not here.filter(person__external_id=external_id).delete()[0]:
        raise NotFound("This person is not related to it.")


def find_object(workspace: Workspace, type_name: str, external_id: str) -> RelatedObject:
    """The object of this workspace. Raises `NotFound`."""
    found = RelatedObject.objects.select_related("type__workspace").filter(
        type__workspace=workspace, type__name__iexact=type_name, external_id=external_id
    )
    if (thing := found.first()) is None:
        raise NotFound("There is no such object in this workspace.")
    return thing


# --- reading


def _read(item: Any, index: int) -> ObjectRow:
    """The object of one row. Raises `RowRejected` with every error at once."""
    if not isinstance(item, Mapping):
        raise RowRejected({"": 'An object looks like {"type": "company", "external_id": "acme"}.'})
    errors = {
        str(key)[:60]: f"There is no such field; there are {', '.join(_KNOWN)}."
        for key in item
        if key not in _KNOWN
    }
    name = read_word(item, "type", errors)
    if "type" not in errors and not is_type_name(name):
        errors["type"] = TYPE_PROBLEM
    external_id = _identity(item, errors, "It says which object of the type it is.")
    attributes = read_attributes(item.get("attributes"), "", errors)
    people = dict(_people(item.get("people"), errors))
    if errors:
        raise RowRejected(errors)
    return ObjectRow(index, name, external_id, attributes, people)


def _identity(item: Mapping[str, Any], errors: dict[str, str], why: str) -> str:
    found = read_word(item, "external_id", errors)
    if not found and "external_id" not in errors:
        errors["external_id"] = f"Required: {why[0].lower()}{why[1:]}"
    elif len(found) > LONGEST_EXTERNAL_ID:
        errors["external_id"] = f"At most {LONGEST_EXTERNAL_ID} characters; this one has {len(found):,}."
    return found


def _people(given: Any, errors: dict[str, str]) -> Iterator[tuple[str, str]]:
    """(external id, JSON text of attributes) of everybody who is to be related."""
    if given is None:
        return
    if not isinstance(given, list):
        errors["people"] = "Must be a list of external ids, or of objects with external_id and attributes."
        return
    seen: set[str] = set()
    for place, entry in enumerate(given):
        item = entry if isinstance(entry, Mapping) else {"external_id": entry}
        wrong: dict[str, str] = {
            str(key)[:60]: f"There is no such field; there are {', '.join(_OF_PERSON)}."
            for key in item
            if key not in _OF_PERSON
        }
        found = (
            _identity(item, wrong, "It says who the person is."),
            read_attributes(item.get("attributes"), "", wrong),
        )
        if found[0] in seen:
            wrong["external_id"] = f"“{found[0][:60]}” is there twice."
        seen.add(found[0])
        errors |= {f"people.{place}.{name}": problem for name, problem in wrong.items()}
        yield found


# --- writing

_OBJECTS = """
    WITH merged AS (
        INSERT INTO campaigns_relatedobject AS o (type_id, external_id, attributes, created_at, updated_at)
        SELECT given.type_id, given.external_id, given.attributes, %(now)s, %(now)s
        FROM unnest(%(types)s::bigint[], %(ids)s::text[], %(attributes)s::jsonb[])
            AS given (type_id, external_id, attributes)
        ORDER BY given.type_id, given.external_id COLLATE "C"
        ON CONFLICT (type_id, external_id) DO UPDATE
            SET attributes = o.attributes || excluded.attributes, updated_at = excluded.updated_at
            WHERE o.attributes || excluded.attributes <> o.attributes
        RETURNING (o.xmax = 0) AS is_new)
    SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new) FROM merged"""

# LATERAL … LIMIT: each object by its key, whatever the planner thinks of tables that were never analysed.
_RELATED = """
    WITH merged AS (
        INSERT INTO campaigns_relationship AS r (object_id, person_id, attributes, since)
        SELECT o.id, given.person_id, given.attributes, %(now)s
        FROM unnest(%(types)s::bigint[], %(ids)s::text[], %(people)s::bigint[], %(attributes)s::jsonb[])
            AS given (type_id, external_id, person_id, attributes)
        CROSS JOIN LATERAL (SELECT id FROM campaigns_relatedobject
            WHERE type_id = given.type_id AND external_id = given.external_id LIMIT 1) o
        ORDER BY o.id, given.person_id
        ON CONFLICT (object_id, person_id) DO UPDATE SET attributes = r.attributes || excluded.attributes
            WHERE r.attributes || excluded.attributes <> r.attributes
        RETURNING 1)
    SELECT count(*) FROM merged"""


def merge_objects(
    workspace: Workspace, rows: Sequence[ObjectRow], now: datetime, report: ObjectsReport
) -> None:
    """Write objects and relationships in the caller's transaction and add what became of them to the report.

    `rows` name each object once and at most 50,000 relationships.
    """
    known = known_people(workspace, {person for row in rows for person in row.people})
    types = _types(workspace, rows)
    taken = _accepted(rows, known, types, report)
    if not taken:
        return
    values: dict[str, Any] = {
        "now": now, "types": [types[row.type.lower()] for row in taken], "ids": [row.external_id for row in taken],
        "attributes": [row.attributes for row in taken],
    }  # fmt: skip
    links = [(row, person, text) for row in taken for person, text in row.people.items()]
    with connection.cursor() as cursor:
        cursor.execute(_OBJECTS, values)
        created, updated = cursor.fetchone()
        if links:
            values |= {
                "types": [types[row.type.lower()] for row, _, _ in links],
                "ids": [row.external_id for row, _, _ in links],
                "people": [known[person] for _, person, _ in links],
                "attributes": [text for _, _, text in links],
            }
            cursor.execute(_RELATED, values)
            report.related += cursor.fetchone()[0]
    report.created += created
    report.updated += updated
    report.unchanged += len(taken) - created - updated


def _accepted(
    rows: Sequence[ObjectRow], known: Collection[str], types: Collection[str], report: ObjectsReport
) -> list[ObjectRow]:
    """The rows that can be written; the others are reported with what the database has not."""
    taken = []
    for row in rows:
        errors = {
            f"people.{place}.external_id": f"Nobody in this workspace has the external id “{name[:60]}”."
            for place, name in enumerate(row.people)
            if name not in known
        }
        if row.type.lower() not in types:
            errors["type"] = f"A workspace has at most {MOST_TYPES} types of objects."
        if errors:
            report.rejected.append({"index": row.index, "errors": errors})
        else:
            taken.append(row)
    return taken


def known_people(workspace: Workspace, external_ids: Collection[str]) -> dict[str, int]:
    """Who of these is in the workspace: external id → id."""
    wanted = sorted(external_ids)
    found = Person.objects.filter(workspace=workspace, external_id__in=wanted)
    return dict(found.values_list("external_id", "pk")) if wanted else {}


def _types(workspace: Workspace, rows: Sequence[ObjectRow]) -> dict[str, int]:
    """Types by name in lower case; those that are new are made, as long as there is room."""
    there = {
        name.lower(): pk
        for name, pk in ObjectType.objects.filter(workspace=workspace).values_list("name", "pk")
    }
    # As the first row writes it.
    named = {row.type.lower(): row.type for row in reversed(rows)}
    new = [named[name] for name in dict.fromkeys(row.type.lower() for row in rows) if name not in there]
    ObjectType.objects.bulk_create(
        [ObjectType(workspace=workspace, name=name) for name in new[: max(0, MOST_TYPES - len(there))]],
        ignore_conflicts=True,
    )
    if not new:
        return there
    found = ObjectType.objects.filter(workspace=workspace).values_list("name", "pk")
    return {name.lower(): pk for name, pk in found}


def as_text(attributes: Mapping[str, Any]) -> str:
    """Attributes as one line for lists: “plan: gold, size: 12”."""
    return ", ".join(f"{name}: {_shown(value)}" for name, value in sorted(attributes.items()))


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

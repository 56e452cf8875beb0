"""People and manual lists as programs and pages change them: upserts of many, lists made and filled."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from campaigns.domain.addresses import AddressError, PhoneReader, normalise_email, normalise_timezone
from campaigns.domain.headers import FIELDS, LONGEST_KEY
from campaigns.domain.people import LONGEST_ATTRIBUTES, LONGEST_EXTERNAL_ID, PersonRow
from campaigns.models import Person, Segment, SegmentMember, User, Workspace
from campaigns.services.errors import Invalid
from campaigns.services.people_merging import merge_people

MOST_AT_ONCE = 10_000
_KNOWN = {*FIELDS, "attributes"}


@dataclass(slots=True)
class UpsertReport:
    """What became of the people of one call, as the API answers it."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: list[dict[str, Any]] = field(default_factory=list)
    """`{"index": position in the call, "errors": {field: message}}`, in the call's order."""


@dataclass(slots=True)
class ListReport:
    """What became of the external ids that were to go on a list."""

    added: int
    already_there: int
    unknown: list[str]
    """External ids that nobody in the workspace has, in the call's order."""


class RowRejected(Exception):
    def __init__(self, errors: dict[str, str]) -> None:
        self.errors = errors


def upsert_people(
    workspace: Workspace, rows: Sequence[Mapping[str, Any]], now: datetime | None = None
) -> UpsertReport:
    """Create or update people by `external_id`; one bad person never stops the others.

    Each row has `external_id` and any of `email`, `phone`, `timezone`, `attributes` (merged key by key). What is
    absent, null or "" stays as it is. Unlike a file, a program is told of an unusable address at once: its row is
    rejected. An address is not required: in-app messages and webhooks need none. Raises `Invalid` beyond 10,000 rows.
    """
    if len(rows) > MOST_AT_ONCE:
        raise Invalid(f"At most {MOST_AT_ONCE:,} people in one call; this one has {len(rows):,}.")
    phones = PhoneReader(workspace.default_region)
    report = UpsertReport()
    people: dict[str, PersonRow] = {}
    indexes: dict[str, int] = {}
    for index, row in enumerate(rows):
        try:
            person = _read(row, phones)
            if person.external_id in people:
                earlier = indexes[person.external_id]
                raise RowRejected(
                    {"external_id": f"“{person.external_id}” is already at index {earlier} of this call."}
                )
        except RowRejected as rejected:
            report.rejected.append({"index": index, "errors": rejected.errors})
        else:
            people[person.external_id], indexes[person.external_id] = person, index
    with transaction.atomic():
        counts = merge_people(workspace.pk, list(people.values()), now or timezone.now())
    report.created, report.updated, report.unchanged = counts
    return report


def _read(row: Mapping[str, Any], phones: PhoneReader) -> PersonRow:
    """The person of one row of a call. Raises `RowRejected` with every error at once."""
    if not isinstance(row, Mapping):
        raise RowRejected(
            {"": 'A person is an object like {"external_id": "42", "email": "name@example.org"}.'}
        )
    errors = {
        str(key): f"There is no such field; there are {', '.join(sorted(_KNOWN))}."
        for key in row
        if key not in _KNOWN
    }
    external_id = read_word(row, "external_id", errors)
    if not external_id and "external_id" not in errors:
        errors["external_id"] = "Required: it says who the person is."
    elif len(external_id) > LONGEST_EXTERNAL_ID:
        errors["external_id"] = (
            f"At most {LONGEST_EXTERNAL_ID} characters; this one has {len(external_id):,}."
        )
    extension = ""
    stored = {"email": "", "phone": "", "timezone": ""}
    for name in stored:
        if given := read_word(row, name, errors):
            try:
                if name == "phone":
                    stored[name], extension = phones.read(given)
                else:
                    stored[name] = (normalise_email if name == "email" else normalise_timezone)(given)
            except AddressError as error:
                errors[name] = str(error)
    attributes = read_attributes(row.get("attributes"), extension, errors)
    if errors:
        raise RowRejected(errors)
    return PersonRow(external_id, stored["email"], stored["phone"], stored["timezone"], attributes)


def read_word(row: Mapping[str, Any], name: str, errors: dict[str, str]) -> str:
    """The value as text; numbers are taken for the ids and phone numbers that they often are."""
    value = row.get(name)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        errors[name] = f"Must be text, not {type(value).__name__}."
        return ""
    text = str(value).strip()
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        errors[name] = "Contains a character that no text may hold."
        return ""
    return text


def read_attributes(given: Any, extension: str, errors: dict[str, str]) -> str:
    """JSON text of the attributes, checked for what the database could not hold."""
    if given is None:
        given = {}
    if not isinstance(given, Mapping):
        errors["attributes"] = 'Must be an object like {"plan": "gold"}.'
        return ""
    for key in given:
        if not key or len(str(key)) > LONGEST_KEY:
            errors["attributes"] = f"An attribute's key has 1 to {LONGEST_KEY} characters."
    values = {**given, "phone_extension": extension} if extension else given
    try:
        text = json.dumps(values, ensure_ascii=False, allow_nan=False)
        text.encode()
    except (TypeError, ValueError, RecursionError):
        errors["attributes"] = "Holds a value that JSON cannot carry."
        return ""
    if "\\u0000" in text:
        errors["attributes"] = "Contains a NUL character, which no text may hold."
    elif len(text) > LONGEST_ATTRIBUTES:
        errors["attributes"] = f"At most {LONGEST_ATTRIBUTES:,} characters as JSON; these have {len(text):,}."
    return text


def read_list_name(name: str) -> str:
    """The name of a list or segment as it is kept. Raises `Invalid` (field `name`) for an empty or over-long one."""
    name = " ".join(str(name or "").replace("\0", "").split())
    longest = Segment._meta.get_field("name").max_length or 0
    if not name:
        raise Invalid.field("name", "A list needs a name.")
    if len(name) > longest:
        raise Invalid.field("name", f"At most {longest} characters; this one has {len(name)}.")
    return name


def create_list(workspace: Workspace, name: str, user: User | None = None) -> Segment:
    """A new, empty manual list. Raises `Invalid` (field `name`) for an empty, over-long or taken name."""
    name = read_list_name(name)
    try:
        with transaction.atomic():
            return Segment.objects.create(
                workspace=workspace, name=name, kind=Segment.MANUAL, created_by=user
            )
    except IntegrityError:
        raise Invalid.field("name", f"There is already a list or segment called “{name}”.") from None


def add_to_list(segment: Segment, external_ids: Sequence[str], now: datetime | None = None) -> ListReport:
    """Put people on a manual list by external id; who is on it already stays since when they were.

    Raises `Invalid` for a segment that is no manual list and beyond 10,000 ids.
    """
    if segment.kind != Segment.MANUAL:
        raise Invalid.field("segment", f"“{segment.name}” is not a manual list; nobody can be added by hand.")
    if len(external_ids) > MOST_AT_ONCE:
        raise Invalid.field(
            "external_ids", f"At most {MOST_AT_ONCE:,} in one call; here are {len(external_ids):,}."
        )
    wanted = list(dict.fromkeys(str(external_id).strip().replace("\0", "") for external_id in external_ids))
    people = Person.objects.filter(workspace_id=segment.workspace_id, external_id__in=wanted)
    known = dict(people.values_list("external_id", "id"))
    with transaction.atomic():
        before = segment.members.filter(person_id__in=known.values()).count()
        since = now or timezone.now()
        SegmentMember.objects.bulk_create(
            [
                SegmentMember(segment=segment, person_id=person, since=since)
                for person in sorted(known.values())
            ],
            ignore_conflicts=True,
        )
        after = segment.members.filter(person_id__in=known.values()).count()
    unknown = [external_id for external_id in wanted if external_id not in known]
    return ListReport(after - before, before, unknown)


def count_members(segment: Segment) -> int:
    """How many people belong to a list or segment now."""
    if segment.kind == Segment.EVERYONE:
        return Person.objects.filter(workspace_id=segment.workspace_id).count()
    return segment.members.count()

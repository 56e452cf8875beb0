"""Events as programs send them: read one by one, so that a bad one never stops the others, and kept in one statement."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from campaigns.domain import states as s
from campaigns.domain import triggers
from campaigns.domain.deliveries import API, LONGEST_NAME, type_of
from campaigns.engine import events
from campaigns.models import Campaign, Person, Workspace
from campaigns.services import handover
from campaigns.services.actors import Actor
from campaigns.services.errors import Forbidden, Invalid, NotAllowed, NotFound
from campaigns.services.parameters import read_time

MOST_AT_ONCE = 10_000
LONGEST_ID = 150
LONGEST_PROPERTIES = 20_000
#: Clocks of other machines may be a little ahead; what is later than that is a mistake.
AHEAD = timedelta(minutes=5)
_KNOWN = ("external_id", "name", "properties", "occurred_at", "id")
_OF_TRIGGER = ("external_id", "properties")


#: How somebody is called, and what: ("email", "grace@example.test").
Who = tuple[str, str]


@dataclass(slots=True)
class EventsReport:
    """What became of the events of one call; ``duplicates`` have an id that was taken before."""

    created: int = 0
    duplicates: int = 0
    rejected: list[dict[str, Any]] = field(default_factory=list)
    """`{"index": position in the call, "errors": {field: message}}`, in the call's order."""


class Rejected(Exception):
    """One item cannot be taken: which field, and what would be right."""

    def __init__(self, name: str, problem: str) -> None:
        self.errors = {name: problem}


def take_events(workspace: Workspace, items: Sequence[Any], now: datetime) -> EventsReport:
    """Keep what people did: ``external_id``, ``name``, and ``properties``, ``occurred_at``, ``id`` where given.

    An event whose ``id`` the workspace has already is a duplicate: it counts once. Raises `Invalid` beyond 10,000.
    """
    return take(workspace, items, now, _event)


def trigger(campaign_id: int, actor: Actor, items: Sequence[Any], now: datetime) -> EventsReport:
    """Send a message that is delivered by API to these people: ``external_id`` and, where given, ``properties``.

    Of a journey with a webhook trigger: let them in. Raises `NotFound`, `Forbidden`, `NotAllowed` where the campaign is not
    running or not triggered so, `Invalid`.
    """
    membership = actor.membership
    if membership is None or not membership.may("edit_campaigns"):
        raise Forbidden("Your role in this workspace may not do that.")
    with transaction.atomic():
        campaign = Campaign.objects.visible_to(membership).filter(pk=campaign_id).first()
        if campaign is None:
            raise NotFound("There is no such campaign in this workspace.")
        if not _is_triggered(campaign):
            raise NotAllowed(
                "Only a message that is delivered by API, or a journey with a webhook trigger, can be triggered."
            )
        if not events.hold_running(campaign.pk):
            raise NotAllowed(
                f"It is {campaign.look.label}: a trigger works only while it is {_running(campaign)}."
            )
        report = take(membership.workspace, items, now, _triggered(campaign))
        transaction.on_commit(lambda: handover.ring_campaign(campaign.pk))
    return report


def _is_triggered(campaign: Campaign) -> bool:
    if campaign.kind == "journey":
        return triggers.type_of(campaign.trigger) == triggers.WEBHOOK
    return campaign.kind == "message" and type_of(campaign.delivery) == API


def _running(campaign: Campaign) -> str:
    return campaign.lifecycle.look(s.RUNNING).label


def _triggered(campaign: Campaign) -> Any:
    def read(item: Any, now: datetime) -> dict[str, Any]:
        known_keys(item, _OF_TRIGGER)
        return {
            "who": ("external_id", read_name(item, "external_id", LONGEST_ID, "It says who the person is.")),
            "name": events.trigger_name(campaign.pk), "properties": read_properties(item), "occurred_at": now,
            "event_id": "",
        }  # fmt: skip

    return read


def _event(item: Any, now: datetime) -> dict[str, Any]:
    known_keys(item, _KNOWN)
    name = read_name(item, "name", LONGEST_NAME, "It says what the person did.")
    if name.startswith("$"):
        raise Rejected("name", "Names that begin with $ are the console's own.")
    return {
        "who": ("external_id", read_name(item, "external_id", LONGEST_ID, "It says who the person is.")),
        "name": name, "properties": read_properties(item), "occurred_at": read_moment(item, now),
        "event_id": read_name(item, "id", LONGEST_ID),
    }  # fmt: skip


def take(workspace: Workspace, items: Sequence[Any], now: datetime, read: Any) -> EventsReport:
    """Keep what ``read`` makes of the items: ``who``, name, properties (JSON text), event_id and occurred_at of each."""
    if len(items) > MOST_AT_ONCE:
        raise Invalid(f"At most {MOST_AT_ONCE:,} in one call; this one has {len(items):,}.")
    report, rows = EventsReport(), []
    for index, item in enumerate(items):
        try:
            rows.append({**read(item, now), "index": index})
        except Rejected as rejected:
            report.rejected.append({"index": index, "errors": rejected.errors})
    people = _people(workspace, {row["who"] for row in rows})
    known = []
    for row in rows:
        found = people.get(row["who"], [])
        if len(found) == 1:
            known.append({**row, "person_id": found[0]})
        else:
            report.rejected.append({"index": row["index"], "errors": _not_one(row["who"], len(found))})
    report.rejected.sort(key=lambda rejected: rejected["index"])
    report.created = events.insert_events(workspace, known, now) if known else 0
    report.duplicates = len(known) - report.created
    return report


def _people(workspace: Workspace, wanted: set[Who]) -> dict[Who, list[int]]:
    """The ids of those who are called so; a query for each way of calling them."""
    found: dict[Who, list[int]] = {}
    for name in {name for name, _ in wanted}:
        called = {f"{name}__in": {value for one, value in wanted if one == name}}
        rows = Person.objects.filter(workspace=workspace, **called)
        for value, pk in rows.values_list(name, "pk"):
            found.setdefault((name, value), []).append(pk)
    return found


def _not_one(who: Who, number: int) -> dict[str, str]:
    name, value = who
    label = name.replace("_", " ")
    if number == 0:
        return {name: f"Nobody in this workspace has the {label} “{value[:60]}”."}
    return {name: f"{number} people have the {label} “{value[:60]}”; say which by the external_id."}


def known_keys(item: Any, keys: tuple[str, ...]) -> None:
    """Refuse what is no object, and keys that nobody knows."""
    if not isinstance(item, Mapping):
        raise Rejected("", f"Each must be an object with {', '.join(keys)}.")
    for key in item:
        if key not in keys:
            raise Rejected(str(key)[:60], f"There is no such field; there are {', '.join(keys)}.")


def read_name(item: Mapping[str, Any], name: str, longest: int, needed: str = "") -> str:
    """The value as text; numbers are taken for the ids that they often are."""
    value = item.get(name)
    if value is None:
        value = ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Rejected(name, f"Must be text, not {type(value).__name__}.")
    text = str(value).strip()
    if needed and not text:
        raise Rejected(name, f"Required: {needed[0].lower()}{needed[1:]}")
    if len(text) > longest:
        raise Rejected(name, f"At most {longest} characters; this one has {len(text):,}.")
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise Rejected(name, "Contains a character that no text may hold.")
    return text


def read_properties(item: Mapping[str, Any]) -> str:
    """The properties as JSON text, checked for what the database could not hold."""
    given = item.get("properties")
    if given is None:
        return "{}"
    if not isinstance(given, Mapping):
        raise Rejected("properties", 'Must be an object like {"amount": 12}.')
    try:
        text = json.dumps(given, ensure_ascii=False, allow_nan=False)
        text.encode()
    except (TypeError, ValueError, RecursionError):
        raise Rejected("properties", "Holds a value that JSON cannot carry.") from None
    if "\\u0000" in text:
        raise Rejected("properties", "Contains a NUL character, which no text may hold.")
    if len(text) > LONGEST_PROPERTIES:
        raise Rejected("properties", f"At most {LONGEST_PROPERTIES:,} characters; these have {len(text):,}.")
    return text


def read_moment(item: Mapping[str, Any], now: datetime) -> datetime:
    """When it happened; now where nothing is said."""
    try:
        moment = read_time(item, "occurred_at")
    except Invalid as error:
        raise Rejected("occurred_at", error.message) from None
    if moment is not None and moment > now + AHEAD:
        raise Rejected("occurred_at", "It is still to come; an event is something that has happened.")
    return min(moment, now) if moment else now

"""Events as programs send them: read one by one, so that a bad one never stops the others, and kept in one statement."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from campaigns.domain import states as s
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


@dataclass(slots=True)
class EventsReport:
    """What became of the events of one call; ``duplicates`` have an id that was taken before."""

    created: int = 0
    duplicates: int = 0
    rejected: list[dict[str, Any]] = field(default_factory=list)
    """`{"index": position in the call, "errors": {field: message}}`, in the call's order."""


class _Rejected(Exception):
    def __init__(self, name: str, problem: str) -> None:
        self.errors = {name: problem}


def take_events(workspace: Workspace, items: Sequence[Any], now: datetime) -> EventsReport:
    """Keep what people did: ``external_id``, ``name``, and ``properties``, ``occurred_at``, ``id`` where given.

    An event whose ``id`` the workspace has already is a duplicate: it counts once. Raises `Invalid` beyond 10,000.
    """
    return _take(workspace, items, now, _event)


def trigger(campaign_id: int, actor: Actor, items: Sequence[Any], now: datetime) -> EventsReport:
    """Send a message that is delivered by API to these people: ``external_id`` and, where given, ``properties``.

    Raises `NotFound`, `Forbidden`, `NotAllowed` where the campaign is not running or not delivered by API, `Invalid`.
    """
    membership = actor.membership
    if membership is None or not membership.may("edit_campaigns"):
        raise Forbidden("Your role in this workspace may not do that.")
    with transaction.atomic():
        campaign = Campaign.objects.visible_to(membership).filter(pk=campaign_id).first()
        if campaign is None:
            raise NotFound("There is no such campaign in this workspace.")
        if campaign.kind != "message" or type_of(campaign.delivery) != API:
            raise NotAllowed("Only a message that is delivered by API has a trigger; this one is not.")
        if not events.hold_running(campaign.pk):
            raise NotAllowed(
                f"It is {campaign.look.label}: a trigger sends only while it is {_running(campaign)}."
            )
        report = _take(membership.workspace, items, now, _triggered(campaign))
        transaction.on_commit(lambda: handover.ring_campaign(campaign.pk))
    return report


def _running(campaign: Campaign) -> str:
    return campaign.lifecycle.look(s.RUNNING).label


def _triggered(campaign: Campaign) -> Any:
    def read(item: Any, now: datetime) -> dict[str, Any]:
        _known(item, _OF_TRIGGER)
        return {
            "external_id": _text(item, "external_id", LONGEST_ID, "It says who the person is."),
            "name": events.trigger_name(campaign.pk), "properties": _properties(item), "occurred_at": now, "event_id": "",
        }  # fmt: skip

    return read


def _event(item: Any, now: datetime) -> dict[str, Any]:
    _known(item, _KNOWN)
    name = _text(item, "name", LONGEST_NAME, "It says what the person did.")
    if name.startswith("$"):
        raise _Rejected("name", "Names that begin with $ are the console's own.")
    return {
        "external_id": _text(item, "external_id", LONGEST_ID, "It says who the person is."),
        "name": name, "properties": _properties(item), "occurred_at": _time(item, now),
        "event_id": _text(item, "id", LONGEST_ID),
    }  # fmt: skip


def _take(workspace: Workspace, items: Sequence[Any], now: datetime, read: Any) -> EventsReport:
    if len(items) > MOST_AT_ONCE:
        raise Invalid(f"At most {MOST_AT_ONCE:,} in one call; this one has {len(items):,}.")
    report, rows = EventsReport(), []
    for index, item in enumerate(items):
        try:
            rows.append({**read(item, now), "index": index})
        except _Rejected as rejected:
            report.rejected.append({"index": index, "errors": rejected.errors})
    wanted = {row["external_id"] for row in rows}
    people = dict(
        Person.objects.filter(workspace=workspace, external_id__in=wanted).values_list("external_id", "pk")
    )
    known = []
    for row in rows:
        if row["external_id"] in people:
            known.append({**row, "person_id": people[row["external_id"]]})
        else:
            errors = {
                "external_id": f"Nobody in this workspace has the external id “{row['external_id'][:60]}”."
            }
            report.rejected.append({"index": row["index"], "errors": errors})
    report.rejected.sort(key=lambda rejected: rejected["index"])
    report.created = events.insert_events(workspace, known, now) if known else 0
    report.duplicates = len(known) - report.created
    return report


def _known(item: Any, keys: tuple[str, ...]) -> None:
    if not isinstance(item, Mapping):
        raise _Rejected("", f"Each must be an object with {', '.join(keys)}.")
    for key in item:
        if key not in keys:
            raise _Rejected(str(key)[:60], f"There is no such field; there are {', '.join(keys)}.")


def _text(item: Mapping[str, Any], name: str, longest: int, needed: str = "") -> str:
    value = item.get(name)
    if value is None:
        value = ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise _Rejected(name, f"Must be text, not {type(value).__name__}.")
    text = str(value).strip()
    if needed and not text:
        raise _Rejected(name, f"Required: {needed[0].lower()}{needed[1:]}")
    if len(text) > longest:
        raise _Rejected(name, f"At most {longest} characters; this one has {len(text):,}.")
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise _Rejected(name, "Contains a character that no text may hold.")
    return text


def _properties(item: Mapping[str, Any]) -> str:
    given = item.get("properties")
    if given is None:
        return "{}"
    if not isinstance(given, Mapping):
        raise _Rejected("properties", 'Must be an object like {"amount": 12}.')
    try:
        text = json.dumps(given, ensure_ascii=False, allow_nan=False)
        text.encode()
    except (TypeError, ValueError, RecursionError):
        raise _Rejected("properties", "Holds a value that JSON cannot carry.") from None
    if "\\u0000" in text:
        raise _Rejected("properties", "Contains a NUL character, which no text may hold.")
    if len(text) > LONGEST_PROPERTIES:
        raise _Rejected("properties", f"At most {LONGEST_PROPERTIES:,} characters; these have {len(text):,}.")
    return text


def _time(item: Mapping[str, Any], now: datetime) -> datetime:
    try:
        moment = read_time(item, "occurred_at")
    except Invalid as error:
        raise _Rejected("occurred_at", error.message) from None
    if moment is not None and moment > now + AHEAD:
        raise _Rejected("occurred_at", "It is still to come; an event is something that has happened.")
    return min(moment, now) if moment else now

"""Calls of webhook triggers: another program says that something has happened to people, and they enter.

A call is kept as events of a name of its own, in the transaction in which it is answered: what was acknowledged is not
lost, and the engine lets each in once. Nobody is made by a call: whoever knows the URL can start journeys of people that
are there, and nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from campaigns.domain.addresses import AddressError, PhoneReader, normalise_email
from campaigns.domain.programs import programs_of
from campaigns.domain.triggers import WEBHOOK, trigger_name, type_of
from campaigns.engine.events import hold_running
from campaigns.models import Entrance
from campaigns.services import handover
from campaigns.services.actions import lock, record
from campaigns.services.actors import Actor
from campaigns.services.entrances import hook_url, new_token
from campaigns.services.errors import Forbidden, Invalid, NotAllowed, NotFound
from campaigns.services.events import (
    LONGEST_ID,
    EventsReport,
    Rejected,
    Who,
    known_keys,
    read_moment,
    read_name,
    read_properties,
    take,
)

_NAMES = ("external_id", "email", "phone")
_KNOWN = (*_NAMES, "properties", "occurred_at", "id")
_LONGEST_KEY = 255


def take_call(token: str, body: Any, key: str, now: datetime) -> EventsReport:
    """Keep a call: a person, or a list of them, with properties; ``id`` of each or the call's ``key`` counts once.

    Raises `NotFound` for a token that nobody has, `NotAllowed` where nobody may enter now, `Invalid`.
    """
    if len(key) > _LONGEST_KEY:
        raise Invalid(f"An Idempotency-Key has at most {_LONGEST_KEY} characters.")
    items = body if isinstance(body, list) else [body]
    if not items:
        raise Invalid("Send a person, or a list of at least one.")
    with transaction.atomic():
        entrance = _entrance(token)
        campaign = entrance.campaign
        if not hold_running(campaign.pk) or entrance.since is None:
            raise NotAllowed(f"“{campaign.name}” is {campaign.look.label}: nobody can enter it now.")
        report = take(campaign.workspace, items, now, _reader(entrance, key))
        transaction.on_commit(lambda: handover.ring_campaign(campaign.pk))
    return report


def _entrance(token: str) -> Entrance:
    found = (
        Entrance.objects.select_related("campaign__workspace").filter(token=token).first() if token else None
    )
    campaign = found.campaign if found else None
    if found is None or campaign is None or campaign.deleted_at is not None:
        raise NotFound("No campaign has a webhook of this address.")
    kinds = {program.flow: type_of(program.trigger) for program in programs_of(campaign)}
    if kinds.get(found.flow) != WEBHOOK:
        raise NotFound("No campaign has a webhook of this address.")
    return found


def _reader(entrance: Entrance, key: str) -> Any:
    """Reads one item after the other; the call's key counts for each by its place."""
    name, phones, place = (
        trigger_name(entrance.campaign_id, entrance.flow),
        PhoneReader(entrance.campaign.workspace.default_region),
        iter(range(10**9)),
    )

    def read(item: Any, now: datetime) -> dict[str, Any]:
        number = next(place)
        known_keys(item, _KNOWN)
        own = read_name(item, "id", LONGEST_ID)
        told_apart = f"id:{own}" if own else f"key:{number}:{key}" if key else ""
        return {
            "who": _who(item, phones), "name": name, "properties": read_properties(item),
            "occurred_at": read_moment(item, now), "event_id": _event_id(entrance, told_apart),
        }  # fmt: skip

    return read


def _event_id(entrance: Entrance, told_apart: str) -> str:
    """An id among those of all events of the workspace, as long as one may be."""
    if not told_apart:
        return ""
    digest = hashlib.sha256(told_apart.encode()).hexdigest()
    return f"$webhook:{entrance.pk}:{digest}"


def _who(item: Mapping[str, Any], phones: PhoneReader) -> Who:
    given = [name for name in _NAMES if item.get(name) not in (None, "")]
    if len(given) != 1:
        raise Rejected("external_id", f"Say who it is by exactly one of {', '.join(_NAMES)}.")
    name = given[0]
    value = read_name(item, name, 254, "It says who the person is.")
    try:
        if name == "email":
            return name, normalise_email(value)
        if name == "phone":
            return name, phones.read(value)[0]
    except AddressError as error:
        raise Rejected(name, str(error)) from None
    return name, value


def rotate(campaign_id: int, actor: Actor, flow: str, now: datetime) -> str:
    """Give a webhook another address, from now on the only one; answers it. Raises `NotFound`, `Forbidden`, `NotAllowed`."""
    if actor.membership is None or not actor.membership.may("edit_campaigns"):
        raise Forbidden("Your role in this workspace may not do that.")
    with transaction.atomic():
        campaign = lock(campaign_id, actor)
        kinds = {program.flow: type_of(program.trigger) for program in programs_of(campaign)}
        if kinds.get(flow) != WEBHOOK:
            raise NotAllowed("It has no webhook there: only a trigger of type webhook has an address.")
        entrance = Entrance.objects.get(campaign=campaign, flow=flow)
        entrance.token = new_token()
        entrance.save(update_fields=["token"])
        record(actor, campaign, "new_webhook_url", campaign.status, "", {"flow": flow}, now)
    return hook_url(entrance.token)

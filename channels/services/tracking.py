"""Opens and clicks: what a visit of a tracked address means, and where a link leads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count

from channels.domain.templating import TemplateProblem, personalise
from channels.domain.tracking import PIXEL, is_program
from channels.engine.receiving import Visit, store_visit
from channels.engine.tokens import read_tracking
from channels.models import ReceivedEvent

_CONTROL = re.compile(r"[\x00-\x20\x7f]+")

_FIND = """
SELECT link.url, campaign.id, campaign.name, person.external_id, person.email, person.phone, person.timezone,
    person.attributes
FROM channels_delivery AS delivery
JOIN channels_channel AS channel ON channel.id = delivery.channel_id
JOIN campaigns_campaign AS campaign ON campaign.id = channel.campaign_id
JOIN channels_link AS link ON link.channel_id = channel.id AND link.key = %s
LEFT JOIN campaigns_person AS person ON person.id = delivery.person_id
WHERE delivery.id = %s
"""


@dataclass(frozen=True, slots=True)
class Visited:
    """What to answer a visit with: the pixel, or a redirect."""

    url: str = ""


def visit(token: str, headers: Mapping[str, str], now: datetime, *, counts: bool = True) -> Visited | None:
    """Note a visit (unless it does not count) and say what it gets; None for an address that we have not made."""
    read = read_tracking(token)
    if read is None:
        return None
    delivery_id, key = read
    found = Visited() if key == PIXEL else _destination(delivery_id, key)
    if found is not None and counts:
        kind = "opened" if key == PIXEL else "clicked"
        link = "" if key == PIXEL else key
        agent = headers.get("user-agent", "")[:300]
        store_visit(Visit(kind, delivery_id, link, is_program(headers), agent), now)
    return found


def _destination(delivery_id: int, key: str) -> Visited | None:
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [key, delivery_id])
        row = cursor.fetchone()
    if row is None:
        return None
    url, campaign_id, campaign_name, *own, attributes = row
    if "{{" in url:
        url = _personal(url, {"id": campaign_id, "name": campaign_name}, own, attributes)
    return Visited(_CONTROL.sub("", url))


def _personal(url: str, campaign: dict[str, Any], own: list[Any], attributes: Any) -> str:
    attributes = json.loads(attributes) if isinstance(attributes, str) else attributes
    names = ("external_id", "email", "phone", "timezone")
    person = {**(attributes or {}), **dict(zip(names, own, strict=True))}
    try:
        return personalise(url, {"campaign": campaign, "person": person})
    except TemplateProblem:
        # Somebody's values do not fit: better the page itself than an error.
        return url.partition("{{")[0]


def program_visits(channel_ids: Iterable[int]) -> dict[int, dict[str, int]]:
    """Channel id → how often programs opened and clicked: ``{"opened": n, "clicked": n}``; in no other count."""
    rows = ReceivedEvent.objects.filter(channel_id__in=list(channel_ids), bot=True)
    found: dict[int, dict[str, int]] = {}
    for channel_id, kind, number in rows.values_list("channel_id", "kind").annotate(n=Count("pk")).order_by():
        found.setdefault(channel_id, {})[kind] = number
    return found

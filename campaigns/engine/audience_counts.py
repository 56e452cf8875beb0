"""How many people an audience has now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from campaigns.engine.audience import EVERYBODY, Audience, audience_of, audiences_of
from campaigns.models import Campaign


def count_people(audience: Audience) -> int:
    """How many people belong to it now."""
    with connection.cursor() as cursor:
        cursor.execute(audience.size(), audience.params)
        return int(cursor.fetchone()[0])


def at_least(campaigns: Sequence[Campaign], number: int, now: datetime | None = None) -> set[int]:
    """The ids of those whose audience has so many people now; one query for the lists, one for all counts.

    Nobody is counted beyond ``number``, and an audience that several campaigns share is counted once.
    """
    by_campaign = audiences_of(campaigns, now)
    distinct = list(dict.fromkeys(found for found in by_campaign.values() if found is not None))
    if not distinct:
        return set()
    parts, values = [], {**EVERYBODY, "number": number}
    for index, found in enumerate(distinct):
        names = {name: f"a{index}_{name}" for name in found.params}
        values |= {names[name]: value for name, value in found.params.items()}
        keep = {name: f"%({name})s" for name in ("after", "upto")}
        people = found.people() % ({name: f"%({alias})s" for name, alias in names.items()} | keep)
        parts.append(f"SELECT {index}, (SELECT count(*) FROM (SELECT 1 {people} LIMIT %(number)s) AS few)")
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), values)
        large = {distinct[index] for index, people in cursor.fetchall() if people >= number}
    return {pk for pk, found in by_campaign.items() if found in large}


def count(campaign: Campaign) -> int:
    """How many people the campaign's audience has now; 0 where nobody has been chosen yet."""
    audience = audience_of(campaign)
    return count_people(audience) if audience else 0

"""Who a campaign is for, as SQL: a list, everyone, who meets a condition, or for journeys a segment trigger over lists.

Everything here is a condition or a source for a set-based statement; nobody is ever loaded.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any

from django.db import connection
from django.utils import timezone

from campaigns.domain.condition_reading import parse_condition
from campaigns.domain.conditions import names_in
from campaigns.engine.conditions import Where, compile_condition
from campaigns.models import Campaign, Segment

#: At the end of a subquery: look each row up by index. Left to itself the planner may read the whole of a large table
#: into a hash, anew for every chunk.
BY_INDEX = "OFFSET 0"

#: A person's memberships are looked up by the person, never by the list: for a list that was filled a moment ago the
#: planner expects one member, thinks any index that begins with the list as good as any other, and may walk the whole
#: list once for every person. ``+ 0`` leaves it no such index.
_IN = "{member}.person_id = {person}.id AND {member}.segment_id + 0 = ANY(%({lists})s)"


@dataclass(frozen=True, slots=True)
class Audience:
    """People of a workspace: in one list of every group (*and* of *or*), and in none of ``without``.

    No group means everyone. The SQL below names a person by the alias that is asked for and takes its values from
    `params`; ``after`` and ``upto`` (person ids) are the caller's.
    """

    workspace_id: int
    groups: tuple[tuple[int, ...], ...] = ()
    without: tuple[int, ...] = ()
    nobody: bool = False
    #: What is asked of people beside their lists, as JSON and as SQL. The JSON tells audiences apart.
    conditions: str = ""
    where: Where | None = field(default=None, compare=False)

    @property
    def params(self) -> dict[str, Any]:
        """The values of all SQL of this audience."""
        values: dict[str, Any] = {"workspace": self.workspace_id, "without": list(self.without)}
        if self._walked is not None:
            values["list"] = self.groups[self._walked][0]
        if self.where is not None:
            values |= self.where.params
        return values | {f"group_{index}": list(group) for index, group in enumerate(self.groups)}

    @property
    def lists(self) -> tuple[int, ...]:
        """Every list that people may enter by."""
        return tuple(dict.fromkeys(pk for group in self.groups for pk in group))

    @property
    def _walked(self) -> int | None:
        """The group that is a single list: walking that list is cheaper than walking the workspace."""
        return next((index for index, group in enumerate(self.groups) if len(group) == 1), None)

    def has(self, person: str) -> str:
        """Whether the person with this alias belongs to it."""
        return f"{person}.workspace_id = %(workspace)s AND {self._conditions(person, but=None)}"

    def _conditions(self, person: str, but: int | None, *, by_index: bool = True) -> str:
        conditions = [
            f"EXISTS (SELECT 1 FROM campaigns_segmentmember m{index}"
            f" WHERE {_is_in(f'm{index}', person, f'group_{index}')} {BY_INDEX})"
            for index in range(len(self.groups))
            if index != but
        ]
        if self.without:
            conditions.append(
                "NOT EXISTS (SELECT 1 FROM campaigns_segmentmember out"
                f" WHERE {_is_in('out', person, 'without')} {BY_INDEX})"
            )
        if self.nobody:
            conditions.append("false")
        if self.where is not None:
            conditions.append(self.where.sql(person, by_index=by_index))
        return " AND ".join(conditions) or "true"

    def people(self, person: str = "p", join: str = "") -> str:
        """``FROM … WHERE …`` over the people with after < id <= upto, joined with ``join``."""
        walked = self._walked
        rest = self._conditions(person, but=walked)
        between = (
            f"{person}.workspace_id = %(workspace)s AND {person}.id > %(after)s AND {person}.id <= %(upto)s"
        )
        if walked is None:
            return f"FROM campaigns_person {person} {join} WHERE {between} AND {rest}"
        # Both sides are given the range, so that they can be joined as wholes (see batches.walk_together).
        return (
            f"FROM campaigns_segmentmember m JOIN campaigns_person {person} ON {person}.id = m.person_id {join}"
            " WHERE m.segment_id = %(list)s AND m.person_id > %(after)s AND m.person_id <= %(upto)s"
            f" AND {between} AND {rest}"
        )

    def size(self) -> str:
        """A query for how many people belong to it now. Members of a list are counted without a look at the people."""
        walked = self._walked
        here = "p.workspace_id = %(workspace)s"
        if walked is None:
            asked = self._conditions("p", but=None, by_index=False)
            return f"SELECT count(*) FROM campaigns_person p WHERE {here} AND {asked}"
        if self.where is not None:
            return (
                "SELECT count(*) FROM campaigns_segmentmember m JOIN campaigns_person p ON p.id = m.person_id WHERE"
                f" m.segment_id = %(list)s AND {here} AND {self._conditions('p', but=walked, by_index=False)}"
            )
        return (
            "SELECT count(*) FROM (SELECT person_id AS id FROM campaigns_segmentmember WHERE segment_id = %(list)s) m"
            f" WHERE {self._conditions('m', but=walked)}"
        )

    def chunk_end(self) -> str:
        """A query for the id up to which the next chunk of %(chunk)s goes; no row: what is left is the last chunk.

        It counts whom the walk passes, members or not, so that a chunk costs the same wherever it is.
        """
        walked = self._walked
        if walked is None:
            source = (
                "id FROM campaigns_person WHERE workspace_id = %(workspace)s AND id > %(after)s ORDER BY id"
            )
        else:
            source = (
                "person_id FROM campaigns_segmentmember WHERE segment_id = %(list)s"
                " AND person_id > %(after)s ORDER BY person_id"
            )
        return f"SELECT {source} OFFSET %(chunk)s - 1 LIMIT 1"

    def joined(self, person: str) -> str:
        """When the person came to belong to it: since the last of the conditions was met."""
        if not self.groups:
            return f"{person}.created_at"
        since = [
            f"(SELECT min(s{index}.since) FROM campaigns_segmentmember s{index}"
            f" WHERE {_is_in(f's{index}', person, f'group_{index}')})"
            for index in range(len(self.groups))
        ]
        return f"GREATEST({', '.join(since)})"


def _is_in(member: str, person: str, lists: str) -> str:
    return _IN.format(member=member, person=person, lists=lists)


def audience_of(campaign: Campaign, now: datetime | None = None) -> Audience | None:
    """The audience that the campaign names, as of ``now``; None where nobody has been chosen yet."""
    return audiences_of([campaign], now)[campaign.pk]


def audiences_of(campaigns: Sequence[Campaign], now: datetime | None = None) -> dict[int, Audience | None]:
    """The audiences by campaign id, with one query for all of them (and some for each that has a condition)."""
    named = {campaign.pk: _lists_of(campaign) for campaign in campaigns}
    ids = {pk for groups, without in named.values() for pk in [*chain(*groups), *without]}
    everyone = set()
    if ids:
        found = Segment.objects.filter(pk__in=ids, kind=Segment.EVERYONE)
        everyone = set(found.values_list("pk", flat=True))
    return {
        campaign.pk: _audience(campaign, *named[campaign.pk], everyone, now or timezone.now())
        for campaign in campaigns
    }


def _conditions_of(campaign: Campaign) -> list[dict[str, Any]]:
    """What is asked of people beside their lists: the audience's own condition, its filter, the trigger's."""
    asked = (campaign.audience_condition, campaign.audience_filter, campaign.trigger.get("filter"))
    return [condition for condition in asked if condition]


def _lists_of(campaign: Campaign) -> tuple[list[list[int]], list[int]]:
    """The groups of lists that people are in, and the lists that they must not be in."""
    groups = campaign.trigger.get("in") if campaign.kind == "journey" else None
    without: list[int] = []
    if groups:
        without = [int(pk) for pk in campaign.trigger.get("not_in") or []]
    elif campaign.segment_id is not None:
        groups = [[campaign.segment_id]]
    return [[int(pk) for pk in group] for group in groups or []], without


def _audience(
    campaign: Campaign, groups: list[list[int]], without: list[int], everyone: set[int], now: datetime
) -> Audience | None:
    if not groups and not campaign.audience_condition:
        return None
    where, asked = None, _conditions_of(campaign)
    if asked:
        where = compile_condition(parse_condition({"all": asked}), campaign.workspace_id, now, prefix="asked")
    return Audience(
        campaign.workspace_id,
        tuple(tuple(group) for group in groups if not everyone.intersection(group)),
        tuple(without),
        nobody=not everyone.isdisjoint(without),
        conditions=json.dumps(asked, sort_keys=True) if asked else "",
        where=where,
    )


def segments_of(campaign: Campaign) -> set[int]:
    """Every segment and list that its audience, trigger or filters name; no query."""
    groups = [*(campaign.trigger.get("in") or []), campaign.trigger.get("not_in") or []]
    found = {int(pk) for group in groups for pk in group}
    if campaign.segment_id is not None:
        found.add(campaign.segment_id)
    for condition in _conditions_of(campaign):
        found |= {name for _, kind, name in names_in(condition) if kind == "segment"}
    return found


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
    parts, values = [], {"after": 0, "upto": 2**63 - 1, "number": number}
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

"""Who a campaign is for, as SQL: a list, everyone, who meets a condition, or for journeys a segment trigger over lists.

Everything here is a condition or a source for a set-based statement; nobody is ever loaded.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any

from django.utils import timezone

from campaigns.domain.condition_reading import parse_condition
from campaigns.domain.programs import BY_STEPS
from campaigns.domain.triggers import BY_EVENT, KEPT, SEGMENT, asked_of_people, type_of
from campaigns.engine.conditions import Where, compile_condition
from campaigns.models import Campaign, Segment
from channels.models import Channel

#: At the end of a subquery: look each row up by index. The planner may read a whole table into a hash for every chunk.
BY_INDEX = "OFFSET 0"

#: A person's memberships are looked up by the person, never by the list: for a list that was filled a moment ago the
#: planner expects one member, thinks any index that begins with the list as good as any other, and may walk the whole
#: list once for every person. ``+ 0`` leaves it no such index.
_IN = "{member}.person_id = {person}.id AND {member}.segment_id + 0 = ANY(%({lists})s)"

#: The ``upto`` of a walk's last chunk, and both ends of a walk over everybody.
LAST_ID = 2**63 - 1
EVERYBODY = {"after": 0, "upto": LAST_ID}

#: Whom a remarketing channel was promised to, looked up by its only key.
_PROMISED_IN = "{member}.person_id = {person}.id AND {member}.channel_id = ANY(%({lists})s)"


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
    #: The only list is that of the people promised to this channel (remarketing), instead of lists of the workspace.
    promised: bool = False

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
    def _members(self) -> tuple[str, str]:
        """The table of the lists' members, and its column that names the list."""
        if self.promised:
            return "channels_promisedperson", "channel_id"
        return "campaigns_segmentmember", "segment_id"

    def _is_in(self, member: str, person: str, lists: str) -> str:
        found = _PROMISED_IN if self.promised else _IN
        return found.format(member=member, person=person, lists=lists)

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
        table = self._members[0]
        conditions = [
            f"EXISTS (SELECT 1 FROM {table} m{index}"
            f" WHERE {self._is_in(f'm{index}', person, f'group_{index}')} {BY_INDEX})"
            for index in range(len(self.groups))
            if index != but
        ]
        if self.without:
            conditions.append(
                "NOT EXISTS (SELECT 1 FROM campaigns_segmentmember out"
                f" WHERE {self._is_in('out', person, 'without')} {BY_INDEX})"
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
        table, key = self._members
        # Both sides are given the range, so that they can be joined as wholes (see batches.walk_together).
        return (
            f"FROM {table} m JOIN campaigns_person {person} ON {person}.id = m.person_id {join}"
            f" WHERE m.{key} = %(list)s AND m.person_id > %(after)s AND m.person_id <= %(upto)s"
            f" AND {between} AND {rest}"
        )

    def ids(self, person: str = "p") -> str:
        """``FROM … WHERE …`` over the same people, of whom nothing but the ``id`` is asked."""
        walked = self._walked
        if walked is None or self.where is not None:
            return self.people(person)
        return (
            f"FROM {self._member_ids('AND person_id > %(after)s AND person_id <= %(upto)s')} {person}"
            f" WHERE {self._conditions(person, but=walked)}"
        )

    def _member_ids(self, among: str = "") -> str:
        """A source of the ids of the walked list's members, who are people of the workspace."""
        table, key = self._members
        return f"(SELECT person_id AS id FROM {table} WHERE {key} = %(list)s {among})"

    def size(self) -> str:
        """A query for how many people belong to it now. Members of a list are counted without a look at the people."""
        walked = self._walked
        here = "p.workspace_id = %(workspace)s"
        if walked is None:
            asked = self._conditions("p", but=None, by_index=False)
            return f"SELECT count(*) FROM campaigns_person p WHERE {here} AND {asked}"
        table, key = self._members
        if self.where is not None:
            return (
                f"SELECT count(*) FROM {table} m JOIN campaigns_person p ON p.id = m.person_id WHERE"
                f" m.{key} = %(list)s AND {here} AND {self._conditions('p', but=walked, by_index=False)}"
            )
        return f"SELECT count(*) FROM {self._member_ids()} m WHERE {self._conditions('m', but=walked)}"

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
            table, key = self._members
            source = (
                f"person_id FROM {table} WHERE {key} = %(list)s AND person_id > %(after)s ORDER BY person_id"
            )
        return f"SELECT {source} OFFSET %(chunk)s - 1 LIMIT 1"

    def joined(self, person: str) -> str:
        """When the person came to belong to it: since the last of the conditions was met."""
        if not self.groups:
            return f"{person}.created_at"
        if self.promised:
            return "timestamptz '-infinity'"
        since = [
            f"(SELECT min(s{index}.since) FROM campaigns_segmentmember s{index}"
            f" WHERE {self._is_in(f's{index}', person, f'group_{index}')})"
            for index in range(len(self.groups))
        ]
        return f"GREATEST({', '.join(since)})"


def audience_of(campaign: Campaign, now: datetime | None = None) -> Audience | None:
    """The audience that the campaign names, as of ``now``; None where nobody has been chosen yet."""
    return audiences_of([campaign], now)[campaign.pk]


def audience_of_channel(channel: Channel, now: datetime | None = None) -> Audience | None:
    """Who one channel is for: the campaign's audience, or the people that a remarketing channel was promised to."""
    if channel.outcome:
        return Audience(channel.campaign.workspace_id, ((channel.pk,),), promised=True)
    return audience_of(channel.campaign, now)


def audiences_of(campaigns: Sequence[Campaign], now: datetime | None = None) -> dict[int, Audience | None]:
    """The audiences by campaign id, with one query for all (and some for each that has a condition)."""
    named = {campaign.pk: _lists_of(campaign, campaign.trigger) for campaign in campaigns}
    everyone = _everyone_among(pk for groups, without in named.values() for pk in [*chain(*groups), *without])
    found: dict[int, Audience | None] = {}
    for campaign in campaigns:
        lists, asked = named[campaign.pk], conditions_of(campaign, campaign.trigger)
        counted = asked_of_people(campaign.trigger)
        chosen = bool(lists[0] or campaign.audience_condition or counted)
        asked = [*asked, counted] if counted else asked
        found[campaign.pk] = _audience(campaign, lists, asked, everyone, now) if chosen else None
    return found


def entry_audience(
    campaign: Campaign, trigger: Mapping[str, Any], kept: int | None, now: datetime
) -> Audience | None:
    """Whom a trigger may let in: of a trigger by condition, who is in the list that keeps it (``kept``).

    Where only what happens lets people in, all whom the audience and the trigger's condition do not leave out. None: nobody.
    """
    groups, without = _lists_of(campaign, trigger)
    if type_of(trigger) in KEPT:
        if kept is None:
            return None
        groups = [[kept], *groups]
    elif not groups and type_of(trigger) == SEGMENT:
        return None
    asked = conditions_of(campaign, trigger)
    if type_of(trigger) in BY_EVENT and trigger.get("condition"):
        asked = [*asked, trigger["condition"]]
    everyone = _everyone_among([*chain(*groups), *without])
    return _audience(campaign, (groups, without), asked, everyone, now)


def _everyone_among(lists: Iterable[int]) -> set[int]:
    """Those of the lists that mean everyone of the workspace."""
    if not (ids := set(lists)):
        return set()
    return set(Segment.objects.filter(pk__in=ids, kind=Segment.EVERYONE).values_list("pk", flat=True))


def conditions_of(campaign: Campaign, trigger: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What is asked of people beside their lists: the audience's own condition, its filter, the trigger's."""
    asked = (campaign.audience_condition, campaign.audience_filter, trigger.get("filter"))
    return [condition for condition in asked if condition]


def _lists_of(campaign: Campaign, trigger: Mapping[str, Any]) -> tuple[list[list[int]], list[int]]:
    """The groups of lists that people are in, and the lists that they must not be in."""
    groups = trigger.get("in") if campaign.kind in BY_STEPS else None
    without: list[int] = []
    if groups:
        without = [int(pk) for pk in trigger.get("not_in") or []]
    elif campaign.segment_id is not None:
        groups = [[campaign.segment_id]]
    return [[int(pk) for pk in group] for group in groups or []], without


def _audience(
    campaign: Campaign,
    lists: tuple[list[list[int]], list[int]],
    asked: list[dict[str, Any]],
    everyone: set[int],
    now: datetime | None,
) -> Audience:
    groups, without = lists
    where = None
    if asked:
        read = parse_condition({"all": asked}, of_event=True)
        where = compile_condition(read, campaign.workspace_id, now or timezone.now(), prefix="asked")
    return Audience(
        campaign.workspace_id,
        tuple(tuple(group) for group in groups if not everyone.intersection(group)),
        tuple(without),
        nobody=not everyone.isdisjoint(without),
        conditions=json.dumps(asked, sort_keys=True) if asked else "",
        where=where,
    )

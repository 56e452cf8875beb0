"""The doors of a workflow: whether they are open, whom they may let in, and the row that a journey begins with.

How those who may enter are found is in entering.py (conditions), entering_events.py and entering_dates.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from campaigns.domain.programs import BY_STEPS, Program, programs_of
from campaigns.domain.triggers import BY_CONDITION, Frequency, frequency_of, type_of
from campaigns.domain.workflow import Node
from campaigns.engine.arrivals import arrival
from campaigns.engine.audience import BY_INDEX, Audience, entry_audience
from campaigns.engine.batches import campaign_is
from campaigns.models import Campaign, Entrance

NO_WAVE = -1
ONCE = "ON CONFLICT (campaign_id, person_id, flow, entry) DO NOTHING"

#: Nothing about the campaign has changed since it was read; every action and edit counts its version up.
_SAME_DOORS = (
    "status = 'running' AND deleted_at IS NULL AND enter_since IS NOT NULL AND version = %(version)s"
)


@dataclass(frozen=True, slots=True)
class Door:
    """One open way into a workflow, as of a moment."""

    campaign: Campaign
    program: Program
    entrance: Entrance
    audience: Audience
    frequency: Frequency
    first: Node

    @property
    def type(self) -> str:
        """The trigger's type."""
        return type_of(self.program.trigger)

    def values(self, now: datetime) -> dict[str, Any]:
        """The values that every statement below takes its parameters from."""
        within = self.frequency.within
        return self.audience.params | arrival(self.first).params | {
            "campaign": self.campaign.pk, "version": self.campaign.version, "flow": self.program.flow,
            "since": self.entrance.since, "now": now, "step": self.first.key,
            "zone": self.campaign.timezone, "every": within.interval if within else None,
        }  # fmt: skip


def open_campaign(campaign_id: int) -> Campaign | None:
    """The campaign, if anybody may enter it at all."""
    return Campaign.objects.filter(
        pk=campaign_id,
        kind__in=BY_STEPS,
        status="running",
        deleted_at__isnull=True,
        enter_since__isnull=False,
    ).first()


def door_of(campaign_id: int, flow: str, now: datetime) -> Door | None:
    """The way into this workflow as it is now; None where nobody may take it."""
    campaign = open_campaign(campaign_id)
    programs = programs_of(campaign) if campaign else ()
    program = next((one for one in programs if one.flow == flow and one.active), None)
    entrance = Entrance.objects.filter(campaign=campaign_id, flow=flow, since__isnull=False).first()
    first = next(iter(program.graph().values()), None) if program else None
    if campaign is None or program is None or entrance is None or first is None:
        return None
    audience = entry_audience(campaign, program.trigger, entrance.segment_id, now)
    if audience is None:
        return None
    frequency = frequency_of(program.trigger, program.frequency)
    return Door(campaign, program, entrance, audience, frequency, first)


def is_as_read(cursor: Any, door: Door) -> bool:
    """Lock the campaign's row against changes until the batch has committed, and look whether the doors are the same."""
    return campaign_is(cursor, door.campaign.pk, _SAME_DOORS, {"version": door.campaign.version})


def move_entrance(cursor: Any, door: Door, /, **values: Any) -> bool:
    """Write how far this door has got, unless the campaign has changed meanwhile or another was faster."""
    if not is_as_read(cursor, door):
        return False
    was = door.entrance
    same = Entrance.objects.filter(
        pk=was.pk, since=was.since, cursor=was.cursor, event_cursor=was.event_cursor, until=was.until
    )
    return bool(same.update(**values))


# --- how a journey begins, and how often


def begin_sql(door: Door, entry: str | None = None, event: str = "NULL") -> str:
    """The journey's first row for a person ``p``; ``entry`` counts how often the person has entered before."""
    there = arrival(door.first)
    return f"""
        INSERT INTO campaigns_journey (campaign_id, person_id, flow, entry, step, status, reason, due_at, until,
            entered_at, event_id)
        SELECT %(campaign)s, p.id, %(flow)s, {entry or entry_sql(door)}, %(step)s, 'active', '', {there.due_sql},
            {there.until_sql}, %(now)s, {event}::bigint"""


def entry_sql(door: Door) -> str:
    """How often the person ``p`` has entered before."""
    if not door.frequency.is_repeated:
        return "0"
    return """coalesce((SELECT max(e.entry) + 1 FROM campaigns_journey e
            WHERE e.campaign_id = %(campaign)s AND e.person_id = p.id AND e.flow = %(flow)s), 0)"""


def may_enter(door: Door, entered_for_this: str) -> str:
    """The frequency setting as a condition on the person's earlier journeys ``j``.

    By a condition, nobody enters who is inside already, nor twice for the same joining. What happens, happens each time
    anew: two orders of one person are two journeys, side by side if need be.
    """
    if not door.frequency.is_repeated:
        forbidden = "true"
    elif door.type in BY_CONDITION:
        # The status hidden (see journeys.py): else all active journeys may be walked for each person.
        forbidden = f"(j.status || '' = 'active' OR {entered_for_this})"
    else:
        forbidden = f"({entered_for_this})"
    if door.frequency.within:
        forbidden = f"({forbidden} OR j.entered_at > %(now)s - %(every)s::interval)"
    return f"""NOT EXISTS (SELECT 1 FROM campaigns_journey j WHERE j.campaign_id = %(campaign)s
            AND j.person_id = p.id AND j.flow = %(flow)s AND {forbidden} {BY_INDEX})"""

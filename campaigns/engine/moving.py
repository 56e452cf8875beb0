"""The statement that takes a batch of people who are due at a step over it, with everything that the step does.

What the step does (a ledger row, new attributes) happens in the statement that moves the person on, so nobody is ever
moved past a message without one, or given two.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from campaigns.domain.steps import SENDING, UPDATE, Step
from campaigns.domain.windows import opening
from campaigns.engine.audience import BY_INDEX
from campaigns.engine.dates import known_zones
from campaigns.engine.lookups import person_of
from campaigns.engine.routes import Outcome, Route, Stop, condition_of, route_of
from campaigns.engine.skipping import LEDGER_COLUMNS_IN_FULL, ledger_values, skip_reason
from channels.domain import states as cs

_COLUMNS = ("step", "status", "reason", "due_at", "until", "ended_at")
_TYPES = {"due_at": "timestamptz", "until": "timestamptz", "ended_at": "timestamptz"}

# Places (ctid) instead of keys: the rows have just been locked, and nothing is looked up twice.
_DUE = """SELECT ctid AS place, person_id, entry, until, event_id FROM campaigns_journey
    WHERE campaign_id = %(campaign)s AND step = %(step)s AND status = 'active' AND due_at <= %(now)s
    ORDER BY due_at LIMIT %(batch)s FOR UPDATE SKIP LOCKED"""

# Whoever comes first among the due, as in the statement that then moves them; one worker moves at a time.
_ZONES = f"""SELECT DISTINCT coalesce(p.timezone, '') FROM (
        SELECT person_id FROM campaigns_journey
        WHERE campaign_id = %(campaign)s AND step = %(step)s AND status = 'active' AND due_at <= %(now)s
        ORDER BY due_at LIMIT %(batch)s) due LEFT JOIN {person_of("due.person_id", "timezone")}"""

_PERSON = f"JOIN {person_of('due.person_id')}"

#: Stands for what else must be so of the other person.
_ALSO = "/* also */"

# Another person with the same address has this message of this entry, or is due for it and comes first. Channel and
# status are hidden (+ 0, || '') so that both are looked up by the person: of a campaign that has just begun the planner
# expects nothing, and may walk all its rows for each person.
_COVERED = f"""EXISTS (
        SELECT 1 FROM channels_delivery d WHERE d.channel_id + 0 = %(channel)s AND d.run = due.entry
            AND d.step = %(step)s AND d.person_id = o.id AND d.status <> 'skipped' {BY_INDEX})
    OR (o.id < p.id AND EXISTS (
        SELECT 1 FROM campaigns_journey other WHERE other.campaign_id = %(campaign)s AND other.person_id = o.id
            AND other.entry = due.entry AND other.step = %(step)s AND other.status || '' = 'active'
            AND other.due_at <= %(now)s {BY_INDEX}){_ALSO})"""


@dataclass(frozen=True, slots=True)
class Move:
    """One statement for every batch at one step, and its values."""

    sql: str
    params: dict[str, Any]
    stop: Stop
    by_zone: bool

    def execute(self, cursor: Any) -> int:
        """Move one batch; answers how many people it looked at."""
        values = self.params
        if self.by_zone:
            openings = openings_for(cursor, self.stop, values)
            if not openings:
                return 0
            values = values | {"openings": openings}
        cursor.execute(self.sql, values)
        return int(cursor.rowcount)


def move_of(stop: Stop, channels: Mapping[str, int], batch: int) -> Move:
    """How to move people at a node; ``channels`` are the campaign's by kind of channel."""
    route, step = route_of(stop), stop.node.step
    params = route.params | {
        "campaign": stop.campaign.pk,
        "workspace": stop.campaign.workspace_id,
        "zone": stop.campaign.timezone,
        "step": stop.node.key,
        "now": stop.now,
        "batch": batch,
        "channel": channels.get(step.channel),
    }
    effect = ""
    if step.type in SENDING:
        effect = _written(stop, route, params)
    elif step.type == UPDATE:
        effect = _updated(step, params)
    return Move(_statement(route, effect), params, stop, route.by_zone)


def _statement(route: Route, effect: str) -> str:
    if not route.way:
        return f"""WITH due AS MATERIALIZED ({_DUE}) {effect}
            UPDATE campaigns_journey j SET {_assignments(route.outcomes)}
            WHERE j.ctid = ANY(ARRAY(SELECT place FROM due))"""
    window = ", LATERAL (SELECT %(openings)s::jsonb -> coalesce(p.timezone, '') AS times) due_window"
    return f"""WITH due AS MATERIALIZED ({_DUE}),
        decided AS MATERIALIZED (
            SELECT due.*, {route.way} AS way {route.more}
            FROM due LEFT {_PERSON} {window if route.by_zone else ""}) {effect}
        UPDATE campaigns_journey j SET {_assignments(route.outcomes)}
        FROM decided d WHERE j.ctid = d.place AND d.way IS NOT NULL"""


def _assignments(outcomes: tuple[Outcome, ...]) -> str:
    """What becomes of the columns: as the outcome says that was decided on, else as before."""
    changed = [column for column in _COLUMNS if any(column in outcome for outcome in outcomes)]
    if len(outcomes) == 1:
        return ", ".join(f"{column} = {outcomes[0][column]}" for column in changed)
    assigned = []
    for column in changed:
        as_type = f"::{_TYPES[column]}" if column in _TYPES else ""
        cases = " ".join(
            f"WHEN {way} THEN ({outcome[column]}){as_type}"
            for way, outcome in enumerate(outcomes)
            if column in outcome
        )
        assigned.append(f"{column} = CASE d.way {cases} ELSE j.{column} END")
    return ", ".join(assigned)


def _written(stop: Stop, route: Route, params: dict[str, Any]) -> str:
    """The ledger rows of a message or a webhook, for those who do not leave instead."""
    step, others, filtered = stop.node.step, "", ""
    if asked := stop.program.trigger.get("filter"):
        met = condition_of(stop, asked, "filter")
        params |= met.params
        filtered = f"WHEN NOT {met.sql('p')} THEN 'filtered'"
        others = f" AND {met.sql('o')}"
    if route.leaving:
        others += f" AND NOT {route.leaving.sql('o')}"
    values = ledger_values(
        run="entry",
        step="%(step)s",
        ready=cs.DRAFTED if step.drafted else cs.PENDING,
    )
    source = "(SELECT * FROM decided WHERE way = 0) due" if route.way else "due"
    return f""", written AS (
            INSERT INTO channels_delivery {LEDGER_COLUMNS_IN_FULL}
            SELECT {values}, event_id, until
            FROM (SELECT due.person_id, due.entry, due.until, due.event_id,
                      CASE WHEN due.until <= %(now)s THEN 'window_passed' {filtered}
                      ELSE {skip_reason(step.channel, _COVERED.replace(_ALSO, others))} END AS why
                  FROM {source} {_PERSON} OFFSET 0) AS person
            ON CONFLICT (channel_id, run, step, person_id) DO NOTHING)"""


def _updated(step: Step, params: dict[str, Any]) -> str:
    """New attributes; null takes one away. Only who changes is touched."""
    given = step.raw["attributes"]
    params |= {
        "given": json.dumps({name: value for name, value in given.items() if value is not None}),
        "taken": [name for name, value in given.items() if value is None],
    }
    changed = "((p.attributes || %(given)s::jsonb) - %(taken)s::text[])"
    return f""", updated AS (
            UPDATE campaigns_person p SET attributes = {changed}, updated_at = %(now)s
            FROM due WHERE p.id = due.person_id AND p.attributes IS DISTINCT FROM {changed})"""


# --- windows by the person's clock


def openings_for(cursor: Any, stop: Stop, values: Mapping[str, Any]) -> str:
    """By each time zone of the people who are next: when the window opens and closes, as JSON; "" where nobody is due."""
    cursor.execute(_ZONES, values)
    zones = [zone for (zone,) in cursor.fetchall()]
    window = stop.node.step.window
    assert window is not None
    openings = {}
    for zone in zones:
        # Who has no zone, or one that this machine does not know, goes by the campaign's clock.
        clock = zone if zone in known_zones() else stop.campaign.timezone
        openings[zone] = [moment.isoformat() for moment in opening(window, clock, stop.now)]
    return json.dumps(openings) if openings else ""

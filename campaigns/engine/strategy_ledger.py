"""Writes what a strategy planned for a batch of contacts: their rows, the ledger's, the log's and the cursor, or nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from campaigns.domain.durations import parse_duration
from campaigns.domain.planned_times import Placed
from campaigns.domain.strategies import Step
from campaigns.engine.audience import BY_INDEX
from campaigns.engine.batches import campaign_is, go_by_index, keep_nothing
from campaigns.engine.lookups import person_of
from campaigns.engine.skipping import has_opt_outs, skip_reason
from campaigns.models import Campaign, StrategyContact, StrategyRun

#: Lines that the log of one run may have (beside what the engine warns of), and characters of a line.
MOST_LINES, LONGEST_LINE = 10_000, 8_000
FULL = f"The log of this run is full ({MOST_LINES:,} lines): what follows is not kept."


@dataclass(slots=True)
class Outcome:
    """What came of asking about one contact."""

    person_id: int
    steps: list[tuple[Step, Placed]] = field(default_factory=list)
    problem: str = ""
    lines: list[tuple[str, str]] = field(default_factory=list)
    """(level, text)"""
    fatal: bool = False
    """The strategy's process had to be ended, or ended itself."""

    @property
    def characters(self) -> int:
        """About how much memory it takes until it is written."""
        planned = sum(len(step.subject) + len(step.body) + len(str(step.values)) for step, _ in self.steps)
        return planned + sum(len(text) for _, text in self.lines)

    @property
    def status(self) -> str:
        if self.problem:
            return StrategyContact.FAILED
        return StrategyContact.PLANNED if self.steps else StrategyContact.NOTHING


@dataclass(frozen=True, slots=True)
class Written:
    """A batch that is to be written; ``before`` is the cursor that it began behind."""

    campaign: Campaign
    run: StrategyRun
    channels: Mapping[str, int]
    outcomes: Sequence[Outcome]
    before: tuple[int, int]
    said: Sequence[tuple[str, str]] = ()


_CONTACTS = """
    INSERT INTO campaigns_strategycontact (campaign_id, run, person_id, status, planned, problem, processed_at)
    SELECT %(campaign)s, %(run)s, person_id, status, planned, problem, %(now)s
    FROM json_to_recordset(%(rows)s::json) AS r (person_id bigint, status text, planned int, problem text)"""
_LINES = """
    INSERT INTO campaigns_strategyline (campaign_id, run, at, level, person_id, text)
    SELECT %(campaign)s, %(run)s, %(now)s, level, person_id, text
    FROM json_to_recordset(%(rows)s::json) AS r (level text, person_id bigint, text text)"""
# The run's own row guards the cursor: whoever moved it in between has asked about the same contacts.
_MOVE = """
    UPDATE campaigns_strategyrun SET cursor = %(cursor)s, walks = %(walks)s, walked_at = %(walked_at)s,
        processed = %(processed)s, failed = %(failed)s, planned = %(planned)s, lines = %(lines)s,
        failed_in_a_row = %(failed_in_a_row)s, fatal_in_a_row = %(fatal_in_a_row)s
    WHERE id = %(id)s AND cursor = %(cursor_before)s AND walks = %(walks_before)s AND finished_at IS NULL"""
_MOVED = (
    "id", "cursor", "walks", "walked_at", "processed", "failed", "planned", "lines", "failed_in_a_row",
    "fatal_in_a_row",
)  # fmt: skip


def write(batch: Written, now: datetime) -> bool:
    """One transaction: everything, unless the campaign does not run any more or another worker was first."""
    with transaction.atomic(), connection.cursor() as cursor:
        go_by_index(cursor)
        _write_contacts(cursor, batch, now)
        _write_ledger(cursor, batch, now)
        write_lines(cursor, batch.run, _lines(batch), now)
        # The campaign first, as an action does: then neither waits for the other.
        running = campaign_is(cursor, batch.campaign.pk, "status = 'running' AND deleted_at IS NULL")
        if not running or not _move(cursor, batch):
            keep_nothing()
            return False
    return True


def _move(cursor: Any, batch: Written) -> bool:
    values = {name: getattr(batch.run, name) for name in _MOVED}
    cursor.execute(_MOVE, values | {"cursor_before": batch.before[0], "walks_before": batch.before[1]})
    return bool(cursor.rowcount == 1)


def _write_contacts(cursor: Any, batch: Written, now: datetime) -> None:
    rows = [
        {"person_id": o.person_id, "status": o.status, "planned": len(o.steps), "problem": o.problem[:300]}
        for o in batch.outcomes
    ]
    if rows:
        cursor.execute(_CONTACTS, _of_run(batch.run, now) | {"rows": json.dumps(rows)})


def _lines(batch: Written) -> list[dict[str, Any]]:
    of_contacts = [
        {"person_id": outcome.person_id, "level": level, "text": text}
        for outcome in batch.outcomes
        for level, text in outcome.lines
    ]
    return of_contacts + [{"person_id": None, "level": level, "text": text} for level, text in batch.said]


def write_lines(cursor: Any, run: StrategyRun, lines: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Add to the log, as far as there is room in it; the run's count of lines moves with them (not saved here).

    For what went wrong with the run itself there is always room, whatever the strategy has printed.
    """
    room = max(0, MOST_LINES - run.lines)
    kept = list(lines[:room])
    if len(lines) > room >= 1:
        kept[-1] = {"person_id": None, "level": "warning", "text": FULL}
    kept += [line for line in lines[room:] if line["person_id"] is None and line["level"] != "info"]
    kept = [{**line, "text": _shortened(line["text"])} for line in kept]
    run.lines += len(kept)
    if kept:
        cursor.execute(_LINES, _of_run(run, now) | {"rows": json.dumps(kept)})


def _shortened(text: str) -> str:
    text = text.replace("\0", "�")
    left_out = len(text) - LONGEST_LINE
    return text if left_out <= 0 else f"{text[:LONGEST_LINE]}\n… {left_out:,} more characters are left out."


def _of_run(run: StrategyRun, now: datetime) -> dict[str, Any]:
    return {"campaign": run.campaign_id, "run": run.number, "now": now}


# --- the ledger


def _write_ledger(cursor: Any, batch: Written, now: datetime) -> None:
    by_channel: dict[str, list[dict[str, Any]]] = {}
    for outcome in batch.outcomes:
        for step, place in outcome.steps:
            by_channel.setdefault(step.channel, []).append(_row(outcome.person_id, step, place))
    if not by_channel:
        return
    campaign, frequency = batch.campaign, batch.campaign.frequency
    every = parse_duration(frequency["at_most_every"]).interval if frequency.get("at_most_every") else None
    opted = has_opt_outs(cursor, campaign.workspace_id)
    for kind, rows in by_channel.items():
        values = _of_run(batch.run, now) | {
            "channel": batch.channels[kind], "workspace": campaign.workspace_id, "every": every,
            "rows": json.dumps(rows),
        }  # fmt: skip
        again = batch.run.number > 1 and not frequency.get("every_time")
        cursor.execute(ledger_sql(kind, again=again, every=bool(every), opted=opted), values)


def _row(person_id: int, step: Step, place: Placed) -> dict[str, Any]:
    return {
        "person_id": person_id, "step": step.step, "stage": step.stage, "subject": step.subject, "body": step.body,
        "plan": step.values, "due_at": place.due_at.isoformat(), "expires_at": _iso(place.expires_at),
        "passed": place.passed, "window_ends": _iso(place.window_ends),
    }  # fmt: skip


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


# Another person with the same address has this communication of this run, or gets it by this statement and comes first.
_COVERED = f"""EXISTS (
        SELECT 1 FROM channels_delivery d WHERE d.channel_id + 0 = %(channel)s AND d.run = %(run)s
            AND d.step = planned.step AND d.person_id = o.id AND d.status <> 'skipped' {BY_INDEX})
    OR (o.id < p.id AND EXISTS (
        SELECT 1 FROM planned other WHERE other.person_id = o.id AND other.step = planned.step AND NOT other.passed))"""

# What they were sent in an earlier run, or may have been. By the person, never along the channel.
_HAD_BEFORE = """EXISTS (
        SELECT 1 FROM channels_delivery e WHERE e.channel_id + 0 = %(channel)s AND e.person_id = p.id
            AND e.step = planned.step AND e.run < %(run)s AND e.status IN ('sent', 'sending', 'unknown') {since}
        OFFSET 0)"""
_SINCE = "AND coalesce(e.sent_at, e.due_at) > %(now)s - %(every)s::interval"


def ledger_sql(kind: str, *, again: bool, every: bool, opted: bool = True) -> str:
    """The statement that makes the ledger rows of a batch in one channel, and what was planned beside each.

    ``again``: there were runs before, and what was sent then is not sent again (``every``: within that time). Ids are
    drawn beforehand, so that both tables are filled without a join.
    """
    before = _HAD_BEFORE.format(since=_SINCE if every else "") if again else "false"
    return f"""
        WITH planned AS MATERIALIZED (
            SELECT nextval(pg_get_serial_sequence('channels_delivery', 'id')) AS id, r.*
            FROM json_to_recordset(%(rows)s::json) AS r (
                person_id bigint, step text, stage text, subject text, body text, plan jsonb, due_at timestamptz,
                expires_at timestamptz, passed boolean, window_ends timestamptz)),
        written AS (
            INSERT INTO channels_delivery (id, channel_id, run, step, person_id, status, reason, due_at, expires_at,
                                           attempt, provider_id, detail)
            SELECT id, %(channel)s, %(run)s, step, person_id,
                CASE WHEN why = '' THEN 'pending' ELSE 'skipped' END, why, due_at, expires_at, 0, '', ''
            FROM (SELECT planned.*, CASE WHEN p.id IS NULL THEN 'person_deleted'
                      WHEN planned.passed THEN 'window_passed' WHEN {before} THEN 'frequency_cap'
                      ELSE {skip_reason(kind, _COVERED, opted=opted)} END AS why
                  FROM planned LEFT JOIN {person_of("planned.person_id")} OFFSET 0) AS rows)
        INSERT INTO channels_plannedmessage (delivery_id, stage, subject, body, values, window_ends)
        SELECT id, stage, subject, body, plan, window_ends FROM planned"""

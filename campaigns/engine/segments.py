"""Keeps the members of segments by condition: new ones are filled, touched people are looked at again, time is swept.

PostgreSQL is the queue (models/segment.py, `TouchedPerson`). Everything is a statement about a range or a set of
people; looking at somebody twice changes nothing. Campaigns that watch people (watching.py) look at the same queue.
One worker at a time sees to a workspace, so that nobody writes what an older look at a person has found.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from campaigns.domain.condition_reading import parse_condition
from campaigns.domain.conditions import EventDone, LabelSent, leaves_of, window_start
from campaigns.domain.programs import programs_of
from campaigns.domain.triggers import KEPT, type_of
from campaigns.engine.audience import LAST_ID
from campaigns.engine.batches import Deadline, keep_nothing, only_worker, until_done, walk_together
from campaigns.engine.conditions import Where, compile_condition
from campaigns.engine.used_segments import segments_of
from campaigns.engine.watching import look_again, look_at, sweep_watches, watching_workspaces
from campaigns.models import Campaign, Entrance, Person, Segment

FILL_CHUNK = 20_000
TOUCH_BATCH = 5_000
#: The passing of time is looked at so often; messages sent, which touch nobody, are gone over so often.
SWEEP_EVERY = timedelta(seconds=10)
LABELS_EVERY = timedelta(minutes=10)
_TASK = "segments"
_SEGMENT = Campaign._meta.get_field("segment")


@dataclass(slots=True)
class Kept:
    """What a call has done: people looked at, who came and who went."""

    looked_at: int = 0
    came: int = 0
    went: int = 0
    #: Campaigns in which somebody may go on now.
    woken: set[int] = field(default_factory=set)

    def add(self, change: tuple[int, int]) -> None:
        self.came += change[0]
        self.went += change[1]


def kept_segments() -> Any:
    """Segments by condition whose members are kept: the active ones."""
    return Segment.objects.filter(kind=Segment.CONDITION, archived_at__isnull=True)


def workspaces_with_segments() -> list[int]:
    """The workspaces in which there is something to keep, or a campaign that watches."""
    kept = kept_segments().order_by("workspace").values_list("workspace", flat=True).distinct()
    return sorted({*kept, *watching_workspaces()})


def keep_members(workspace_id: int, now: datetime, *, seconds: float = 10.0) -> Kept:
    """Everything about the segments of one workspace, for about ``seconds``; what is left the next call goes on with."""
    kept = Kept()
    deadline = Deadline(seconds)
    sweep_time(workspace_id, now)
    sweep_watches(workspace_id, now)
    until_done(deadline, lambda: _look_at_touched(workspace_id, now, kept))
    while _fill_next(workspace_id, now, kept) and not deadline.passed():
        until_done(deadline, lambda: _look_at_touched(workspace_id, now, kept))
    kept.woken |= look_again(workspace_id, now, seconds=seconds)
    return kept


# --- touched people


def _look_at_touched(workspace_id: int, now: datetime, kept: Kept) -> int:
    """One batch of the queue; answers how many entries it had."""
    with only_worker(_TASK, workspace_id) as cursor:
        if cursor is None:
            return 0
        cursor.execute(TAKE_SQL, {"workspace": workspace_id, "batch": TOUCH_BATCH})
        taken, people = cursor.fetchone()
        if taken:
            walk_together(cursor)
            values = {"workspace": workspace_id, "now": now, "people": people}
            for segment in kept_segments().filter(workspace_id=workspace_id).order_by("pk"):
                kept.add(_change(cursor, segment, now, values, _AMONG))
            kept.looked_at += len(people)
            kept.woken |= look_at(cursor, workspace_id, people, now)
    return int(taken)


TAKE_SQL = """
    WITH taken AS (
        DELETE FROM campaigns_touchedperson WHERE id = ANY(ARRAY(
            SELECT id FROM campaigns_touchedperson WHERE workspace_id = %(workspace)s ORDER BY id LIMIT %(batch)s))
        RETURNING person_id
    ) SELECT count(*), array_agg(DISTINCT person_id) FROM taken"""

#: Which people, as conditions on ``p`` and on the membership ``m``.
_AMONG = ("p.id = ANY(%(people)s)", "m.person_id = ANY(%(people)s)")
_RANGE = (
    "p.id > %(after)s AND p.id <= %(upto)s",
    "m.person_id > %(after)s AND m.person_id <= %(upto)s",
)


def _change(
    cursor: Any, segment: Segment, now: datetime, values: dict[str, Any], which: tuple[str, str]
) -> tuple[int, int]:
    """Make the membership of these people what the condition says; answers how many came and went."""
    where = compile_condition(parse_condition(segment.condition), segment.workspace_id, now)
    cursor.execute(change_sql(where, which), where.params | values | {"segment": segment.pk})
    came, went = cursor.fetchone()
    return came, went


def change_sql(where: Where, which: tuple[str, str] = _RANGE) -> str:
    """One look at each person; who stays keeps since when they have belonged."""
    people, members = which
    return f"""
        WITH found AS MATERIALIZED (
            SELECT p.id FROM campaigns_person p
            WHERE {people} AND p.workspace_id = %(workspace)s AND {where.sql("p")}
        ), present AS MATERIALIZED (
            SELECT m.person_id AS id FROM campaigns_segmentmember m
            WHERE m.segment_id = %(segment)s AND {members}
        ), gone AS (
            DELETE FROM campaigns_segmentmember m WHERE m.segment_id = %(segment)s AND m.person_id = ANY(ARRAY(
                SELECT id FROM present EXCEPT SELECT id FROM found))
            RETURNING 1
        ), come AS (
            INSERT INTO campaigns_segmentmember (segment_id, person_id, since)
            SELECT %(segment)s, id, %(now)s FROM (SELECT id FROM found EXCEPT SELECT id FROM present) new ORDER BY id
            ON CONFLICT DO NOTHING RETURNING 1
        ) SELECT (SELECT count(*) FROM come), (SELECT count(*) FROM gone)"""


# --- filling


def _fill_next(workspace_id: int, now: datetime, kept: Kept) -> bool:
    """One chunk of the next segment that is being filled; answers whether there was one."""
    with only_worker(_TASK, workspace_id) as cursor:
        segment = _next_to_fill(workspace_id) if cursor else None
        if cursor is None or segment is None:
            return False
        values = {"workspace": workspace_id, "now": now, "after": segment.fill_cursor, "chunk": FILL_CHUNK}
        cursor.execute(
            "SELECT id FROM campaigns_person WHERE workspace_id = %(workspace)s AND id > %(after)s"
            " ORDER BY id OFFSET %(chunk)s - 1 LIMIT 1",
            values,
        )
        end = cursor.fetchone()
        values["upto"] = end[0] if end else LAST_ID
        walk_together(cursor)
        change = _change(cursor, segment, now, values, _RANGE)
        if not _move_on(segment, end[0] if end else None, now):
            keep_nothing()
            return True
    kept.add(change)
    return True


def _next_to_fill(workspace_id: int) -> Segment | None:
    """One that is being filled and needs no other that is: what it looks at has to be there."""
    segments = list(
        kept_segments().filter(workspace_id=workspace_id, fill_cursor__isnull=False).order_by("pk")
    )
    unfinished = {segment.pk for segment in segments}
    ready = (segment for segment in segments if unfinished.isdisjoint(segment.uses.get("segments", [])))
    return next(ready, None)


def _move_on(segment: Segment, upto: int | None, now: datetime) -> bool:
    """Set the place behind the chunk, unless the condition has changed under it."""
    same = kept_segments().filter(
        pk=segment.pk, fill_cursor=segment.fill_cursor, defined_at=segment.defined_at
    )
    if upto is None:
        return bool(same.update(fill_cursor=None, filled_at=now))
    return bool(same.update(fill_cursor=upto))


# --- the passing of time


def sweep_time(workspace_id: int, now: datetime) -> int:
    """Queue those whose events have left the window of a condition; go over messages sent. Answers how many segments."""
    due = kept_segments().filter(workspace_id=workspace_id, swept_at__lte=now - SWEEP_EVERY)
    if not due.exists():
        return 0
    swept = 0
    with only_worker(_TASK, workspace_id) as cursor:
        for segment in due if cursor else ():
            _sweep(cursor, segment, now)
            swept += 1
    return swept


def _sweep(cursor: Any, segment: Segment, now: datetime) -> None:
    leaves = list(leaves_of(parse_condition(segment.condition)))
    for leaf in leaves:
        if isinstance(leaf, EventDone) and leaf.within:
            cursor.execute(
                CROSSED_SQL,
                {
                    "workspace": segment.workspace_id, "name": leaf.name, "now": now,
                    "after": window_start(leaf.within, segment.swept_at or now), "upto": window_start(leaf.within, now),
                },
            )  # fmt: skip
    values: dict[str, Any] = {"swept_at": now}
    if any(isinstance(leaf, LabelSent) for leaf in leaves) and _is_stale(segment, now):
        values["fill_cursor"] = 0
    kept_segments().filter(pk=segment.pk, defined_at=segment.defined_at).update(**values)


CROSSED_SQL = """
    INSERT INTO campaigns_touchedperson (workspace_id, person_id)
    SELECT DISTINCT %(workspace)s::bigint, person_id FROM campaigns_event
    WHERE workspace_id = %(workspace)s AND name = %(name)s AND occurred_at > %(after)s AND occurred_at <= %(upto)s"""


def _is_stale(segment: Segment, now: datetime) -> bool:
    """Whether it is time to go over everybody again: sending a message touches nobody."""
    return segment.fill_cursor is None and (
        segment.filled_at is None or segment.filled_at <= now - LABELS_EVERY
    )


# --- progress


def fill_progress(segments: Iterable[Segment]) -> dict[int, int]:
    """How far each that is being filled has got, in per cent by person ids; no query where none is."""
    filling = [segment for segment in segments if segment.is_filling]
    if not filling:
        return {}
    found = {}
    for segment in filling:
        ids = Person.objects.filter(workspace_id=segment.workspace_id).values_list("pk", flat=True)
        first, last = ids.order_by("pk").first() or 0, ids.order_by("-pk").first() or 0
        reached = max(segment.fill_cursor or 0, first)
        found[segment.pk] = min(99, 100 * (reached - first) // (last - first)) if last > first else 0
    return found


def filling_of(campaigns: Sequence[Campaign]) -> dict[int, str]:
    """Of campaigns of which a segment is still being filled: which, and how far it is; by campaign id.

    No query for those whose only segment came along with them, unless it is being filled.
    """
    used = {campaign.pk: segments_of(campaign) for campaign in campaigns}
    kept = [campaign.pk for campaign in campaigns if _has_kept_triggers(campaign)]
    if kept:
        hidden = Entrance.objects.filter(campaign__in=kept, segment__isnull=False)
        for campaign_id, segment_id in hidden.values_list("campaign_id", "segment_id"):
            used[campaign_id].add(segment_id)
    known = {c.segment_id: c.segment for c in campaigns if c.segment_id and _SEGMENT.is_cached(c)}
    unknown = set().union(*used.values()) - known.keys()
    filling = {pk: row for pk, row in known.items() if row and row.is_filling and row.archived_at is None}
    if unknown:
        filling |= {row.pk: row for row in kept_segments().filter(pk__in=unknown, filled_at=None)}
    progress = fill_progress(filling.values())
    return {
        campaign: f"{_called(filling[pk])} ({progress[pk]} %)"
        for campaign, segments in used.items()
        for pk in sorted(segments & filling.keys(), reverse=True)
    }


def _has_kept_triggers(campaign: Campaign) -> bool:
    return any(type_of(program.trigger) in KEPT for program in programs_of(campaign))


def _called(segment: Segment) -> str:
    """What people know it as: the hidden ones are the conditions of triggers."""
    return "The segment of its trigger" if segment.hidden else f"“{segment.name}”"

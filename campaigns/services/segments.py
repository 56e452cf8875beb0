"""Segments by condition as programs and pages make, change, archive and try them out."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.db import IntegrityError, connection, transaction

from campaigns.domain.condition_reading import ConditionProblems, parse_condition
from campaigns.domain.conditions import Condition, cycle_from, in_words, names_in, uses_of
from campaigns.domain.states import MOVING
from campaigns.engine.segments import Kept, keep_members, kept_segments, workspaces_with_segments
from campaigns.models import Campaign, Label, ObjectType, Segment, User, Workspace
from campaigns.services.errors import Invalid, NotAllowed
from campaigns.services.handover import ring_campaign, ring_segments
from campaigns.services.people import read_list_name

log = logging.getLogger(__name__)
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('conditions', 0))"


def read_condition(
    given: object, workspace: Workspace, path: str = "condition", *, of_event: bool = False
) -> Condition:
    """The condition, all of whose segments and labels are there. Raises `Invalid` with every problem by its path.

    ``of_event``: it may look at the properties of the event that triggers a workflow.
    """
    try:
        condition = parse_condition(given, path, of_event=of_event)
    except ConditionProblems as refused:
        raise Invalid(str(refused), refused.problems) from None
    assert isinstance(given, Mapping)  # or it could not have been read
    problems = _unknown_names(given, workspace, path)
    if problems:
        raise Invalid(next(iter(problems.values())), problems)
    return condition


def _unknown_names(given: Mapping[str, Any], workspace: Workspace, path: str) -> dict[str, str]:
    named = list(names_in(given, path))
    segments = {name for _, kind, name in named if kind == "segment"}
    labels = {name.casefold() for _, kind, name in named if kind == "label"}
    active = Segment.objects.filter(workspace=workspace, archived_at__isnull=True, hidden=False)
    there = set(active.filter(pk__in=segments).values_list("pk", flat=True)) if segments else set()
    known: set[str] = set()
    if labels:
        names = Label.objects.filter(workspace=workspace).values_list("name", flat=True)
        known = {name.casefold() for name in names}
    types = {name.lower() for _, kind, name in named if kind in ("object", "relationship")}
    if types:
        there_are = ObjectType.objects.filter(workspace=workspace).values_list("name", flat=True)
        types -= {name.lower() for name in there_are}
    problems = {}
    for where, kind, name in named:
        if kind == "segment" and name not in there:
            problems[where] = f"There is no active segment or list {name} in this workspace."
        elif kind == "label" and name.casefold() not in known:
            problems[where] = f"There is no label “{name}” in this workspace."
        elif kind in ("object", "relationship") and name.lower() in types:
            problems[where] = f"There are no objects of the type “{name}” in this workspace."
    return problems


def create_segment(
    workspace: Workspace, name: str, condition: object, user: User | None, now: datetime
) -> Segment:
    """A new segment by condition; it is filled in the background. Raises `Invalid`."""
    name = read_list_name(name)
    with transaction.atomic():
        alone()
        read = read_condition(condition, workspace)
        try:
            with transaction.atomic():
                segment = Segment.objects.create(
                    workspace=workspace, name=name, kind=Segment.CONDITION, created_by=user, condition=condition,
                    uses=uses_of(read), defined_at=now, swept_at=now, fill_cursor=0,
                )  # fmt: skip
        except IntegrityError:
            raise Invalid.field("name", f"There is already a list or segment called “{name}”.") from None
        transaction.on_commit(partial(ring_segments, workspace.pk))
    return segment


def change_segment(segment: Segment, name: str, condition: object, now: datetime) -> Segment:
    """Another name or condition (None: as it is). Who meets it comes in, who does not goes, all in the background."""
    name = read_list_name(name)
    with transaction.atomic():
        alone()
        segment = Segment.objects.select_for_update().select_related("workspace").get(pk=segment.pk)
        if condition is not None and segment.kind != Segment.CONDITION:
            raise Invalid.field("condition", f"“{segment.name}” has no condition: it is no such segment.")
        if (
            Segment.objects.filter(workspace=segment.workspace, name__iexact=name)
            .exclude(pk=segment.pk)
            .exists()
        ):
            raise Invalid.field("name", f"There is already a list or segment called “{name}”.")
        segment.name = name
        if condition is not None and condition != segment.condition:
            read = read_condition(condition, segment.workspace)
            segment.condition, segment.uses = condition, uses_of(read)
            _refuse_cycle(segment)
            begin_filling(segment, now)
            transaction.on_commit(partial(ring_segments, segment.workspace_id))
        segment.save()
    return segment


def alone() -> None:
    """Nobody else makes a condition now, and no change of people is under way that did not see those there are.

    The triggers that note changes (migrations, 0003) share this lock.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK)


def begin_filling(segment: Segment, now: datetime) -> None:
    """Everybody is looked at from the start; who meets the condition already keeps since when."""
    segment.defined_at = segment.swept_at = now
    segment.fill_cursor, segment.filled_at = 0, None


def _refuse_cycle(segment: Segment) -> None:
    others = Segment.objects.filter(workspace_id=segment.workspace_id, kind=Segment.CONDITION)
    rows = {row.pk: row for row in others.exclude(pk=segment.pk).only("name", "uses")} | {segment.pk: segment}
    way = cycle_from(segment.pk, {pk: row.uses.get("segments", []) for pk, row in rows.items()})
    if way:
        names = " → ".join(f"“{rows[pk].name}”" for pk in way)
        raise Invalid.field("condition", f"A segment cannot depend on itself: {names}.")


# --- active and archived


def archive_segment(segment: Segment, now: datetime) -> None:
    """Take it off the active ones; its members stay as they are. Raises `NotAllowed` where something live needs it."""
    with transaction.atomic():
        alone()
        if reason := why_not_archive(segment):
            raise NotAllowed(reason)
        segment.archived_at = now
        segment.save(update_fields=["archived_at"])


def why_not_archive(segment: Segment) -> str:
    """Why it may not be archived, or "". A list that nobody changes by itself may always be."""
    if segment.kind == Segment.EVERYONE:
        return f"“{segment.name}” is always there."
    if segment.kind != Segment.CONDITION:
        return ""
    looking = kept_segments().filter(uses__segments__contains=segment.pk)
    using = list(looking.filter(hidden=False).values_list("name", flat=True))
    using += looking.filter(hidden=True).values_list("entrances__campaign__name", flat=True)
    using += Campaign.objects.filter(segment=segment, status__in=MOVING, deleted_at__isnull=True).values_list(
        "name", flat=True
    )[:5]
    names = ", ".join(f"“{name}”" for name in using)
    return f"It is in use by {names}; archived, its members would no longer be kept." if using else ""


def make_active(segments: Any, now: datetime) -> list[str]:
    """Make archived ones of a queryset active again, gone over from the start; answers their names."""
    names = []
    with transaction.atomic():
        archived = list(segments.filter(archived_at__isnull=False).order_by("pk"))
        if any(segment.kind == Segment.CONDITION for segment in archived):
            alone()
        for segment in archived:
            segment.archived_at = None
            if segment.kind == Segment.CONDITION:
                begin_filling(segment, now)
                transaction.on_commit(partial(ring_segments, segment.workspace_id))
            segment.save()
            names.append(segment.name)
    return names


def change(segment: Segment, values: Mapping[str, Any], now: datetime) -> Segment:
    """Any of ``name``, ``condition`` and ``archived`` at once, all or nothing. Raises `Invalid` and `NotAllowed`."""
    with transaction.atomic():
        if values.get("name") is not None or values.get("condition") is not None:
            name = segment.name if values.get("name") is None else values["name"]
            segment = change_segment(segment, name, values.get("condition"), now)
        if values.get("archived") is True and segment.archived_at is None:
            archive_segment(segment, now)
        elif values.get("archived") is False:
            make_active(Segment.objects.filter(pk=segment.pk), now)
            segment.refresh_from_db()
    return segment


def words_of(segments: Sequence[Segment]) -> dict[int, str]:
    """The conditions in words, with the names of other segments, by id; "" for lists."""
    used = {pk for segment in segments for pk in segment.uses.get("segments", [])}
    names = dict(Segment.objects.filter(pk__in=used).values_list("pk", "name")) if used else {}
    return {
        segment.pk: in_words(parse_condition(segment.condition), names) if segment.condition else ""
        for segment in segments
    }


def condition_words(condition: Mapping[str, Any]) -> str:
    """A condition in the API's shape in words, with the names of segments."""
    read = parse_condition(condition)
    names = dict(Segment.objects.filter(pk__in=uses_of(read)["segments"]).values_list("pk", "name"))
    return in_words(read, names)


def keep_workspace(workspace_id: int, now: datetime) -> Kept:
    """The segments of one workspace and what its campaigns watch; rings for those in which somebody may go on."""
    kept = keep_members(workspace_id, now)
    for campaign_id in sorted(kept.woken):
        ring_campaign(campaign_id)
    return kept


def keep_segments(now: datetime) -> dict[str, int]:
    """The duty: who comes in and who goes, by what has changed and by the passing of time."""
    done = {"came": 0, "went": 0}
    for workspace_id in workspaces_with_segments():
        try:
            kept = keep_workspace(workspace_id, now)
        except Exception:
            log.exception("Keeping the segments of workspace %s failed", workspace_id)
            continue
        done["came"] += kept.came
        done["went"] += kept.went
    return done

"""Looks at touched people for the campaigns that watch: goals are marked, exit criteria met, waits are over.

Touched people come from the queue of the segments (segments.py). Everybody inside of a campaign is gone over where its
conditions are new, and now and then where they look at what touches nobody; the passing of time queues whom it concerns.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import Q

from campaigns.domain.conditions import EventDone, LabelSent, leaves_of, window_start
from campaigns.domain.watching import EXIT, GOAL, WAIT, Watched, watched_by
from campaigns.engine.audience import BY_INDEX
from campaigns.engine.batches import Deadline, go_by_index, only_worker, until_done
from campaigns.engine.goals import mark_converted
from campaigns.engine.leaving import hold_people, leave_met, wake_met
from campaigns.models import Campaign, Watch

CHUNK = 5_000
#: The passing of time is looked at so often; messages sent, which touch nobody, are gone over so often.
SWEEP_EVERY = timedelta(seconds=10)
LABELS_EVERY = timedelta(minutes=10)
_PATIENCE = "3s"


def watching_workspaces() -> list[int]:
    """The workspaces in which some campaign watches."""
    return list(Watch.objects.order_by("workspace").values_list("workspace", flat=True).distinct())


def look_at(cursor: Any, workspace_id: int, people: Sequence[int], now: datetime) -> set[int]:
    """What all watching campaigns of the workspace make of these people; answers those in which somebody may go on."""
    woken = set()
    go_by_index(cursor)
    for watch in Watch.objects.filter(workspace_id=workspace_id).order_by("pk").only("what"):
        if GOAL in watch.what and (campaign := _watched_campaign(watch.pk)):
            goal = watched_by(campaign, now).goal
            if goal:
                mark_converted(cursor, campaign, goal, people, now)
        if {WAIT, EXIT} & set(watch.what) and _leave_and_wake(cursor, watch.pk, people, now):
            woken.add(watch.pk)
    return woken


def _watched_campaign(campaign_id: int) -> Campaign | None:
    return Campaign.objects.filter(pk=campaign_id, deleted_at__isnull=True).first()


def _leave_and_wake(cursor: Any, campaign_id: int, people: Sequence[int], now: datetime) -> int:
    """How many left or were woken. The campaign is read under the lock: it is as those who move people on find it."""
    hold_people(cursor, campaign_id)
    campaign = _watched_campaign(campaign_id)
    watched = watched_by(campaign, now) if campaign else Watched()
    changed = 0
    if campaign and watched.leaving:
        changed += leave_met(cursor, campaign, watched.leaving, people, now)
    if campaign and watched.waits:
        changed += wake_met(cursor, campaign, watched.waits, people, now)
    return changed


# --- everybody inside


def look_again(workspace_id: int, now: datetime, *, seconds: float = 10.0) -> set[int]:
    """Go over everybody inside of campaigns whose conditions are new; answers those in which somebody may go on."""
    deadline, woken = Deadline(seconds), set()
    Watch.objects.filter(workspace_id=workspace_id, until__lte=now).delete()
    going = Watch.objects.filter(workspace_id=workspace_id, look_cursor__isnull=False)
    for campaign_id in list(going.order_by("pk").values_list("pk", flat=True)):
        if _is_settled(campaign_id):
            found: list[int] = []
            until_done(deadline, partial(_look_at_next, campaign_id, now, found))
            if any(found):
                woken.add(campaign_id)
    return woken


def _is_settled(campaign_id: int) -> bool:
    """Whether everybody who was changing people when the watch was made has finished; waits for them a little.

    They hold the lock that the triggers share (migrations, 0003). Nothing else is held here, so nobody waits for us.
    """
    if Watch.objects.filter(pk=campaign_id, settled=True).exists():
        return True
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [_PATIENCE])
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('conditions', 0))")
    except OperationalError:
        return False  # the next beat tries again
    return bool(Watch.objects.filter(pk=campaign_id).update(settled=True))


NEXT_SQL = """SELECT person_id FROM campaigns_journey
    WHERE campaign_id = %(campaign)s AND person_id > %(after)s ORDER BY campaign_id, person_id LIMIT %(chunk)s"""


def _look_at_next(campaign_id: int, now: datetime, found: list[int]) -> int:
    """One chunk of everybody who is or was inside: how many they were; ``found`` gets how many left or woke."""
    with only_worker("watch", campaign_id) as cursor:
        watch = (
            Watch.objects.filter(pk=campaign_id, look_cursor__isnull=False, settled=True).first()
            if cursor
            else None
        )
        if cursor is None or watch is None:
            return 0
        values = {"campaign": campaign_id, "after": watch.look_cursor, "chunk": CHUNK}
        cursor.execute(NEXT_SQL, values)
        people = [person for (person,) in cursor.fetchall()]
        if people:
            found.append(_leave_and_wake(cursor, campaign_id, sorted(set(people)), now))
        reached = {"look_cursor": people[-1]} if people else {"look_cursor": None, "looked_at": now}
        # Begun anew meanwhile (an edit): then the cursor is that of the new walk.
        Watch.objects.filter(pk=campaign_id, look_cursor=watch.look_cursor, settled=True).update(**reached)
    return len(people)


# --- the passing of time


def sweep_watches(workspace_id: int, now: datetime) -> None:
    """Queue who is inside and whose events have left the window of an exit criterion; go over messages sent.

    Who waits is looked at again by those who move people on (routes.py).
    """
    due = Q(swept_at__lte=now - SWEEP_EVERY, what__contains=EXIT)
    for pk in Watch.objects.filter(due, workspace_id=workspace_id).values_list("pk", flat=True):
        with only_worker("watch", pk) as cursor:
            watch = Watch.objects.select_related("campaign").filter(due, pk=pk).first() if cursor else None
            if watch is not None:
                _sweep(cursor, watch, now)


def _sweep(cursor: Any, watch: Watch, now: datetime) -> None:
    leaving = watched_by(watch.campaign, now).leaving
    leaves = list(leaves_of(leaving)) if leaving else []
    for leaf in leaves:
        if isinstance(leaf, EventDone) and leaf.within:
            values = {
                "campaign": watch.pk, "workspace": watch.workspace_id, "name": leaf.name,
                "after": window_start(leaf.within, watch.swept_at), "upto": window_start(leaf.within, now),
            }  # fmt: skip
            cursor.execute(CROSSED_SQL, values)
    changed: dict[str, Any] = {"swept_at": now}
    stale = watch.look_cursor is None and watch.looked_at <= now - LABELS_EVERY
    if stale and any(isinstance(leaf, LabelSent) for leaf in leaves):
        changed["look_cursor"] = 0  # settled long ago
    Watch.objects.filter(pk=watch.pk).update(**changed)


# A person may have entered after the event had left the window, so entering queues nobody; a message looks itself.
CROSSED_SQL = f"""
    INSERT INTO campaigns_touchedperson (workspace_id, person_id)
    SELECT DISTINCT %(workspace)s::bigint, e.person_id FROM campaigns_event e
    WHERE e.workspace_id = %(workspace)s AND e.name = %(name)s
        AND e.occurred_at > %(after)s AND e.occurred_at <= %(upto)s
        AND EXISTS (SELECT 1 FROM campaigns_journey j WHERE j.campaign_id = %(campaign)s
            AND j.person_id = e.person_id AND j.status || '' = 'active' {BY_INDEX})"""

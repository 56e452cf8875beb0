"""The periodic duties: what the beat does, each safe to run late, twice, or two at once; all take the time as given.

The engine answers what is due, the gateway makes each transition. One failing campaign never stops the others.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction

from approvals.services import mailing
from campaigns.engine import scheduling, settling
from campaigns.engine.compacting import compact_journey_tallies
from campaigns.engine.hidden import tidy_hidden
from campaigns.engine.promising import forget_promises
from campaigns.models import Campaign
from campaigns.services import actions, handover, running, strategy_duties
from campaigns.services.actors import Actor
from campaigns.services.breaking import fail_broken
from campaigns.services.channel_actions import complete_channel, lock_channel
from campaigns.services.due_runs import run_due
from campaigns.services.errors import ActionError
from campaigns.services.idempotency import forget_calls
from campaigns.services.import_setup import forget_uploads
from campaigns.services.importing import due_imports
from campaigns.services.segments import keep_segments
from campaigns.services.splits import decide_splits
from campaigns.services.working import busy_campaigns, work, work_on
from channels.engine import compacting, recovery
from channels.engine.claiming import due_channels
from channels.models import Channel
from channels.services import agents, connections, doorbell, receipts

__all__ = ["DUTIES", "busy_campaigns", "tick", "work", "work_on"]

log = logging.getLogger(__name__)
Duty = Callable[[datetime], dict[str, Any]]


def start_due(now: datetime) -> dict[str, Any]:
    """Scheduled starts whose time has come. One missed by more than the grace period waits for a person and says so."""
    started, asked = [], []
    for due in scheduling.due_starts(now):
        if due.lateness == "ask":
            asked += _ask_about(due.campaign_id, due.starts_at)
        else:
            started += _launch(due.campaign_id, due.starts_at, now)
    return {"started": started, "asked": asked}


def _launch(campaign_id: int, starts_at: datetime, now: datetime) -> list[int]:
    """Start it, if its time is still what it was: somebody may just have moved it. What cannot start says why."""

    def still_due() -> bool:
        return Campaign.objects.due_to_start(now).filter(pk=campaign_id).exists()

    def say(reason: str) -> None:
        _say(campaign_id, f"It could not start on {starts_at:%Y-%m-%d %H:%M} UTC: {reason}")

    return _perform("launch", campaign_id, now, still=still_due, refused=say)


def _ask_about(campaign_id: int, starts_at: datetime) -> list[int]:
    """Say on the campaign that its start was missed; it starts when a person says so or sets a new time."""
    return _say(
        campaign_id, f"It missed its start on {starts_at:%Y-%m-%d %H:%M} UTC; start it or choose a new time."
    )


def _say(campaign_id: int, message: str) -> list[int]:
    """Only the message, not the status: nothing has happened to the campaign. [] where it says so already."""
    others = Campaign.objects.filter(pk=campaign_id).exclude(status_reason=message[:500])
    return [campaign_id] if others.update(status_reason=message[:500]) else []


def stop_due(now: datetime) -> dict[str, Any]:
    """Running campaigns whose stop time has come."""

    def stop(pk: int) -> list[int]:
        return _perform("stop", pk, now, still=Campaign.objects.due_to_stop(now).filter(pk=pk).exists)

    return {"stopped": [pk for pk in scheduling.due_stops(now) if stop(pk)]}


def settle(now: datetime) -> dict[str, Any]:
    """Stopping → stopped, and whatever has nothing left to send is completed."""
    settled = [
        pk for pk in settling.ready_to_settle(now) if _end("settle", pk, settling.ready_to_settle, now)
    ]
    channels = [pk for pk in settling.ready_channels(now) if _end_channel(pk, now)]
    completed = [
        pk for pk in settling.ready_to_complete(now) if _end("complete", pk, settling.ready_to_complete, now)
    ]
    runs = [pk for pk in settling.ready_to_end_run(now) if _end_run(pk, now)]
    return {"settled": settled, "channels_completed": channels, "completed": completed, "runs_ended": runs}


def _end_run(campaign_id: int, now: datetime) -> list[int]:
    """This run is done: the campaign waits for its next one, or has completed."""
    with transaction.atomic():
        campaign = actions.lock(campaign_id, Actor.system())
        ending = "complete" if running.is_last(campaign) else "await_next_run"
        return _end(ending, campaign_id, settling.ready_to_end_run, now)


def _end(
    action: str, campaign_id: int, ready: Callable[[datetime, int], list[int]], now: datetime
) -> list[int]:
    """Look again under the locks: a message in doubt may just have been queued once more."""

    def still() -> bool:
        list(Channel.objects.select_for_update().filter(campaign_id=campaign_id).order_by("position", "id"))
        return bool(ready(now, campaign_id))

    return _perform(action, campaign_id, now, still=still)


def _end_channel(channel_id: int, now: datetime) -> bool:
    try:
        with transaction.atomic():
            lock_channel(channel_id, Actor.system())
            return bool(settling.ready_channels(now, channel_id)) and complete_channel(channel_id, now)
    except ActionError as refusal:
        log.info("Completing channel %s: %s", channel_id, refusal.message)
        return False


def archive_old(now: datetime) -> dict[str, Any]:
    """The six-month rule, batch by batch."""
    total = 0
    while number := actions.auto_archive(now):
        total += number
    return {"archived": total}


def recover(now: datetime) -> dict[str, Any]:
    """Messages whose sender died: in doubt, or back in the queue where sending again is harmless."""
    return dict(recovery.recover_expired(now))


def compact(now: datetime) -> dict[str, Any]:
    """Fold the appended counts."""
    return {"folded": compacting.compact_tallies() + compact_journey_tallies()}


def ring(now: datetime) -> dict[str, Any]:
    """Ring the workers for every channel with something due: what a lost message would have started."""
    channels = list(due_channels(now))
    doorbell.ring(channels)
    return {"rung": channels}


def import_files(now: datetime) -> dict[str, Any]:
    """Ring for imports that wait or whose worker fell silent; remove uploads that nobody came back to."""
    waiting = due_imports(now)
    for job_id in waiting:
        handover.ring_import(job_id)
    return {"rung": waiting, "forgotten": forget_uploads(now)}


def forget(now: datetime) -> dict[str, Any]:
    """Forget the answers of API calls whose Idempotency-Key is old, whom removed channels were promised to, and whom
    triggers of campaigns that are gone were about.
    """
    return {"forgotten": forget_calls(now), "promises": forget_promises(), "triggers": tidy_hidden(now)}


def recheck(now: datetime) -> dict[str, Any]:
    """Try connections with an error again; agents follow what they send through."""
    found = connections.recheck_failed(now)
    return {**found, "agents": agents.follow_connections()}


DUTIES: dict[str, Duty] = {
    "start_due": start_due,
    "run_due": run_due,
    "stop_due": stop_due,
    "keep_segments": keep_segments,
    "keep_configured": strategy_duties.keep_configured,
    "recover": recover,
    "work": work,
    "decide_splits": decide_splits,
    "settle": settle,
    "fail_broken": fail_broken,
    "archive_old": archive_old,
    "compact": compact,
    "ring": ring,
    "import_files": import_files,
    "forget": forget,
    "notify": mailing.mail_due,
    "receive": receipts.apply_duty,
    "recheck": recheck,
}


def tick(now: datetime) -> dict[str, Any]:
    """Every duty once, as of ``now``; what each did. One that fails is reported and does not stop the next."""
    done: dict[str, Any] = {}
    for name, duty in DUTIES.items():
        try:
            done[name] = duty(now)
        except Exception as error:
            log.exception("The duty %s failed", name)
            done[name] = {"error": f"{type(error).__name__}: {error}"}
    return done


def _perform(
    action: str,
    campaign_id: int,
    now: datetime,
    *,
    still: Callable[[], bool] = lambda: True,
    refused: Callable[[str], object] = log.debug,
    **params: Any,
) -> list[int]:
    """The action through the gateway; [] where somebody else was first or a guard objects (``refused`` is told why).

    ``still`` is asked under the campaign's lock whether it is due: what was found due may have changed since.
    """
    try:
        with transaction.atomic():
            actions.lock(campaign_id, Actor.system())
            if not still():
                return []
            actions.perform(action, campaign_id, Actor.system(), params=params, now=now)
    except ActionError as refusal:
        log.info("%s of campaign %s: %s", action, campaign_id, refusal.message)
        refused(refusal.message)
        return []
    except Exception:
        log.exception("%s of campaign %s failed", action, campaign_id)
        return []
    return [campaign_id]

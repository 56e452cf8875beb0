"""What each action does to a campaign beyond its status. Called by the gateway alone, inside its transaction.

An effect may change the campaign's fields and its channels, and returns the status to go to; None means the only one
that the lifecycle names (or none, where the status stays).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from campaigns.domain import states as s
from campaigns.domain.lifecycles.outreach import derive as derive_status
from campaigns.domain.schedule import told
from campaigns.engine.used_segments import segments_of
from campaigns.models import Journey, Segment
from campaigns.services import cloning, entering, entrances, running, send_schedule, strategy_runs
from campaigns.services.approval_effects import APPROVAL_EFFECTS
from campaigns.services.errors import Invalid
from campaigns.services.moves import Move
from campaigns.services.parameters import read_choice, read_future, read_text
from campaigns.services.segments import make_active
from channels.domain import states as cs

Effect = Callable[[Move], str | None]


def start(move: Move) -> str | None:
    """journey, flow: current people enter, future additions follow; people inside a flow go on where they were. python: a
    new run of the strategy.
    """
    campaign = move.campaign
    if campaign.kind == "python":
        strategy_runs.begin(move)
        return None
    entering.open_doors(campaign, "current", move.now)
    campaign.starts_at = None
    campaign.started_at = campaign.started_at or move.now
    campaign.finished_at = None
    move.start_channels()
    return None


def restart(move: Move) -> str | None:
    """journey: asks who enters (seed 000, Restart); sms: only what was not sent goes out (seed 001)."""
    campaign = move.campaign
    if campaign.kind == "journey":
        audience = entering.read_audience(campaign, move.params, "current")
        entering.open_doors(campaign, audience, move.now)
        if entering.asks_for_audience(campaign):
            move.data["audience"] = audience
    campaign.starts_at = None
    campaign.finished_at = None
    move.start_channels(requeue=campaign.kind != "journey")
    return None


def launch(move: Move) -> str | None:
    """The beat: the scheduled time has come. What is late says so."""
    if running.goes_in_runs(move.campaign):
        running.begin(move)
        return None
    late = (move.now - move.campaign.starts_at).total_seconds() if move.campaign.starts_at else 0
    if late > 60:
        move.reason = f"Started {int(late // 60)} minutes late."
    if move.campaign.status == s.STOPPED:
        asked = entering.asks_for_audience(move.campaign)
        move.params = {"audience": move.campaign.restart_audience} if asked else {}
        return restart(move)
    if move.campaign.kind == "journey":
        return start(move)
    move.begin()
    running.begin(move)
    return None


def schedule(move: Move) -> str | None:
    """journey: a start, a stop or both (null clears); sms and voice: the start, and perhaps a stop."""
    campaign = move.campaign
    starts_at, stops_at = _planned(move, "starts_at"), _planned(move, "stops_at")
    if campaign.kind == "journey":
        if not ({"starts_at", "stops_at"} & move.params.keys()):
            raise Invalid.field("starts_at", "Schedule needs starts_at, stops_at or both.")
        if campaign.status == s.STOPPED:
            campaign.restart_audience = entering.read_audience(
                campaign, move.params, campaign.restart_audience
            )
    elif starts_at is None:
        starts_at = move.now
    elif starts_at < move.now:
        raise Invalid.field(
            "starts_at",
            f"Its start, {told(starts_at, move.campaign.timezone)}, has passed; choose a new time.",
        )
    if starts_at and stops_at and stops_at <= starts_at:
        raise Invalid.field("stops_at", "stops_at must be after starts_at.")
    _keep_to_what_was_approved(move, starts_at)
    messages = move.channels if campaign.kind == "sms" else []
    send_schedule.keep_distance(messages, campaign.starts_at, starts_at)
    campaign.starts_at, campaign.stops_at = starts_at, stops_at
    send_schedule.refuse_impossible(campaign, messages, move.now)
    if "mode" in move.params:
        campaign.stop_mode = read_choice(move.params, "mode", ("exit", "finish"))
    move.data |= _times(move)
    return None


def _keep_to_what_was_approved(move: Move, starts_at: datetime | None) -> None:
    """A start that was approved is kept, unless it has passed; where none was named, whoever schedules it chooses."""
    planned = move.campaign.starts_at
    if move.facts.approval.asked and planned and planned > move.now and starts_at != planned:
        raise Invalid.field(
            "starts_at",
            f"Its start, {told(planned, move.campaign.timezone)}, was approved; to move it, change When and send it "
            "for approval again.",
        )


def _planned(move: Move, name: str) -> datetime | None:
    """The time that is asked for (null: none); where nothing is said, the one that the campaign has already."""
    planned: datetime | None = getattr(move.campaign, name)
    return read_future(move.params, name, move.now) if name in move.params else planned


def schedule_stop(move: Move) -> str | None:
    """journey, running: when to stop, and how (null clears it)."""
    if "stops_at" not in move.params:
        raise Invalid.field("stops_at", "Schedule stop needs stops_at (null clears it).")
    move.campaign.stops_at = read_future(move.params, "stops_at", move.now)
    move.campaign.stop_mode = read_choice(move.params, "mode", ("exit", "finish"), move.campaign.stop_mode)
    move.data |= _times(move)
    return None


def _times(move: Move) -> dict[str, str | None]:
    times = {"starts_at": move.campaign.starts_at, "stops_at": move.campaign.stops_at}
    return {name: moment.isoformat() if moment else None for name, moment in times.items()}


def cancel_schedule(move: Move) -> str | None:
    move.clear_schedule()
    return None


def stop(move: Move) -> str | None:
    """Stop is O(1): it changes the rows of the campaign and its channels; the ledger's follow in batches."""
    campaign = move.campaign
    if campaign.kind == "journey":
        return _stop_journey(move)
    if campaign.kind == "flow":
        _halt(move)
        return s.DRAFT
    running.close(move)
    strategy_runs.end(move)
    move.clear_schedule()
    move.stop_channels("stopped")
    campaign.finished_at = move.now
    return s.CONFIGURED if campaign.kind == "python" else s.STOPPED


def _halt(move: Move) -> None:
    """flow: nobody enters or moves, nothing is sent; people inside and what waits for them stay for the next Start."""
    move.campaign.enter_since = None
    move.campaign.finished_at = move.now
    move.clear_schedule()
    move.pause_channels()


def _stop_journey(move: Move) -> str:
    """Seed 000, *What happens if people are in the campaign?*"""
    campaign = move.campaign
    default = "exit" if campaign.status == s.STOPPING else None
    if move.actor.is_system:
        default = campaign.stop_mode
    active = Journey.objects.filter(campaign_id=campaign.pk, status=Journey.ACTIVE).exists()
    if not active and not entering.anyone_to_send(move.channels):
        default = "exit"
    mode = move.params.get("mode") or default
    if mode not in ("exit", "finish"):
        raise Invalid.field(
            "mode", "People are in progress: choose exit (immediately) or finish (their journey)."
        )
    if campaign.status == s.STOPPING and mode == "finish":
        raise Invalid.field("mode", "It is stopping already; only exit can be chosen now.")
    move.data["mode"] = mode
    move.clear_schedule()
    campaign.enter_since = None
    if mode == "finish" and (active or entering.anyone_to_send(move.channels)):
        return s.STOPPING
    campaign.sweep = "exit"
    campaign.finished_at = move.now
    move.stop_channels("exited")
    return s.STOPPED


def settle(move: Move) -> str | None:
    move.campaign.finished_at = move.now
    move.stop_channels("stopped")
    return None


def complete(move: Move) -> str | None:
    """Nothing is pending or sending: the channels are complete, and so is the campaign."""
    for channel in move.channels:
        if channel.status == cs.RUNNING:
            channel.complete()
            channel.finished_at = move.now
            channel.save()
    running.close(move)
    move.reason = read_text(move.params, "reason")[:500]
    move.campaign.finished_at = move.now
    move.clear_schedule()
    return None


def fail(move: Move) -> str | None:
    """It cannot go on: what is unsent is cancelled (voice never restarts), results stay. A flow keeps all for its Start."""
    move.reason = (read_text(move.params, "reason") or "It cannot go on.")[:500]
    if move.campaign.kind == "flow":
        _halt(move)
        return None
    strategy_runs.end(move)
    move.campaign.finished_at = move.now
    move.stop_channels("stopped")
    return None


def archive(move: Move) -> str | None:
    """Nobody enters, journeys end, unsent messages are cancelled; it becomes read-only (seed 000, Archive)."""
    campaign = move.campaign
    if (campaign.kind == "journey" and campaign.status in s.LIVE) or (
        campaign.kind == "flow" and campaign.started_at
    ):
        campaign.sweep = "exit"
    campaign.enter_since = None
    entrances.rest(campaign, move.now)
    running.close(move)
    move.clear_schedule()
    if campaign.kind != "outreach":
        live = [channel for channel in move.channels if channel.status != cs.READY]
        move.channels = live
        move.stop_channels("archived")
    return None


def unarchive(move: Move) -> str | None:
    """journey → stopped, and the archived lists it uses become active again; outreach → as its channels say."""
    campaign = move.campaign
    used = Segment.objects.filter(workspace_id=campaign.workspace_id, pk__in=segments_of(campaign))
    move.data["segments_made_active"] = make_active(used, move.now)
    entrances.wake(campaign, move.now)
    if campaign.kind != "outreach":
        return None
    target, _ = derive_status([channel.status for channel in move.channels])
    return target if target in move.targets else s.STOPPED


def derive(move: Move) -> str | None:
    target, move.reason = derive_status([channel.status for channel in move.channels])
    return target


def delete(move: Move) -> str | None:
    """Gone for everybody at once; the rows follow in batches. Its history stays in the activity log."""
    for channel in move.channels:
        if channel.status in (cs.RUNNING, cs.PAUSED, cs.ERRORED):
            channel.stop()
            channel.save()
    move.clear_schedule()
    move.campaign.enter_since = None
    entrances.rest(move.campaign, move.now)
    move.campaign.deleted_at = move.now
    return None


def duplicate(move: Move) -> str | None:
    move.result = cloning.clone(move.campaign, move.channels, move.actor, move.now)
    move.data["copy"] = move.result.pk
    return None


def force_stop(move: Move) -> str | None:
    move.stop_channels("stopped")
    return None


EFFECTS: dict[str, Effect] = {
    effect.__name__: effect
    for effect in (
        start, restart, launch, schedule, schedule_stop, cancel_schedule, stop, settle, complete, fail, archive,
        unarchive, derive, delete, duplicate, force_stop,
    )
} | APPROVAL_EFFECTS  # fmt: skip
EFFECTS["await_next_run"] = running.end_run

"""Runs: how the occurrences of a message become rows, begin and end. Called inside the gateway's transaction.

Nothing here decides what is due (due_runs.py) or changes a status: effects call it, and it keeps the rows in step. One
run at most is planned ahead: the next one, from the moment the one before it begins.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from campaigns.domain import states as s
from campaigns.domain.deliveries import BY_EVENT, IN_RUNS, ONE_BY_ONE, type_of
from campaigns.domain.recurrence import Occurrence, next_occurrence, occurrences
from campaigns.domain.schedule import PUNCTUAL, told
from campaigns.engine import events
from campaigns.models import Campaign, Run
from campaigns.services import snapshots
from campaigns.services.errors import Invalid
from campaigns.services.moves import Move
from campaigns.services.parameters import read_flag, read_time
from channels.domain import states as cs
from channels.models import Channel

#: More missed occurrences than anybody reads about; the oldest of those that get a row says how many came before it.
MOST_TOLD = 500
_JUST_BEFORE = timedelta(microseconds=1)


def goes_in_runs(campaign: Campaign) -> bool:
    """Whether it goes out again and again to its audience of that moment: each time is a run."""
    return campaign.kind == "message" and type_of(campaign.delivery) in IN_RUNS


def goes_one_by_one(campaign: Campaign) -> bool:
    """Whether it sends to people as something happens to them, until it is stopped."""
    return campaign.kind == "message" and type_of(campaign.delivery) in ONE_BY_ONE


def unplan(campaign: Campaign) -> None:
    """Before its first run, or a draft again: nothing is to come by itself; what sets out is planned anew."""
    campaign.runs.filter(status__in=(Run.PLANNED, Run.LATE), started_at__isnull=True).delete()
    campaign.next_run_at = None


def launch_target(move: Move) -> str:
    """publish and approve of a message in runs: plan the first run and answer the status to go to.

    A first run that has passed is asked about: ``start_now`` runs it now, ``starts_at`` leaves out what is before it.
    """
    campaign, chosen = move.campaign, read_time(move.params, "starts_at")
    unplan(campaign)
    first = next_occurrence(campaign.delivery, campaign.timezone)
    if first is None:
        raise Invalid.field("delivery", "It has no time at which it runs: set one under When.")
    if read_flag(move.params, "start_now") and first.at <= move.now:
        begin_run(move, _newest_missed(campaign, move.now))
        return s.RUNNING
    if first.at <= move.now and (chosen is None or chosen <= move.now):
        raise Invalid.field("start_now", _passed(campaign, first, move.now))
    after = max(chosen - _JUST_BEFORE, move.now) if chosen else move.now
    coming = next_occurrence(campaign.delivery, campaign.timezone, after)
    if coming is None or (campaign.stops_at and coming.at >= campaign.stops_at):
        raise Invalid.field(
            "delivery", "No run is left: every time that it names has passed or is after its stop."
        )
    _add(campaign, coming, _next_number(campaign))
    campaign.starts_at = campaign.next_run_at = coming.at
    return s.SCHEDULED


def _passed(campaign: Campaign, first: Occurrence, now: datetime) -> str:
    coming = next_occurrence(campaign.delivery, campaign.timezone, now)
    later = (
        f", or send starts_at to go on from then (its next run: {told(coming.at, campaign.timezone)})"
        if coming
        else ""
    )
    return f"Its first run ({told(first.at, campaign.timezone)}) has passed; send start_now to run it now{later}."


def _newest_missed(campaign: Campaign, now: datetime) -> Run:
    """The latest occurrence that has passed, as a run; those before it were never to go out."""
    newest = missed(campaign, None, now)[-1]
    return _add(campaign, newest, _next_number(campaign))


def missed(campaign: Campaign, after: datetime | None, now: datetime) -> list[Occurrence]:
    """The occurrences later than ``after`` that have come by now, before the campaign's stop."""
    found: list[Occurrence] = []
    while True:
        batch = occurrences(campaign.delivery, campaign.timezone, after, MOST_TOLD)
        due = [
            occurrence
            for occurrence in batch
            if occurrence.at <= now and not (campaign.stops_at and occurrence.at >= campaign.stops_at)
        ]
        found += due
        if not due or len(due) < MOST_TOLD:
            return found
        after = due[-1].at


def plan_next(campaign: Campaign, now: datetime) -> Run | None:
    """The run that is planned; made where there is none yet. None where no occurrence is left before the stop."""
    planned = campaign.runs.filter(status=Run.PLANNED).first()
    if planned is None and goes_in_runs(campaign):
        last = campaign.runs.order_by("-occurs_at").first()
        coming = next_occurrence(campaign.delivery, campaign.timezone, last.occurs_at if last else None)
        if coming is not None and not (campaign.stops_at and coming.at >= campaign.stops_at):
            planned = _add(campaign, coming, _next_number(campaign))
    campaign.next_run_at = planned.occurs_at if planned else None
    return planned


def _next_number(campaign: Campaign) -> int:
    last = campaign.runs.order_by("-number").first()
    return last.number + 1 if last else 1


def _add(campaign: Campaign, occurrence: Occurrence, number: int, **more: str) -> Run:
    return Run.objects.create(
        campaign=campaign,
        number=number,
        occurs_at=occurrence.at,
        local=occurrence.stated,
        note=occurrence.note,
        **more,
    )


def add_skipped(campaign: Campaign, found: Iterable[Occurrence], reason: str) -> list[Run]:
    """Rows for occurrences that nobody was there to plan, with the reason why they did not run."""
    listed = list(found)
    told_of, number = listed[-MOST_TOLD:], _next_number(campaign)
    untold = len(listed) - len(told_of)
    runs = [
        Run(
            campaign=campaign, number=number + index, occurs_at=occurrence.at, local=occurrence.stated,
            note=occurrence.note, status=Run.SKIPPED, reason=reason,
        )
        for index, occurrence in enumerate(told_of)
    ]  # fmt: skip
    if untold:
        runs[0].reason = f"{reason} So were {untold:,} runs before it."[:300]
    return Run.objects.bulk_create(runs)


def begin_run(move: Move, run: Run) -> None:
    """The run goes out, to the audience of this moment, with the content of this moment; the next one is planned."""
    campaign, now = move.campaign, move.now
    _supersede(campaign, run)
    run.status, run.started_at = Run.RUNNING, now
    run.content_hash = snapshots.hash_of(campaign, move.channels)
    behind = now - run.occurs_at
    if behind > PUNCTUAL:
        run.reason = f"It began {_in_words(behind)} late."
        move.reason = f"The run of {run.local} began {_in_words(behind)} late."
    run.save()
    move.data |= {"run": run.number, "occurs_at": run.occurs_at.isoformat()}
    campaign.starts_at = None
    campaign.started_at = campaign.started_at or now
    campaign.finished_at = None
    for channel in move.channels:
        channel.run, channel.enrol_cursor, channel.enrolled = run.number, 0, False
        channel.started_at, channel.finished_at, channel.status_reason = now, None, ""
        if channel.status != cs.RUNNING:
            channel.start()
        channel.save()
    plan_next(campaign, now)


def join(campaign: Campaign, channel: Channel) -> None:
    """A channel that is added while the campaign runs takes part in what is going on."""
    present = campaign.runs.filter(status=Run.RUNNING).first()
    channel.run = present.number if present else channel.run
    channel.enrolled = goes_one_by_one(campaign)


def _supersede(campaign: Campaign, run: Run) -> None:
    """What still waits for a person's decision is settled by a later run: nobody gets two at once."""
    older = campaign.runs.filter(status=Run.LATE, occurs_at__lt=run.occurs_at)
    older.update(status=Run.SKIPPED, reason=superseded_by(run.local))


def superseded_by(local: str) -> str:
    """The reason of a missed run that a later one stands in for."""
    return f"It was missed, and superseded by the run of {local}."


def _in_words(behind: timedelta) -> str:
    minutes = int(behind.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} minute{'' if minutes == 1 else 's'}"
    return f"{minutes // 60} hours" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days"


def begin(move: Move) -> None:
    """launch: the run that has come, or the beginning of following people one by one. A one-time message needs neither."""
    if goes_in_runs(move.campaign):
        wanted = {"pk": move.params["run"]} if move.params.get("run") else {"status": Run.PLANNED}
        run = move.campaign.runs.select_for_update().filter(**wanted).first()
        if run is None or run.status not in (Run.PLANNED, Run.LATE):
            raise Invalid("There is no run that waits for its time.")
        begin_run(move, run)
    elif goes_one_by_one(move.campaign):
        begin_following(move)


def begin_following(move: Move) -> None:
    """From here on whatever happens to people counts; what happened before does not."""
    if type_of(move.campaign.delivery) in BY_EVENT:
        move.campaign.event_cursor = events.safe_id(move.campaign)
    # The first walk over people's dates begins at once (engine/dates.py).
    move.campaign.enter_since, move.campaign.enter_cursor = move.now, 0
    for channel in move.channels:
        # Nobody is enrolled beforehand; ledger rows come one by one (engine/following.py).
        channel.enrolled = True
        channel.save()


def end_run(move: Move) -> None:
    """await_next_run: everybody of this run has been processed; the channels rest until the next."""
    _close(move, Run.COMPLETED, "")
    for channel in move.channels:
        if channel.status == cs.RUNNING:
            channel.complete()
            channel.finished_at = move.now
            channel.save()
    if goes_in_runs(move.campaign):
        plan_next(move.campaign, move.now)


def close(move: Move) -> None:
    """stop, complete, archive: nothing runs any more, and what was planned is not to come."""
    if move.campaign.kind != "message":
        return
    if move.action == "complete":
        _close(move, Run.COMPLETED, "")
    else:
        _close(move, Run.STOPPED, "The campaign was stopped before everybody had been sent to.")
    waiting = move.campaign.runs.filter(status__in=(Run.PLANNED, Run.LATE))
    waiting.update(status=Run.SKIPPED, reason="The campaign was stopped.")
    move.campaign.next_run_at = None


def _close(move: Move, status: str, reason: str) -> None:
    values = {"status": status, "finished_at": move.now} | ({"reason": reason} if reason else {})
    move.campaign.runs.filter(status=Run.RUNNING).update(**values)


def is_last(campaign: Campaign) -> bool:
    """Whether no run is planned or waits for a person any more."""
    return not campaign.runs.filter(status__in=(Run.PLANNED, Run.LATE)).exists()

"""Runs the strategy of a python campaign over its contacts: batch by batch, each contact once in a run (seed 002).

Ask outside of any transaction, in another process; then write everything that came of a batch, with the cursor behind
it, in one. Killed at any moment, the contacts of that batch are asked about again and nothing of them has been written.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from campaigns.domain.planned_times import placed, read_windows
from campaigns.domain.strategies import Contact, Nonsense, cause_of_failure, read_plan
from campaigns.domain.windows import Window
from campaigns.engine.audience import Audience, audience_of
from campaigns.engine.strategy_ledger import Outcome, Written, write, write_lines
from campaigns.engine.strategy_walk import Batch, Next, is_resting, next_batch, only_strategist
from campaigns.models import Campaign, StrategyRun
from campaigns.strategies import registry
from campaigns.strategies.process import Limits, StrategyDied, StrategyProcess
from channels.models import Channel

#: Contacts whose rows are written in one transaction. A slow strategy's are written after so many seconds at the latest.
BATCH, BATCH_SECONDS = 200, 5.0
#: Nor is more text than this kept in memory: a contact's plan may have millions of characters.
BATCH_CHARACTERS = 2_000_000


@dataclass(slots=True)
class Progress:
    """What a call has done. ``cause``: why the campaign cannot go on; "" where it can."""

    asked: int = 0
    planned: int = 0
    cause: str = ""


def limits() -> Limits:
    """What a strategy may take, as the settings say."""
    return Limits(
        settings.STRATEGY_START_SECONDS, settings.STRATEGY_CONTACT_SECONDS, settings.STRATEGY_MEMORY_MB
    )


def registered() -> registry.Registry:
    """The strategies of this installation."""
    return registry.find(settings.CAMPAIGN_STRATEGIES, limits())


def ask_contacts(campaign_id: int, now: datetime, *, seconds: float = 10.0, batch: int = BATCH) -> Progress:
    """Ask about contacts and write what is planned for them, for about ``seconds``; what is left the next call does."""
    progress = Progress()
    with only_strategist(campaign_id) as mine:
        work = _open(campaign_id, now) if mine else None
        if isinstance(work, str):
            progress.cause = work
        elif work is not None:
            with work.asker:
                _go_on(work, progress, work.moment() + seconds, batch)
            _done(work.run)
    return progress


@dataclass(slots=True)
class _Work:
    """What stays the same while contacts are asked about."""

    campaign: Campaign
    run: StrategyRun
    audience: Audience
    channels: dict[str, int]
    stages: Collection[str]
    windows: list[Window]
    asker: Asker
    now: datetime
    last: str = ""
    """What was wrong with the last contact that failed."""

    def moment(self) -> float:
        """The time that a turn goes by: without what starting the process took, and as long again.

        Where that takes longer than a turn, nothing would be done but starting it.
        """
        return time.monotonic() - 2 * self.asker.starting

    def cause(self, *, at_end: bool) -> str:
        run = self.run
        all_failed = run.failed if at_end and run.failed and run.failed == run.processed else 0
        return cause_of_failure(
            failed_in_a_row=run.failed_in_a_row, fatal_in_a_row=run.fatal_in_a_row, last=self.last, all_failed=all_failed
        )  # fmt: skip


class Asker:
    """The strategy's process, started when the first contact is asked about, and again after it had to be ended."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._process: StrategyProcess | None = None
        #: Seconds that it has taken until the strategy was ready to be asked.
        self.starting = 0.0

    def __enter__(self) -> Asker:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """End the process; the next question starts another."""
        if self._process is not None:
            self._process.close()
            self._process = None

    def ask(self, contact: Contact, now: datetime) -> dict[str, Any]:
        """The answer about a contact. Raises `StrategyDied`."""
        process = self._process or self._start()
        return process.ask(contact, now)

    def _start(self) -> StrategyProcess:
        began = time.monotonic()
        self._process = StrategyProcess(self._target, limits())
        described = self._process.described()
        self.starting += time.monotonic() - began
        if "is" not in described:
            raise StrategyDied(str(described.get("problem")))
        return self._process


def _open(campaign_id: int, now: datetime) -> _Work | str | None:
    """All that is needed to go on; the cause where the strategy cannot be used any more, None where nothing is to do."""
    campaign = Campaign.objects.filter(
        pk=campaign_id, kind="python", status="running", deleted_at__isnull=True
    ).first()
    run = (
        campaign.strategy_runs.filter(finished_at__isnull=True).order_by("-number").first()
        if campaign
        else None
    )
    audience = audience_of(campaign, now) if campaign else None
    if campaign is None or run is None or audience is None or is_resting(run, now):
        return None
    return _prepared(campaign, run, audience, now)


def rehearse(
    campaign: Campaign, contacts: Sequence[Next], now: datetime, seconds: float
) -> list[Outcome] | str:
    """What the strategy would plan for these contacts, as many as it answers within ``seconds``; nothing is written.

    The cause where it cannot be asked at all.
    """
    run = StrategyRun(campaign=campaign, strategy=campaign.strategy)
    work = _prepared(campaign, run, Audience(campaign.workspace_id), now)
    if isinstance(work, str):
        return work
    until, outcomes = time.monotonic() + seconds, []
    with work.asker:
        for contact in contacts:
            outcomes.append(_ask(work, contact))
            if time.monotonic() >= until:
                break
    return outcomes


def _prepared(campaign: Campaign, run: StrategyRun, audience: Audience, now: datetime) -> _Work | str:
    """All that is needed to ask the run's strategy; the cause where it cannot be used."""
    found = registered()
    if problem := found.problem(run.strategy):
        return problem
    strategy = found.strategies[run.strategy]
    stages = [stage["key"] for stage in campaign.stages] or [key for key, _ in strategy.stages]
    channels = dict(
        Channel.objects.filter(campaign=campaign).order_by("-position", "-id").values_list("kind", "pk")
    )
    windows = read_windows(campaign.windows)
    return _Work(campaign, run, audience, channels, stages, windows, Asker(strategy.target), now)


def _begun(work: _Work) -> None:
    """Note that this worker asks; the log says so of an earlier one that never came to `_done`."""
    run, since = work.run, work.run.asking_since
    run.asking_since = work.now
    with transaction.atomic(), connection.cursor() as cursor:
        if since is not None:
            told = (
                f"The worker that asked since {since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC ended in the middle. "
                "Contacts of whom it had written nothing are asked about again; nobody is planned for twice."
            )
            write_lines(cursor, run, [{"person_id": None, "level": "warning", "text": told}], work.now)
        StrategyRun.objects.filter(pk=run.pk).update(asking_since=work.now, lines=run.lines)


def _done(run: StrategyRun) -> None:
    if run.asking_since is not None:
        StrategyRun.objects.filter(pk=run.pk).update(asking_since=None)


def _go_on(work: _Work, progress: Progress, deadline: float, most: int) -> None:
    found = next_batch(work.run, work.audience, most)
    if found.contacts:
        _begun(work)
    while True:
        before = (work.run.cursor, work.run.walks)
        outcomes = _ask_batch(work, found, deadline)
        ends = found.ends and len(outcomes) == len(found.contacts)
        progress.cause = work.cause(at_end=ends and work.run.walks == 0)
        said = _advance(work, found, outcomes, ends)
        if not write(Written(work.campaign, work.run, work.channels, outcomes, before, said), work.now):
            progress.cause = ""
            return
        progress.asked += len(outcomes)
        progress.planned += sum(len(outcome.steps) for outcome in outcomes)
        if ends or progress.cause or work.moment() >= deadline:
            return
        found = next_batch(work.run, work.audience, most)


def _ask_batch(work: _Work, found: Batch, deadline: float) -> list[Outcome]:
    """Ask about each, until the time is up or it is clear that the strategy does not work; the run counts with it."""
    outcomes: list[Outcome] = []
    write_at, room = work.moment() + BATCH_SECONDS, BATCH_CHARACTERS
    for contact in found.contacts:
        outcome = _ask(work, contact)
        outcomes.append(outcome)
        _count(work, outcome)
        room -= outcome.characters
        if work.cause(at_end=False) or work.moment() >= min(deadline, write_at) or room <= 0:
            break
    return outcomes


def _ask(work: _Work, asked: Next) -> Outcome:
    outcome = Outcome(asked.person_id)
    try:
        answer = work.asker.ask(asked.contact, work.now)
    except StrategyDied as died:
        work.asker.end()
        outcome.problem, outcome.fatal = str(died), True
        outcome.lines.append(("error", str(died)))
        return outcome
    outcome.lines += _lines_of(answer)
    try:
        if problem := str(answer.get("problem") or ""):
            traceback = str(answer.get("traceback") or "")
            raise Nonsense(problem if not traceback else f"{problem}\n{traceback}")
        for step in read_plan(answer.get("plan"), work.stages, work.channels):
            zone = asked.contact.timezone
            place = placed(step.at, step.until, work.windows, zone, work.campaign.timezone, work.now)
            outcome.steps.append((step, place))
    except Nonsense as nonsense:
        outcome.steps.clear()
        outcome.problem = str(nonsense).partition("\n")[0]
        outcome.lines.append(("error", str(nonsense)))
    return outcome


def _lines_of(answer: dict[str, Any]) -> list[tuple[str, str]]:
    """What the strategy has said, if that is what it should be."""
    given = answer.get("lines")
    pairs = given if isinstance(given, list) else []
    levels = ("output", "info", "warning", "error")
    return [(str(p[0]), str(p[1])) for p in pairs if isinstance(p, list) and len(p) == 2 and p[0] in levels]


def _count(work: _Work, outcome: Outcome) -> None:
    run = work.run
    run.processed += 1
    run.planned += len(outcome.steps)
    if outcome.problem:
        run.failed += 1
        run.failed_in_a_row += 1
        run.fatal_in_a_row = run.fatal_in_a_row + 1 if outcome.fatal else 0
        work.last = outcome.problem
    else:
        run.failed_in_a_row = run.fatal_in_a_row = 0


def _advance(work: _Work, found: Batch, outcomes: list[Outcome], ends: bool) -> list[tuple[str, str]]:
    """Move the run's cursor behind what was asked about; answers what the log says of it."""
    run = work.run
    if not ends:
        whole = len(outcomes) == len(found.contacts)
        run.cursor = found.cursor if whole else outcomes[-1].person_id
        return []
    run.cursor, run.walks, run.walked_at = 0, run.walks + 1, work.now
    if run.walks > 1 and not outcomes:
        return []
    told = (
        f"Everybody has been asked about: {run.processed:,} contacts, {run.failed:,} of them failed; {run.planned:,} "
        "communications are planned. Whoever is added later is asked about within minutes."
    )
    return [("info", told)]

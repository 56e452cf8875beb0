"""The runs of python campaigns (seed 002): begun and ended inside the gateway's transaction. See strategy_duties.py."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from campaigns.engine.strategy_ledger import write_lines
from campaigns.models import StrategyRun
from campaigns.services.moves import Move


def begin(move: Move) -> None:
    """start: a new run. Everybody is asked about again; what somebody was sent before is not sent again (frequency)."""
    campaign = move.campaign
    last = campaign.strategy_runs.order_by("-number").first()
    run = StrategyRun.objects.create(
        campaign=campaign,
        number=last.number + 1 if last else 1,
        strategy=campaign.strategy,
        started_at=move.now,
    )
    for channel in move.channels:
        # Nobody is enrolled: the ledger's rows are those that the strategy plans.
        channel.run, channel.enrolled = run.number, True
    move.begin()
    move.data |= {"run": run.number, "strategy": campaign.strategy}
    _say(run, "info", f"Run {run.number} began with the strategy “{run.strategy}”.", move.now)


def end(move: Move) -> None:
    """stop and fail: the run is over. What it had planned and not sent is cancelled with the channels."""
    run = move.campaign.strategy_runs.filter(finished_at__isnull=True).order_by("-number").first()
    if run is None:
        return
    run.finished_at = move.now
    level, words = ("error", move.reason) if move.action == "fail" else ("info", "It was stopped.")
    _say(run, level, words, move.now)
    run.save(update_fields=["finished_at", "lines"])


def _say(run: StrategyRun, level: str, text: str, now: datetime) -> None:
    with connection.cursor() as cursor:
        write_lines(cursor, run, [{"person_id": None, "level": level, "text": text}], now)
    run.save(update_fields=["lines"])

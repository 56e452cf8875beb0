"""Stopping, and the work it leaves: each beside the raw batched UPDATE of a twin table, in the same run.

    uv run python -m tests.benchmarks.bench_stop_archive [--rows 1000000] [--rounds 3] [--only stop,cancel,…]

* stop: how long the gateway's stop of a running campaign takes while its audience is still being enrolled (50 ms)
* cancel: its unsent messages (1.5), exit: its journeys (1.5), queue again: the restart (no target)
* move: people due at a delay go on (0.3 of the raw speed, that is a ratio of 3.3)
* archive: campaigns whose six months are over, with their activity rows (1.5)

Ratios are of time, smaller is better. The database is BENCH_DATABASE_URL; it is emptied.
"""

from __future__ import annotations

import argparse
import json
import statistics
import threading
import time
from collections.abc import Callable
from typing import Any

from tests.benchmarks import ground

TARGETS = {"cancel": 1.5, "queue again": None, "exit": 1.5, "move": 3.3, "archive": 1.5}


def empty() -> None:
    from tests.benchmarks.raw import run

    run(
        "TRUNCATE campaigns_workspace, channels_delivery, channels_tally, campaigns_journey, campaigns_journeytally,"
        " campaigns_activity CASCADE"
    )


def measure_stop(rows: int, rounds: int) -> dict[str, Any]:
    """Milliseconds until the stop has committed, while a worker enrols the audience; and that nothing came after it."""
    from django.db import connection

    from campaigns.engine.enrolment import enrol_channel
    from campaigns.services.actions import perform
    from campaigns.services.actors import Actor
    from channels.models import Delivery
    from tests.benchmarks.raw import settle
    from tests.engine import world

    empty()
    workspace = world.make_workspace("bench")
    segment = world.make_list(workspace, world.make_people(workspace, rows))
    settle("campaigns_person", "campaigns_segmentmember")
    took = []
    for _ in range(rounds + 1):
        channel = world.make_channel(world.make_campaign(segment))
        worker = threading.Thread(target=_enrol, args=(enrol_channel, channel.pk, world.NOW))
        worker.start()
        while not Delivery.objects.filter(channel=channel).exists():
            time.sleep(0.01)
        started = time.perf_counter()
        perform("stop", channel.campaign_id, Actor.system())
        took.append((time.perf_counter() - started) * 1000)
        then = Delivery.objects.filter(channel=channel).count()
        worker.join()
        if Delivery.objects.filter(channel=channel).count() != then:
            raise SystemExit("Rows were made after the stop had committed.")
    connection.close()
    del took[0]  # a process's first action loads what the later ones find loaded
    return {"milliseconds": round(statistics.median(took), 1), "worst": round(max(took), 1), "target": 50}


def _enrol(enrol: Callable[..., Any], channel_id: int, now: Any) -> None:
    from django.db import connection

    enrol(channel_id, now, seconds=1e9)
    connection.close()


# --- each of these makes the rows and answers (the work, the raw UPDATE of the twin)


def cancel(rows: int) -> tuple[Callable[[], Any], Callable[[], Any]]:
    from campaigns.engine.sweeping import sweep
    from tests.benchmarks import raw
    from tests.engine import world

    channel = _ledger(rows, "pending")
    _set_channel(channel, "stopped", "cancel", "stopped")
    table = _copied("channels_delivery")
    return (
        lambda: sweep(channel.campaign_id, world.NOW, seconds=1e9),
        lambda: raw.batched_update(
            table, "status = 'cancelled', reason = 'stopped', lease_until = NULL, fence = NULL"
        ),
    )


def queue_again(rows: int) -> tuple[Callable[[], Any], Callable[[], Any]]:
    from campaigns.engine.sweeping import sweep
    from tests.benchmarks import raw
    from tests.engine import world

    channel = _ledger(rows, "cancelled")
    raw.run("UPDATE channels_delivery SET reason = 'stopped'")
    _set_channel(channel, "running", "requeue", "")
    table = _copied("channels_delivery")
    return (
        lambda: sweep(channel.campaign_id, world.NOW, seconds=1e9),
        lambda: raw.batched_update(table, "status = 'pending', reason = '', due_at = now()"),
    )


def leave(rows: int) -> tuple[Callable[[], Any], Callable[[], Any]]:
    from campaigns.engine.sweeping import sweep
    from campaigns.models import Campaign
    from tests.benchmarks import raw
    from tests.engine import world

    campaign = _journeys(rows)
    Campaign.objects.filter(pk=campaign.pk).update(status="stopped", sweep="exit")
    table = _copied("campaigns_journey")
    return (
        lambda: sweep(campaign.pk, world.NOW, seconds=1e9),
        lambda: raw.batched_update(table, "status = 'exited', reason = 'stopped', ended_at = now()"),
    )


def move(rows: int) -> tuple[Callable[[], Any], Callable[[], Any]]:
    from campaigns.engine.journeys import advance
    from tests.benchmarks import raw
    from tests.engine import world

    campaign = _journeys(rows)
    table = _copied("campaigns_journey")
    return (
        lambda: advance(campaign.pk, world.NOW, seconds=1e9),
        lambda: raw.batched_update(table, "step = 'hello', due_at = due_at + interval '3 days'"),
    )


def archive(rows: int) -> tuple[Callable[[], Any], Callable[[], Any]]:
    from campaigns.services.actions import auto_archive
    from tests.benchmarks import raw
    from tests.engine import world

    empty()
    world.make_campaign(
        world.make_list(world.make_workspace("bench")), status="completed", archive_due_at=world.NOW
    )
    raw.run(
        """INSERT INTO campaigns_campaign (workspace_id, kind, name, status, status_reason, status_since, version,
               created_at, updated_at, trigger, frequency, workflow, flows, strategy, timezone, stop_mode,
               restart_audience, delivery, enter_cursor, enter_round, sweep, last_active_at, archive_due_at)
           SELECT workspace_id, kind, name || ' ' || n, status, '', status_since, version, created_at, updated_at,
               trigger, frequency, workflow, flows, strategy, timezone, stop_mode, restart_audience, delivery,
               enter_cursor, enter_round, sweep, last_active_at, archive_due_at - n * interval '1 second'
           FROM campaigns_campaign, generate_series(2, %s) n""",
        [rows],
    )
    table, activity = _copied("campaigns_campaign"), raw.twin("campaigns_activity")

    def raw_archive() -> None:
        raw.batched_update(
            table,
            "status = 'archived', status_reason = 'x', status_since = now(), updated_at = now(),"
            " version = version + 1, archive_due_at = NULL",
        )
        raw.run(
            f"""INSERT INTO {activity} (workspace_id, campaign_id, actor_label, via, action, subject, from_status,
                    to_status, reason, data, at)
                SELECT workspace_id, id, 'system', 'beat', 'auto_archive', name, 'completed', 'archived', 'x', '{{}}',
                    now() FROM {table}"""
        )

    def ours() -> None:
        while auto_archive(world.NOW):
            pass

    return ours, raw_archive


WORK = {"cancel": cancel, "queue again": queue_again, "exit": leave, "move": move, "archive": archive}


def _ledger(rows: int, status: str) -> Any:
    from tests.engine import world

    empty()
    channel = world.make_channel(world.make_campaign(world.make_list(world.make_workspace("bench"))))
    world.insert_deliveries(channel, rows, status)
    return channel


def _set_channel(channel: Any, status: str, sweep: str, reason: str) -> None:
    from campaigns.models import Campaign
    from channels.models import Channel

    Channel.objects.filter(pk=channel.pk).update(status=status, sweep=sweep, sweep_reason=reason)
    Campaign.objects.filter(pk=channel.campaign_id).update(status=status)


def _journeys(rows: int) -> Any:
    from tests.benchmarks import raw
    from tests.engine import world

    empty()
    workspace = world.make_workspace("bench")
    workflow = [world.delay("wait", "3 days"), world.message("hello")]
    campaign = world.make_journey(None, workflow, workspace=workspace)
    raw.run(
        """INSERT INTO campaigns_journey (campaign_id, person_id, entry, step, status, reason, due_at, entered_at)
           SELECT %s, n, 0, 'wait', 'active', '', %s, now() FROM generate_series(1, %s) n""",
        [campaign.pk, world.NOW, rows],
    )
    return campaign


def _copied(table: str) -> str:
    """The twin of a table with the same rows, both of them settled."""
    from tests.benchmarks import raw

    name = raw.twin(table)
    raw.run(f"INSERT INTO {name} SELECT * FROM {table} ORDER BY id")
    raw.settle(table, name)
    return name


def main() -> None:
    """Print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="stop," + ",".join(WORK), help="Which of them, with commas.")
    options = parser.parse_args()
    chosen = options.only.split(",")
    ground.prepare()
    from tests.benchmarks.raw import compared, cost

    report: dict[str, Any] = {"rows": options.rows}
    if "stop" in chosen:
        report["stop"] = measure_stop(options.rows, options.rounds)
    for name in (name for name in WORK if name in chosen):
        rounds = []
        for _ in range(options.rounds):
            ours, floor = WORK[name](options.rows)
            rounds.append({name: cost(ours), "raw": cost(floor)})
        report[name] = compared(rounds, {name: "raw"}, options.rows) | {"target": TARGETS[name]}
    print(json.dumps(report))


if __name__ == "__main__":
    main()

"""People go through a journey of twelve steps: each step beside the raw batched UPDATE of a twin table, in the same run.

    uv run python -m tests.benchmarks.bench_journeys [--people 1000000] [--only enter,steps,stop,others]

* enter: everybody enters, beside the raw INSERT … SELECT of the same rows (1.3)
* each step: at most 3.3 times the raw UPDATE of as many journeys, that is 0.3 of its speed (P11), though a message writes
  ledger rows beside that; an attribute update beside the raw UPDATE of the journeys and that of the people
* stop: while a worker moves people (50 ms); nothing is written after it has committed
* others: how long after it is due a message of a small campaign is in the ledger, while the large one moves (one beat)
* memory: of this whole process, in MiB, before anybody is there and the most in the end: Django, the migrations and the
  benchmark are in it; what a worker takes is in bench_memory (P9)

Ratios are of time, smaller is better. The database is BENCH_DATABASE_URL; it is emptied.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tests.benchmarks import ground
from tests.benchmarks.bench_stop_archive import empty

GOLD = {"attribute": "plan", "op": "eq", "value": "gold"}
DAY = timedelta(days=1)
FLOOR_EVERY = 4
PARTS = ("enter", "steps", "stop", "others")


def workflow() -> list[dict[str, Any]]:
    """Twelve steps of all types but the webhook and the exit."""
    from tests.engine.world import delay, message

    return [
        message("hello"),
        delay("rest", "1 day"),
        {
            "key": "fork",
            "type": "branch",
            "if": GOLD,
            "then": [message("gold")],
            "else": [{"key": "set", "type": "update", "attributes": {"seen": True}}],
        },
        {"key": "hours", "type": "window", "from": "00:00", "to": "24:00"},
        {
            "key": "test",
            "type": "split",
            "variants": [
                {"name": "a", "steps": [message("one")]},
                {"name": "b", "steps": [delay("hour", "1 hour")]},
            ],
        },
        {"key": "wait", "type": "wait_until", "condition": GOLD, "timeout": "2 days"},
        delay("calm", "3 days"),
        message("bye"),
    ]


def world_of(people: int) -> tuple[Any, Any]:
    """A workspace with a list of so many people: a third is gold; ten time zones."""
    from tests.benchmarks import raw
    from tests.engine import world

    empty()
    workspace = world.make_workspace("bench")
    segment = world.make_list(workspace)
    raw.run(
        """INSERT INTO campaigns_person (workspace_id, external_id, email, phone, timezone, attributes, shares_email,
               shares_phone, created_at, updated_at)
           SELECT %(w)s, 'p' || g, 'p' || g || '@example.test', '+447' || lpad(g::text, 9, '0'),
               (ARRAY['', 'UTC', 'Europe/Berlin', 'Europe/London', 'America/New_York', 'America/Chicago', 'Asia/Tokyo',
                      'Asia/Kolkata', 'Australia/Sydney', 'America/Sao_Paulo'])[1 + g %% 10],
               jsonb_build_object('first_name', 'P' || g, 'plan', CASE WHEN g %% 3 = 0 THEN 'gold' ELSE 'free' END),
               false, false, %(now)s, %(now)s FROM generate_series(1, %(n)s) g""",
        {"w": workspace.pk, "n": people, "now": world.NOW},
    )
    raw.run(
        "INSERT INTO campaigns_segmentmember (segment_id, person_id, since) SELECT %s, id, %s FROM campaigns_person",
        [segment.pk, world.NOW],
    )
    raw.settle("campaigns_person", "campaigns_segmentmember")
    return workspace, segment


def enter(campaign: Any, people: int) -> dict[str, Any]:
    from campaigns.engine.journeys import enter_people
    from tests.benchmarks import raw
    from tests.engine.world import NOW

    twin = raw.twin("campaigns_journey")
    floor = raw.cost(
        lambda: raw.run(
            f"""INSERT INTO {twin} (campaign_id, person_id, flow, entry, step, status, reason, due_at, entered_at)
                SELECT %s, person_id, '', 0, 'hello', 'active', '', %s, %s FROM campaigns_segmentmember""",
            [campaign.pk, NOW, NOW],
        )
    )
    ours = raw.cost(lambda: enter_people(campaign.pk, NOW, seconds=1e9))
    return raw.compared([{"enter": ours, "raw": floor}], {"enter": "raw"}, people) | {"target": 1.3}


def steps(campaign: Any, people: int) -> dict[str, Any]:
    """One step after another, everybody at each at once; the raw floor is measured anew every few steps."""
    from campaigns.domain.programs import programs_of
    from campaigns.engine.batches import Deadline, until_done
    from campaigns.engine.journeys import BATCH, _channels, _move
    from campaigns.engine.moving import move_of
    from campaigns.engine.routes import Stop
    from campaigns.models import Journey
    from tests.benchmarks import raw
    from tests.engine.world import NOW

    report: dict[str, Any] = {}
    floor = raw.Cost(0.0, 0.0)
    (program,) = programs_of(campaign)
    nodes, channels, now = program.graph(), _channels(campaign.pk), NOW
    twin = raw.twin("campaigns_journey")
    raw.run(f"INSERT INTO {twin} SELECT * FROM campaigns_journey ORDER BY id")
    for number, node in enumerate(nodes.values()):
        if node.step.type in ("delay", "wait_until"):
            now += 3 * DAY
        raw.settle("campaigns_journey", "channels_delivery", "campaigns_person", twin)
        here = Journey.objects.filter(campaign=campaign, step=node.key, status="active").count()
        move = move_of(Stop(campaign, program, nodes, node, now), channels, BATCH)
        if number % FLOOR_EVERY == 0:
            floor = raw.cost(
                lambda n=number: raw.batched_update(twin, f"step = 's{n}', due_at = now()", BATCH)
            )
        beside = floor if node.step.type != "update" else raw.both(floor, _raw_update_of_people(BATCH))
        taken = raw.cost(lambda m=move: until_done(Deadline(1e9), lambda: _move(campaign, m.execute)))
        share, name = max(here, 1) / people, f"{node.key} ({node.step.type})"
        report[name] = {
            "people": here,
            "rows_per_second": round(here / taken.seconds),
            "ratio": round(taken.seconds / (beside.seconds * share), 2),
            "ratio_of_processor_time": round(taken.processor / max(beside.processor * share, 0.01), 2),
        }
        print(json.dumps({name: report[name]}), file=sys.stderr)
    return report


def _raw_update_of_people(batch: int) -> Any:
    """A twin of the people with one attribute more each."""
    from tests.benchmarks import raw

    twin = raw.twin("campaigns_person")
    raw.run(f"INSERT INTO {twin} SELECT * FROM campaigns_person ORDER BY id")
    raw.settle(twin)
    return raw.cost(
        lambda: raw.batched_update(twin, """attributes = attributes || '{"seen": true}'::jsonb""", batch)
    )


def stop(workspace: Any, segment: Any) -> dict[str, Any]:
    """Milliseconds until the stop has committed while people are moved; nothing is written after it."""
    from campaigns.engine.journeys import advance, enter_people
    from campaigns.services.actions import perform
    from campaigns.services.actors import Actor
    from channels.models import Delivery
    from tests.engine import world

    took = []
    for _ in range(3):
        campaign = world.make_journey(segment, workflow(), name="Stopped")
        enter_people(campaign.pk, world.NOW, seconds=1e9)
        thread = _thread(lambda pk=campaign.pk: advance(pk, world.NOW, seconds=1e9))
        while not Delivery.objects.filter(channel__campaign=campaign).exists():
            time.sleep(0.005)
        started = time.perf_counter()
        perform("stop", campaign.pk, Actor.system(), params={"mode": "exit"})
        took.append((time.perf_counter() - started) * 1000)
        then = Delivery.objects.filter(channel__campaign=campaign).count()
        thread.join()
        if Delivery.objects.filter(channel__campaign=campaign).count() != then:
            raise SystemExit("Rows were made after the stop had committed.")
    del took[0]  # a process's first action loads what the later ones find loaded
    return {"milliseconds": round(max(took), 1), "target": 50}


def others(workspace: Any, segment: Any) -> dict[str, Any]:
    """A worker goes from campaign to campaign as the beat has it; the small one's people come due while it does."""
    from django.utils import timezone

    from campaigns.engine.journeys import enter_people
    from campaigns.models import Campaign, Journey
    from campaigns.services.working import work
    from channels.models import Delivery
    from tests.engine import world

    Campaign.objects.update(status="stopped", sweep="")
    large = world.make_journey(segment, workflow(), name="Large")
    small = world.make_journey(
        world.make_list(workspace, world.make_people(workspace, 100, prefix="s"), "Few"),
        [world.message("hello")],
        name="Small",
    )
    for campaign in (large, small):
        enter_people(campaign.pk, world.NOW, seconds=1e9)
    Journey.objects.filter(campaign=small).update(due_at=timezone.now() + timedelta(seconds=6))
    due = time.monotonic() + 6
    running, waited = [True], 0.0

    def beat() -> None:
        while running:
            work(timezone.now())

    thread = _thread(beat)
    while Delivery.objects.filter(channel__campaign=small).count() < 100:
        time.sleep(0.02)
    waited = time.monotonic() - due
    left = Journey.objects.filter(campaign=large, step="hello", status="active").count()
    running.clear()
    thread.join()
    return {"seconds_late": round(waited, 2), "large_left_then": left, "target": 15}


def _thread(work: Callable[[], Any]) -> threading.Thread:
    from django.db import connection

    def run() -> None:
        work()
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def main() -> None:
    """Print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--only", default=",".join(PARTS), help="Which parts, with commas.")
    options = parser.parse_args()
    chosen = options.only.split(",")
    ground.prepare()
    from tests.engine import world

    report: dict[str, Any] = {"people": options.people, "mebibytes_before": _mebibytes()}
    workspace, segment = world_of(options.people)
    campaign = world.make_journey(segment, workflow())
    if {"enter", "steps"} & set(chosen):
        report["enter"] = enter(campaign, options.people)
    if "steps" in chosen:
        report["steps"] = steps(campaign, options.people)
    if "stop" in chosen:
        report["stop"] = stop(workspace, segment)
    if "others" in chosen:
        report["others"] = others(workspace, segment)
    report["mebibytes"] = _mebibytes()
    print(json.dumps(report))


def _mebibytes() -> int:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    main()

"""Memory of a real Celery worker while it walks a strategy's contacts, or moves people through a journey (P9).

    uv run python -m tests.benchmarks.bench_memory [strategy|journeys …] [--contacts 10000] [--people 100000]

Each is done twice, with a tenth of the people and with all of them, by a worker process of its own whose resident memory
is looked at some twenty times a second from outside:

* strategy: a python campaign with people from a file shaped like a real export; the strategy's own process too
* journeys: the twelve steps of bench_journeys; nobody but the worker does anything

In MiB: ``idle`` before the first ring, ``tenth`` when a tenth was done, ``most`` and ``last``. What counts is ``most`` (100)
and that more people do not make it more. The database is BENCH_DATABASE_URL; it is emptied.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from tests.benchmarks import ground

MEBIBYTE = 1024 * 1024
TASK = "campaigns.tasks.work_on_campaign"
RING_EVERY = 0.5
SECONDS = 1_800.0


class Watched:
    """What a process held at each look."""

    def __init__(self) -> None:
        self.seen: list[tuple[float, float]] = []
        """(share of the work that was done, MiB)"""

    def look(self, process: psutil.Process, done: float) -> None:
        """Note what it holds now, if it is still there."""
        with suppress(psutil.Error):
            self.seen.append((done, process.memory_info().rss / MEBIBYTE))

    def report(self) -> dict[str, int]:
        """In MiB."""
        sizes = [size for _, size in self.seen] or [0.0]
        tenth = [size for done, size in self.seen if done >= 0.1] or sizes
        return {name: round(size) for name, size in self._named(sizes, tenth[0]).items()}

    def _named(self, sizes: list[float], tenth: float) -> dict[str, float]:
        return {"idle": sizes[0], "tenth": tenth, "most": max(sizes), "last": sizes[-1]}


@contextmanager
def worker() -> Iterator[tuple[psutil.Process, Callable[[int], None]]]:
    """The process of a Celery worker that does the work, and how to ring for a campaign."""
    from tests.faults.brokers import Files, Processes
    from tests.faults.worker_process import wait_until

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        broker = Files(Path(folder) / "data")
        processes = Processes(broker)
        main, app = psutil.Process(processes.worker("duties", 1).pid), broker.app()

        def ring(campaign_id: int) -> None:
            app.send_task(TASK, args=[campaign_id])

        try:
            wait_until(lambda: bool(main.children()), "the worker has a child")
            yield main.children()[0], ring
        finally:
            processes.kill()


def watch(campaign_id: int, done: Callable[[], float]) -> dict[str, Any]:
    """Let a new worker do all the background work of a campaign; ``done`` answers which share of it is."""
    deadline, rung, share = time.monotonic() + SECONDS, 0.0, 0.0
    of_worker, of_strategy = Watched(), Watched()
    with worker() as (process, ring):
        began = time.monotonic()
        while share < 1:
            if time.monotonic() > deadline:
                raise SystemExit(f"Only {share:.0%} was done within {SECONDS:.0f} s.")
            if time.monotonic() - rung > RING_EVERY:
                share, rung = done(), time.monotonic()
                ring(campaign_id)
            of_worker.look(process, share)
            with suppress(psutil.Error):
                for child in process.children():
                    if "campaigns.strategies.runner" in child.cmdline():  # else it is only about to become it
                        of_strategy.look(child, share)
            time.sleep(0.05)
        of_worker.look(process, 1.0)
    report: dict[str, Any] = {
        "seconds": round(time.monotonic() - began, 1),
        "worker": of_worker.report(),
    }
    return report | ({"strategy": of_strategy.report()} if of_strategy.seen else {})


# --- what is done


def strategy(contacts: int) -> dict[str, Any]:
    """A birthday greeting for each contact of a file."""
    from campaigns.models import Person, StrategyContact
    from tests import factories
    from tests.benchmarks.bench_stop_archive import empty
    from tests.benchmarks.raw import run
    from tests.people.files import HEADER, people_rows

    empty()
    run("TRUNCATE campaigns_user CASCADE")  # the factories count their names from the start again
    workspace = factories.WorkspaceFactory()
    segment = factories.SegmentFactory(workspace=workspace)
    ids = factories.people(workspace, contacts, segment=segment)
    found = {person.pk: person for person in Person.objects.filter(pk__in=ids)}
    for pk, row in zip(ids, people_rows(contacts), strict=True):
        read = {name.lower().replace(" ", "_"): value for name, value in zip(HEADER, row, strict=True)}
        found[pk].attributes = read | {"birthday": read["date_of_birth"]}
    Person.objects.bulk_update(found.values(), ["attributes"], batch_size=1_000)
    campaign = factories.in_state(
        "running",
        "python",
        workspace=workspace,
        audience={"segment": segment.pk},
        strategy="birthday_greeting",
    )
    asked = StrategyContact.objects.filter(campaign=campaign)
    return watch(campaign.pk, lambda: asked.count() / contacts)


def journeys(people: int) -> dict[str, Any]:
    """Everybody enters and goes through all the steps; as soon as all rest at one, its time is up."""
    from campaigns.models import Journey
    from tests.benchmarks.bench_journeys import workflow, world_of
    from tests.benchmarks.raw import run
    from tests.engine import world

    _, segment = world_of(people)
    campaign = world.make_journey(segment, workflow())
    here = Journey.objects.filter(campaign=campaign)

    def done() -> float:
        entered = here.count()
        if entered < people:
            return 0.1 * entered / people
        run(
            "UPDATE campaigns_journey SET due_at = now(), until = least(until, now())"
            " WHERE campaign_id = %s AND status = 'active' AND due_at > now()",
            [campaign.pk],
        )
        ended = here.exclude(status="active").count()
        return 0.1 + 0.9 * ended / people

    return watch(campaign.pk, done)


PARTS: dict[str, Callable[[int], dict[str, Any]]] = {"strategy": strategy, "journeys": journeys}


def main() -> None:
    """Print one JSON line for each part and size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="default: both")
    parser.add_argument("--contacts", type=int, default=10_000)
    parser.add_argument("--people", type=int, default=100_000)
    options = parser.parse_args()
    ground.prepare()
    sizes = {"strategy": options.contacts, "journeys": options.people}
    for name in options.parts or PARTS:
        for number in (sizes[name] // 10, sizes[name]):
            print(
                json.dumps({"what": name, "people": number, **PARTS[name](number), "target": 100}), flush=True
            )


if __name__ == "__main__":
    main()

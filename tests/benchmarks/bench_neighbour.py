"""What a connection that dies in the middle costs another one: the rate of a healthy channel with and without it.

    uv run python -m tests.benchmarks.bench_neighbour [--messages 6000] [--rounds 3]

Both channels send through mail servers that take 10 ms a message; the same two worker processes serve both. The database
is BENCH_DATABASE_URL, as in bench_dispatch.
"""

from __future__ import annotations

import argparse
import statistics
import threading
import time
from collections.abc import Callable

from tests.benchmarks import ground
from tests.benchmarks.bench_dispatch import PROCESSES, make_blast
from tests.sinks.sink import Sink

LATENCY_MS = 10
PARALLELISM = 16
EMAIL = {"subject": "Hello {{ person.first_name }}", "body": "Dear {{ person.first_name }}, we have news."}


def settings_of(port: int) -> dict[str, object]:
    return {"host": "127.0.0.1", "port": port, "security": "none", "from_address": "news@example.test"}


def add_neighbour(healthy: int, port: int) -> None:
    """A second running channel to the same people, through another mail server."""
    from django.db import connection

    from channels.models import Channel, Connection
    from channels.providers import registry

    first = Channel.objects.select_related("campaign").get(pk=healthy)
    account = Connection.objects.create(
        workspace_id=first.campaign.workspace_id, name="Dying", provider="smtp", parallelism=PARALLELISM,
        settings=registry.get("smtp").clean(settings_of(port)),
    )  # fmt: skip
    second = Channel.objects.create(
        campaign=first.campaign,
        kind="email",
        status="running",
        connection=account,
        content=EMAIL,
        enrolled=True,
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO channels_delivery (channel_id, run, step, person_id, status, reason, due_at, attempt, provider_id,"
            " detail) SELECT %s, 0, '', person_id, 'pending', '', now(), 0, '', '' FROM channels_delivery"
            " WHERE channel_id = %s",
            [second.pk, healthy],
        )


def worker(go: Callable[[], None], healthy: int) -> float:
    """A worker that serves whatever is due, until the healthy channel has nothing left; seconds that took."""
    from django.db import connections
    from django.utils import timezone

    from channels.engine.claiming import due_channels
    from channels.engine.dispatch import dispatch_channel

    connections.close_all()
    go()
    began = time.perf_counter()
    while healthy in (due := due_channels(timezone.now())):
        for channel_id in due:
            dispatch_channel(channel_id)
    return time.perf_counter() - began


def rate(messages: int, neighbour: bool) -> float:
    """Messages a second of the healthy channel; the neighbour's server is killed after a twentieth of its own."""
    from django.db import connections

    with Sink("smtp", latency_ms=LATENCY_MS) as sink, Sink("smtp", latency_ms=LATENCY_MS) as doomed:
        healthy = make_blast(messages, "email", "smtp", settings_of(sink.port), PARALLELISM, EMAIL)
        if neighbour:
            add_neighbour(healthy, doomed.port)

        def kill() -> None:
            while doomed.count() < messages // 20:
                time.sleep(0.01)
            doomed.kill()

        killer = threading.Thread(target=kill, daemon=True)
        connections.close_all()
        if neighbour:
            killer.start()
        result = ground.side_by_side(worker, [(healthy,)] * PROCESSES)
        assert sink.count() == messages
        return messages / result["seconds"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=6_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    ground.prepare()
    alone, beside = [], []
    for _ in range(options.rounds):
        alone.append(rate(options.messages, neighbour=False))
        beside.append(rate(options.messages, neighbour=True))
    ratio = statistics.median(beside) / statistics.median(alone)
    print(
        f"healthy channel alone {statistics.median(alone):,.0f}/s, beside one that dies {statistics.median(beside):,.0f}/s:"
        f" {ratio:.2f} × (the dying one's own messages until then included)"
    )


if __name__ == "__main__":
    main()

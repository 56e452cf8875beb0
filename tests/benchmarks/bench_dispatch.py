"""Dispatch beside a bare sender in the same run, as ratios. Machines differ; ratios within a run can be compared.

    uv run python -m tests.benchmarks.bench_dispatch [smtp|slow|webhook|claim|memory …] [--messages 20000] [--rounds 3]

The database is BENCH_DATABASE_URL (made when missing); it is filled and emptied, so let it be nobody's.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

from tests.benchmarks import bare_senders, ground
from tests.benchmarks.counting_sink import CountingSink

PROCESSES = 2


def make_blast(
    number: int, kind: str, provider: str, settings: dict[str, Any], parallelism: int, content: dict[str, str]
) -> int:
    """A running channel with ``number`` people and full ledger, in an otherwise empty installation; its id."""
    from django.db import connection
    from django.utils import timezone

    from campaigns.models import Campaign, Workspace
    from channels.models import Channel, Connection
    from channels.providers import registry

    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE campaigns_workspace, channels_delivery, channels_tally, channels_sandboxmessage CASCADE"
        )
        workspace = Workspace.objects.create(name="Bench", slug="bench")
        moment = timezone.now()
        times = dict.fromkeys(("status_since", "created_at", "updated_at", "last_active_at"), moment)
        campaign = Campaign.objects.create(
            workspace=workspace, kind="outreach", status="running", name="Bench", **times
        )
        account = Connection.objects.create(
            workspace=workspace,
            name="Bench",
            provider=provider,
            parallelism=parallelism,
            settings=registry.get(provider).clean(settings),
        )
        channel = Channel.objects.create(
            campaign=campaign, kind=kind, status="running", connection=account, content=content, enrolled=True
        )
    _fill_ledger(workspace.pk, channel.pk, number)
    return channel.pk


def _fill_ledger(workspace_id: int, channel_id: int, number: int) -> None:
    """``number`` people, each with a message that waits."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO campaigns_person (workspace_id, external_id, email, phone, timezone, attributes, shares_email,"
            " shares_phone, created_at, updated_at) SELECT %s, n, 'person' || n || '@example.test', '+447' || "
            f"lpad(n::text, 9, '0'), '', {bare_senders.ATTRIBUTES}, false, false, now(), now() "
            "FROM generate_series(1, %s) n",
            [workspace_id, number],
        )
        cursor.execute(
            "INSERT INTO channels_delivery (channel_id, run, step, person_id, status, reason, due_at, attempt,"
            " provider_id, detail) SELECT %s, 0, '', id, 'pending', '', now(), 0, '', '' FROM campaigns_person",
            [channel_id],
        )
        cursor.execute("VACUUM ANALYZE channels_delivery")
        cursor.execute("VACUUM ANALYZE campaigns_person")


def worker(go: Callable[[], None], channel_id: int) -> int:
    """One worker process of the product; answers how many it sent."""
    from django.db import connections

    from channels.engine.dispatch import dispatch_channel

    connections.close_all()
    go()
    sent = 0
    while True:
        report = dispatch_channel(channel_id)
        sent += report.counts.get("sent", 0)
        if report.ended != "time":
            return sent


def run_product(channel_id: int, processes: int = PROCESSES) -> dict[str, Any]:
    from django.db import connections

    connections.close_all()
    return ground.side_by_side(worker, [(channel_id,)] * processes)


def compare(
    name: str, rounds: int, floor: Callable[[], float], product: Callable[[], float], target: str
) -> None:
    """Run both alternately and print the ratio of the medians; rates are messages a second."""
    floors, products = [], []
    for _ in range(rounds):
        floors.append(floor())
        products.append(product())
    ratio = statistics.median(products) / statistics.median(floors)
    report = {
        "what": name,
        "floor_a_second": [round(rate) for rate in floors],
        "product_a_second": [round(rate) for rate in products],
        "ratio": round(ratio, 2),
        "target": target,
    }
    print(json.dumps(report), flush=True)


def sent_all(sink: CountingSink, number: int, result: dict[str, Any]) -> float:
    """The rate of a run, having checked that everything arrived once."""
    heard = sink.report()
    if not heard["count"] == heard["distinct"] == number == sum(result["results"]):
        raise SystemExit(f"Wrong: {heard} of {number}, senders say {result['results']}")
    extra = {
        "cpu_us": round(result["cpu_seconds"] / number * 1e6),
        "sink_us": round(heard["cpu_seconds"] / number * 1e6),
    }
    print("   ", round(number / result["seconds"]), extra, "MiB", round(result["mebibytes"]), flush=True)
    return number / result["seconds"]


def smtp(number: int, rounds: int, latency_ms: float = 0, connections: int = 1, parallelism: int = 4) -> None:
    """P2, and P3 with a relay that takes its time: claim, render, MIME, wire, record."""
    content = {"subject": bare_senders.SUBJECT, "body": bare_senders.HTML}

    with CountingSink("smtp", latency_ms) as sink:

        def floor() -> float:
            bare_senders.fill(number)
            arguments = [(sink.port, connections)] * PROCESSES
            return sent_all(sink, number, ground.side_by_side(bare_senders.smtp_sender, arguments))

        def product() -> float:
            settings = {
                "host": sink.host,
                "port": sink.port,
                "security": "none",
                "from_address": "news@example.test",
            }
            channel_id = make_blast(number, "email", "smtp", settings, parallelism, content)
            return sent_all(sink, number, run_product(channel_id))

        name, target = ("P3 SMTP, 20 ms relay", "0.9") if latency_ms else ("P2 SMTP", "1.0, then 2.5")
        compare(f"{name}, {PROCESSES} processes", rounds, floor, product, target)


def slow(number: int, rounds: int) -> None:
    """P3: 64 connections to a relay that takes 20 ms a message."""
    smtp(number, rounds, latency_ms=20, connections=32, parallelism=64)


def webhook(number: int, rounds: int, connections: int = 50) -> None:
    """P4: the product with all it does, beside one aiohttp client that only posts, over as many connections."""
    content = {"subject": "", "body": "x" * 430}
    from django.conf import settings

    settings.WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    with CountingSink("http") as sink:
        url = f"http://{sink.host}:{sink.port}/hook"

        def floor() -> float:
            return sent_all(
                sink, number, ground.side_by_side(bare_senders.http_client, [(url, number, connections)])
            )

        def product() -> float:
            channel_id = make_blast(number, "webhook", "webhook", {"url": url}, connections, content)
            return sent_all(sink, number, run_product(channel_id))

        compare(
            f"P4 webhook, {connections} connections, {PROCESSES} processes beside one bare client",
            rounds,
            floor,
            product,
            "0.8",
        )


def claim(number: int, rounds: int) -> None:
    """P5: rows claimed a second in one process by 1000, and whether the last tenth is as fast as the first."""
    from django.db import connection, transaction

    from channels.engine import claiming

    for _ in range(rounds):
        channel_id = make_blast(number, "sms", "sandbox", {}, 1, {"body": "x"})
        times = []
        with connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit = on")
            while True:
                began = time.perf_counter()
                with transaction.atomic():
                    gate = claiming.look(channel_id, None)
                    assert gate is not None
                    rows = claiming.claim(channel_id, gate, 1000, address_kind="phone", lease_seconds=60)
                if not rows:
                    break
                times.append(time.perf_counter() - began)
                cursor.execute(
                    "UPDATE channels_delivery SET status = 'sent' WHERE id = ANY(%s)",
                    [[row.id for row in rows]],
                )
        tenth = max(1, len(times) // 10)
        report = {
            "what": "P5 claim, 1 process, batches of 1000",
            "rows_a_second": round(number / sum(times)),
            "last_tenth_to_first": round(sum(times[:tenth]) / sum(times[-tenth:]), 2),
            "target": "50000 a second; 0.9",
        }
        print(json.dumps(report), flush=True)


def memory(number: int, rounds: int) -> None:
    """P9: the largest a worker gets, with few people and with many."""
    sizes = {}
    for people in (number // 20, number):
        channel_id = make_blast(people, "sms", "sandbox", {}, 4, {"body": "Hello {{ person.first }}"})
        sizes[people] = round(run_product(channel_id, 1)["mebibytes"])
    print(
        json.dumps({"what": "P9 memory of a worker, MiB by people", "MiB": sizes, "target": "100, flat"}),
        flush=True,
    )


CASES: dict[str, Callable[[int, int], None]] = {
    "smtp": smtp,
    "slow": slow,
    "webhook": webhook,
    "claim": claim,
    "memory": memory,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", choices=[*CASES, []], help="default: all")
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    ground.prepare()
    for name in options.cases or CASES:
        CASES[name](options.messages, options.rounds)


if __name__ == "__main__":
    main()

"""Enrolment beside a raw INSERT … SELECT of the same people into the same columns and indexes (target: at most 1.3).

    uv run python -m tests.benchmarks.bench_enrol [--people 1000000] [--rounds 3]

The floor is one statement that asks nothing. The enrolment does the same in resumable chunks, counts every row and
decides about each person: address, suppression, the same address twice. One in a hundred shares an address, one in a
hundred is suppressed. The database is BENCH_DATABASE_URL; it is emptied.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

from tests.benchmarks import ground


def fill(number: int) -> tuple[Any, Any]:
    """A workspace with so many people, all of them on one list; answers (everyone, list)."""
    from django.db import connection

    from tests.benchmarks.raw import run, settle
    from tests.engine import world

    run("TRUNCATE campaigns_workspace, channels_delivery, channels_tally CASCADE")
    workspace = world.make_workspace("bench")
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO campaigns_person (workspace_id, external_id, email, phone, timezone, attributes,
                   shares_email, shares_phone, created_at, updated_at)
               SELECT %s, 'p' || g, 'p' || CASE WHEN g %% 100 = 0 THEN g - 1 ELSE g END || '@example.test',
                   '+447' || lpad(g::text, 9, '0'), '', jsonb_build_object('first_name', 'Person ' || g,
                   'city', 'City ' || g %% 313, 'points', g %% 5000), g %% 100 IN (0, 99), false, now(), now()
               FROM generate_series(1, %s) g""",
            [workspace.pk, number],
        )
        cursor.execute(
            "INSERT INTO channels_suppression (workspace_id, address_kind, address, reason, created_at)"
            " SELECT workspace_id, 'email', email, 'bounced', now() FROM campaigns_person WHERE id %% 100 = 50",
            [],
        )
    segment = world.make_list(workspace)
    run(
        "INSERT INTO campaigns_segmentmember (segment_id, person_id, since)"
        f" SELECT {segment.pk}, id, now() FROM campaigns_person ORDER BY id"
    )
    settle("campaigns_person", "campaigns_segmentmember", "channels_suppression")
    return world.everyone(workspace), segment


def measure_raw() -> Any:
    """The floor."""
    from campaigns.engine.skipping import LEDGER_COLUMNS
    from tests.benchmarks import raw

    table = raw.twin("channels_delivery")
    raw.settle(table)
    return raw.cost(
        lambda: raw.run(
            f"""INSERT INTO {table} {LEDGER_COLUMNS}
                SELECT 1, 0, '', id, 'pending', '', now(), 0, '', '' FROM campaigns_person ORDER BY id"""
        )
    )


def measure_enrolment(segment: Any, kind: str, number: int) -> Any:
    """Everybody of the list into the ledger, with the triggers on."""
    from campaigns.engine.enrolment import enrol_channel
    from campaigns.services.counts import channel_counts
    from tests.benchmarks import raw
    from tests.engine import world

    raw.run("TRUNCATE channels_delivery, channels_tally")
    channel = world.make_channel(world.make_campaign(segment), kind)
    raw.settle("channels_delivery")
    cost = raw.cost(lambda: enrol_channel(channel.pk, world.NOW, seconds=1e9))
    if channel_counts([channel.pk])[channel.pk]["audience"] != number:
        raise SystemExit("Not everybody was enrolled.")
    return cost


def main() -> None:
    """Print one JSON line: rows a second of each, and the ratios to the floor."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    ground.prepare()
    from tests.benchmarks.raw import compared

    everyone, listed = fill(options.people)
    cases = {
        "everyone, sms": (everyone, "sms"),
        "list, sms": (listed, "sms"),
        "list, email with suppressed and shared addresses": (listed, "email"),
    }
    rounds = []
    for _ in range(options.rounds):
        one = {"raw": measure_raw()}
        one |= {name: measure_enrolment(*case, options.people) for name, case in cases.items()}
        rounds.append(one)
    report = {"people": options.people, "target": 1.3}
    report |= compared(rounds, dict.fromkeys(cases, "raw"), options.people)
    print(json.dumps(report))


if __name__ == "__main__":
    main()

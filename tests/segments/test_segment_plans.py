"""However many people there are: a batch of touched people, a chunk of a fill and a sweep are found by index."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from campaigns.domain.condition_reading import parse_condition
from campaigns.engine import segments as engine
from campaigns.engine.batches import go_by_index, walk_together
from campaigns.engine.conditions import compile_condition
from tests.engine.world import explain, make_list, make_people, make_workspace
from tests.segments.ground import GOLD, NOW, keep, segment

pytestmark = [pytest.mark.django_db, pytest.mark.engine]

TABLES = ("person", "segmentmember", "event", "touchedperson")


@pytest.mark.slow
def test_members_are_kept_by_index() -> None:
    workspace = make_workspace()
    people = make_people(workspace, 60_000)
    other = make_list(workspace, people[::2])
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO campaigns_event (workspace_id, person_id, name, properties, event_id, occurred_at, received_at)
               SELECT %s, id, CASE WHEN id %% 19 = 0 THEN 'purchase' ELSE 'visit' END, '{}', '',
                   %s - id %% 400 * interval '1 hour', %s FROM unnest(%s::bigint[]) id""",
            [workspace.pk, NOW, NOW, people],
        )
    condition = {
        "all": [
            {"not": GOLD},
            {"event": "purchase", "op": "done", "within": "10 days"},
            {"segment": other.pk, "op": "in"},
        ]
    }
    made = segment(workspace, condition)
    keep(workspace)
    assert 0 < made.members.count() < 5_000
    where = compile_condition(parse_condition(condition), workspace.pk, NOW)
    values = where.params | {
        "workspace": workspace.pk, "segment": made.pk, "now": NOW, "after": people[20_000], "upto": people[40_000],
        "people": people[1_000:6_000], "batch": 5_000, "name": "purchase",
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE " + ", ".join(f"campaigns_{table}" for table in TABLES))
        go_by_index(cursor)
        _by_index(engine.TAKE_SQL, values)
        _by_index(
            engine.CROSSED_SQL, values | {"after": NOW - timedelta(days=11), "upto": NOW - timedelta(days=10)}
        )
        walk_together(cursor)
        _by_index(engine.change_sql(where), values)
        _by_index(engine.change_sql(where, engine._AMONG), values)


def _by_index(sql: str, values: dict[str, object]) -> None:
    plan = explain(sql, values)
    for table in TABLES:
        assert f"Seq Scan on campaigns_{table}" not in plan, plan

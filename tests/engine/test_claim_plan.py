"""The plans of the queries that run all the time: they read what they need from an index, at any size of the ledger."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.db.models import CharField, Value
from django.db.models.functions import Cast, Concat

from channels.engine import applying, claiming, recording, recovery
from channels.engine.receiving import store_receipts
from channels.models import Channel, Delivery, ReceivedEvent
from channels.providers.base import Receipt
from tests.engine.sending import NOW, make_blast
from tests.engine.world import insert_deliveries

pytestmark = [pytest.mark.engine, pytest.mark.slow]

ROWS = 200_000


@pytest.fixture
def ledger_of_many(db: None) -> Channel:
    """A channel of which nine tenths are sent already, and others beside it."""
    channel = make_blast(0)
    insert_deliveries(channel, ROWS)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE channels_delivery DISABLE TRIGGER USER")
        cursor.execute(
            "UPDATE channels_delivery SET status = 'sent', sent_at = due_at WHERE mod(person_id, 10) > 0"
        )
        cursor.execute("ALTER TABLE channels_delivery ENABLE TRIGGER USER")
        cursor.execute("ANALYZE channels_delivery")
    return channel


def plan(sql: str, values: Any) -> list[dict[str, Any]]:
    """The nodes of the plan that was really taken, with what each read."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", values)
        answer = cursor.fetchone()[0]
    tree = (json.loads(answer) if isinstance(answer, str) else answer)[0]["Plan"]
    nodes, found = [tree], []
    while nodes:
        node = nodes.pop()
        found.append(node)
        nodes += node.get("Plans", [])
    return found


def indexes(nodes: list[dict[str, Any]]) -> set[str]:
    return {node["Index Name"] for node in nodes if "Index Name" in node}


def assert_ledger_is_not_scanned(nodes: list[dict[str, Any]]) -> None:
    scanned = [
        node
        for node in nodes
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] == "channels_delivery"
    ]
    assert scanned == []


def test_a_claim_walks_the_partial_index_in_its_own_order(ledger_of_many: Channel) -> None:
    values = {
        "channel": ledger_of_many.pk, "now": NOW, "fence": 1, "lease": 60, "address_kind": "phone", "kind": "sms",
    }  # fmt: skip
    nodes = plan(claiming.claim_sql(50), values)
    assert_ledger_is_not_scanned(nodes)
    assert "delivery_claim" in indexes(nodes)
    assert not [node for node in nodes if node["Node Type"] == "Sort"]
    walked = next(node for node in nodes if node.get("Index Name") == "delivery_claim")
    assert walked["Actual Rows"] == 50 and not walked.get("Rows Removed by Filter")


def test_results_are_recorded_by_primary_key(ledger_of_many: Channel) -> None:
    ids = list(Delivery.objects.filter(status="pending").values_list("pk", flat=True)[:50])
    nodes = plan(recording._RECORD, {"now": NOW, "ids": ids, "results": "[]"})
    assert_ledger_is_not_scanned(nodes)
    walked = next(node for node in nodes if node.get("Index Name") == "channels_delivery_pkey")
    assert "ANY" in walked["Index Cond"]


def test_what_is_due_is_one_probe_a_channel(ledger_of_many: Channel) -> None:
    nodes = plan(claiming._DUE, {"now": NOW, "connection": None})
    assert_ledger_is_not_scanned(nodes)
    assert "delivery_claim" in indexes(nodes)
    assert claiming.due_channels(NOW) == [ledger_of_many.pk]


def test_lost_rows_are_found_by_their_lease(ledger_of_many: Channel) -> None:
    nodes = plan(recovery._LOST, [recovery.BATCH])
    assert_ledger_is_not_scanned(nodes)
    assert "delivery_lease" in indexes(nodes)


def test_receipts_find_their_rows_by_the_providers_id_or_ours(ledger_of_many: Channel) -> None:
    rows = list(Delivery.objects.order_by("pk").values_list("pk", flat=True)[:300])
    Delivery.objects.filter(pk__in=rows[:150]).update(
        provider_id=Concat(Value("SM"), Cast("pk", CharField()))
    )
    told = [
        Receipt(f"e{pk}", f"SM{pk}" if n < 150 else f"d{pk}.1", "delivered", NOW) for n, pk in enumerate(rows)
    ]
    assert ledger_of_many.connection_id
    store_receipts(ledger_of_many.connection_id, told, NOW)
    events = list(ReceivedEvent.objects.values_list("pk", flat=True))
    applying.go_by_indexes()
    nodes = plan(applying._MATCH, [events])
    assert_ledger_is_not_scanned(nodes)
    assert {"delivery_provider", "channels_delivery_pkey"} <= indexes(nodes)
    event = [{"delivery": pk, "at": NOW.isoformat(), "marks": "delivered_at", "fails": 0} for pk in rows]
    values = {"events": json.dumps(event), "ranks": "{}", "ids": rows}
    assert_ledger_is_not_scanned(plan(applying._APPLY, values))


def test_a_claim_is_undone_among_the_rows_being_sent(ledger_of_many: Channel) -> None:
    nodes = plan("SELECT id FROM channels_delivery WHERE status = 'sending' AND fence = %s", [7])
    assert_ledger_is_not_scanned(nodes)

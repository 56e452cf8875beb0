"""Recovery: what a dead worker had in its hands is in doubt, or goes back; a worker that was merely slow still counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.db import connection, transaction

from channels.engine import claiming
from channels.engine.claiming import Claimed, Gate
from channels.engine.dispatch import dispatch_channel
from channels.engine.recording import Result, record
from channels.engine.recovery import recover_expired
from channels.models import Channel, Delivery, SandboxMessage
from channels.providers.base import Message, Outcome
from channels.services.doubt import resolve_unknown
from channels.services.errors import NotResolvable
from tests.engine.scripted_provider import ScriptedProvider
from tests.engine.sending import NOW, ledger, make_blast, tallies, workspace_of
from tests.engine.test_dispatch import scripted_blast

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


def claim(channel: Channel, count: int, lease_seconds: float = -1) -> tuple[list[Claimed], Gate]:
    """Claim like a worker that then dies; its lease has run out already, unless another is given."""
    with transaction.atomic():
        gate = claiming.look(channel.pk, NOW)
        assert gate is not None
        rows = claiming.claim(channel.pk, gate, count, address_kind="none", lease_seconds=lease_seconds)
    return rows, gate


def test_a_lost_message_is_in_doubt_where_a_second_call_could_reach_somebody_twice(
    scripted: ScriptedProvider,
) -> None:
    channel = scripted_blast(5)
    claim(channel, 3)
    assert recover_expired(NOW) == {"unknown": 3, "requeued": 0}
    assert ledger(channel) == {"unknown:lost_worker": 3, "pending": 2}
    assert tallies(channel) == {"unknown": 3, "pending": 2}
    dispatch_channel(channel.pk, now=NOW)
    assert len(scripted.messages) == 2


def test_a_lost_message_goes_back_where_the_provider_knows_a_repeated_call(
    scripted: ScriptedProvider,
) -> None:
    scripted.repeatable = True
    channel = scripted_blast(5)
    rows, _ = claim(channel, 3)
    assert recover_expired(NOW) == {"unknown": 0, "requeued": 3}
    dispatch_channel(channel.pk, now=NOW)
    assert ledger(channel) == {"sent": 5}
    again = [message for message in scripted.messages if message.key in {row.id for row in rows}]
    assert {message.idempotency_key.split(".")[0] for message in again} == {f"d{row.id}" for row in rows}


@pytest.mark.parametrize(("kind", "provider"), [("sms", "sandbox"), ("in_app", None)])
def test_what_our_own_database_keeps_goes_back(kind: str, provider: str | None) -> None:
    channel = make_blast(4, kind=kind)
    if provider is None:
        Channel.objects.filter(pk=channel.pk).update(connection=None)
    claim(channel, 4)
    assert recover_expired(NOW)["requeued"] == 4


def test_a_lease_that_still_runs_is_left_alone(scripted: ScriptedProvider) -> None:
    channel = scripted_blast(2)
    claim(channel, 2, lease_seconds=60)
    assert recover_expired(NOW + timedelta(days=1)) == {"unknown": 0, "requeued": 0}


def test_recovery_works_in_batches(scripted: ScriptedProvider) -> None:
    channel = scripted_blast(2500)
    claim(channel, 2500)
    assert recover_expired(NOW)["unknown"] == 2500


def test_what_a_stop_has_overtaken_is_cancelled_not_queued() -> None:
    channel = make_blast(3)
    claim(channel, 3)
    Channel.objects.filter(pk=channel.pk).update(status="stopped", sweep_reason="stopped")
    recover_expired(NOW)
    assert ledger(channel) == {"cancelled:stopped": 3}


@dataclass(frozen=True)
class Person:
    label: str = "ada@example.test"


@pytest.mark.parametrize(
    ("resolution", "expected"),
    [("sent", {"sent": 2}), ("failed", {"failed:in_doubt": 2}), ("resend", {"pending": 2})],
)
def test_a_person_resolves_what_is_in_doubt(
    resolution: str, expected: dict, scripted: ScriptedProvider
) -> None:
    channel = scripted_blast(2)
    rows, _ = claim(channel, 2)
    recover_expired(NOW)
    ids, workspace = [row.id for row in rows], workspace_of(channel).pk
    arguments = {"actor": Person(), "now": NOW}
    assert resolve_unknown(ids, resolution, workspace_id=workspace + 1, **arguments) == 0
    assert resolve_unknown(ids, resolution, workspace_id=workspace, **arguments) == 2
    assert ledger(channel) == expected
    assert resolve_unknown(ids, resolution, workspace_id=workspace, **arguments) == 0
    assert Delivery.objects.filter(detail__contains="ada@example.test").count() == 2


def test_nothing_is_sent_again_through_a_channel_that_has_ended(scripted: ScriptedProvider) -> None:
    channel = scripted_blast(1)
    rows, _ = claim(channel, 1)
    recover_expired(NOW)
    Channel.objects.filter(pk=channel.pk).update(status="completed")
    with pytest.raises(NotResolvable, match="does not send any more"):
        resolve_unknown(
            [row.id for row in rows], "resend", Person(), workspace_id=workspace_of(channel).pk, now=NOW
        )
    assert ledger(channel) == {"unknown:lost_worker": 1}


# -- the fence


def sent(row: Claimed) -> Result:
    message = Message(row.id, f"d{row.id}", "", "", "late")
    return Result(row, "sent", provider_id="late", message=message, outcome=Outcome.sent("late"))


def test_a_slow_worker_still_says_what_happened(scripted: ScriptedProvider) -> None:
    channel = scripted_blast(1)
    rows, gate = claim(channel, 1)
    recover_expired(NOW)
    assert record([sent(rows[0])], gate) == {rows[0].id}
    assert ledger(channel) == {"sent": 1}


def test_the_fence_refuses_a_worker_whose_row_was_claimed_anew(scripted: ScriptedProvider) -> None:
    scripted.repeatable = True
    channel = scripted_blast(1)
    first, gate = claim(channel, 1)
    recover_expired(NOW)
    second, _ = claim(channel, 1, lease_seconds=60)
    assert second[0].fence > first[0].fence
    failed = Result(first[0], "failed", "late", outcome=Outcome.failed("late"))
    assert record([failed], gate) == set()
    assert Delivery.objects.get().status == "sending"
    assert record([sent(second[0])], gate) == {first[0].id}
    assert record([failed], gate) == set()
    assert ledger(channel) == {"sent": 1}


def test_a_late_worker_leaves_nothing_in_the_outbox() -> None:
    channel = make_blast(1)
    rows, gate = claim(channel, 1)
    recover_expired(NOW)
    dispatch_channel(channel.pk, now=NOW)
    assert record([sent(rows[0])], gate) == set()
    assert SandboxMessage.objects.count() == 1


def test_a_claim_of_which_nobody_knows_is_undone() -> None:
    channel = make_blast(4)
    _, gate = claim(channel, 3, lease_seconds=60)
    assert claiming.give_back(gate.fence) == 3
    assert ledger(channel) == {"pending": 4}
    assert set(Delivery.objects.values_list("attempt", "lease_until")) == {(0, None)}


def test_the_ledger_adds_up_whatever_is_recorded_twice(scripted: ScriptedProvider) -> None:
    channel = scripted_blast(3)
    rows, gate = claim(channel, 3, lease_seconds=60)
    results = [sent(row) for row in rows]
    assert len(record(results, gate)) == 3
    assert record(results, gate) == set()
    assert tallies(channel) == ledger(channel) == {"sent": 3}
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM channels_delivery WHERE lease_until IS NOT NULL")
        assert cursor.fetchone() == (0,)

"""Email, texts and calls to the same people: started one by one, paused, stopped, broken, retried, and remarketed.

At every step: the derived status and its words (seed 003), a ledger that adds up, and nobody twice in any journal.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from campaigns.services.channel_actions import perform_channel
from campaigns.services.errors import NotAllowed
from channels.engine.applying import apply_received
from channels.engine.receiving import store_receipts
from channels.models import Connection, Delivery
from channels.providers.base import Receipt
from channels.services.connections import check_connection
from tests import factories
from tests.sinks.sink import Sink
from tests.system.three_channels import SlowTwilio, ThreeChannels, Workers
from tests.vendors.server import running
from tests.vendors.twilio import error

pytestmark = [pytest.mark.engine, pytest.mark.fault, pytest.mark.django_db(transaction=True)]

CAUSE = "Account is suspended"


@pytest.mark.parametrize(
    "people", [pytest.param(1_000, marks=pytest.mark.slow), pytest.param(10_000, marks=pytest.mark.long)]
)
def test_three_channels_to_the_same_people(
    people: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any, smtp_sink: Sink
) -> None:
    monkeypatch.setenv("WEBHOOK_ALLOWED_NETWORKS", "127.0.0.0/8")
    settings.WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    with running(SlowTwilio()) as texts, running(SlowTwilio()) as calls:
        run = ThreeChannels(factories.member("creator"), people, tmp_path, smtp_sink, texts, calls)  # type: ignore[arg-type]
        run.must_be("draft", "", email="ready", sms="ready", voice="ready")
        began = time.monotonic()
        with Workers():
            start_one_by_one(run)
            pause_and_resume_twice(run)
            stop_the_mail(run)
            break_the_calls(run)
            retry_them(run)
            took = time.monotonic() - began
            remarket(run)
        print(
            f"\n{people:,} people, three channels: {took:.1f} s, then remarketing; {len(run.phones):,} numbers"
        )


def start_one_by_one(run: ThreeChannels) -> None:
    # So slow that whatever the machine is busy with, they are in the middle while the texts are paused.
    run.pace("email", 120)
    run.pace("voice", 120)
    run.pace("sms", 10)
    run.act("start", "email")
    run.must_be("running", "1 channel running", email="running", sms="ready", voice="ready")
    run.act("start", "sms")
    run.must_be("running", "2 channels running", email="running", sms="running", voice="ready")
    run.act("start", "voice")
    run.must_be("running", "3 channels running", email="running", sms="running", voice="running")


def pause_and_resume_twice(run: ThreeChannels) -> None:
    for part in (10, 3):
        run.until(lambda part=part: len(run.texts.journal) > run.people // part, "texts are on their way")  # type: ignore[misc]
        run.act("pause", "sms")
        assert run.stays(lambda: len(run.texts.journal)) < len(run.phones), "in the middle of it"
        others = [kind for kind in ("email", "voice") if run.channel(kind).status == "running"]
        assert len(others) == 2
        run.must_be("running", "2 channels running", sms="paused")
        run.act("resume", "sms")
        run.must_be("running", "3 channels running", email="running", sms="running", voice="running")
    assert run.channel("sms").pauses == 2


def stop_the_mail(run: ThreeChannels) -> None:
    assert 0 < run.mail.count() < run.people, "in the middle of it"
    run.act("stop", "email")
    arrived = run.stays(run.mail.count)
    run.until(lambda: is_swept(run, "email"), "what was not sent is cancelled")
    counts = run.counts("email")
    assert (counts["sent"], counts["cancelled"]) == (arrived, run.people - arrived)
    with pytest.raises(NotAllowed):
        run.act("resume", "email")
    run.must_be("running", "2 channels running", email="stopped", sms="running", voice="running")


def is_swept(run: ThreeChannels, kind: str) -> bool:
    run.beat()
    return run.channel(kind).sweep == ""


def break_the_calls(run: ThreeChannels) -> None:
    run.pace("voice", 4)
    run.until(lambda: len(run.calls.journal) > len(run.phones) // 2, "half of the calls")
    run.calls.fault = error(401, 20003, CAUSE)
    run.until_status(run.channel("voice"), "errored")
    assert len(run.calls.journal) < len(run.phones), "half-way"
    assert CAUSE in run.channel("voice").status_reason
    account = Connection.objects.get(pk=run.accounts["voice"].pk)
    assert (account.status, CAUSE in account.message) == ("error", True)
    with pytest.raises(NotAllowed, match=CAUSE):
        run.act("retry", "voice")
    run.until_status(run.channel("sms"), "completed")
    assert set(run.texts.numbers()) == run.phones, "paused twice, and everybody once"
    run.must_be("running", "1 channel errored", email="stopped", sms="completed", voice="errored")


def retry_them(run: ThreeChannels) -> None:
    run.calls.fault = None
    assert check_connection(Connection.objects.get(pk=run.accounts["voice"].pk), timezone.now()).ok
    # What the account refused is tried again half a minute later; nobody wants to wait for that here.
    run.act("retry", "voice")
    Delivery.objects.filter(channel=run.channel("voice"), status="pending").update(due_at=timezone.now())
    run.must_be("running", "1 channel running", email="stopped", sms="completed", voice="running")
    run.until_status(run.channel("voice"), "completed")
    assert set(run.calls.numbers()) == run.phones
    run.must_be("completed", "", email="stopped", sms="completed", voice="completed")


def remarket(run: ThreeChannels) -> None:
    """Texts that were not delivered: those people, as promised, get an e-mail, and nobody else."""
    source = run.channel("sms")
    rows = list(
        source.deliveries.filter(status="sent")
        .order_by("pk")
        .values_list("pk", "provider_id", "person__email")
    )
    tell(run, [sid for _, sid, _ in rows[::2]], "delivered")
    promised = {email for _, _, email in rows[1::2]}
    run.mail.reset()
    content = {"subject": "We missed you", "body": "Hello"}
    params = {
        "outcome": "not_delivered", "kind": "email", "connection": run.accounts["email"].pk, "content": content,
        "people": len(promised),
    }  # fmt: skip
    run.pace("email", None)
    made = perform_channel("remarket", source.pk, run.actor, params=params, now=timezone.now())
    run.must_be("running", "3 channels finished, 1 still to start")
    tell(run, [sid for _, sid, _ in rows[1::4]], "delivered")
    perform_channel("start", made.pk, run.actor, now=timezone.now())
    run.must_be("running", "1 channel running")
    run.until_status(made, "completed")
    assert set(run.mails()) == promised, "exactly those it promised, whatever was reported since"
    run.must_be("completed", "")


def tell(run: ThreeChannels, sids: list[str], kind: Any) -> None:
    """The vendor reports."""
    now = timezone.now()
    store_receipts(run.accounts["sms"].pk, [Receipt(f"{sid}:{kind}", sid, kind, now) for sid in sids], now)
    assert apply_received(now)["applied"] == len(sids)

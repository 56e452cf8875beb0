"""Runs of python campaigns: what a Start repeats, what a Stop ends, what a Delete leaves."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.engine import strategies as engine
from campaigns.engine.ledger import violations
from campaigns.models import Campaign, StrategyContact, StrategyLine, StrategyRun
from campaigns.services import duties
from campaigns.services.actions import perform
from campaigns.services.actors import Actor
from channels.models import Delivery, PlannedMessage
from tests.strategies.kit import rows, send, stop_and_start, texts

pytestmark = [pytest.mark.django_db, pytest.mark.engine, pytest.mark.usefixtures("all_strategies")]


def test_a_new_run_sends_nobody_again_what_they_were_sent_before(in_state, creator, now):
    campaign = in_state("python", "running", people=3)
    duties.work_on(campaign.pk, now)
    Delivery.objects.filter(person__external_id="person-2").update(due_at=now + timedelta(days=1))
    send(campaign, now)
    stop_and_start(campaign, creator, now)
    assert rows(campaign, person__external_id="person-1") == [
        (1, "hello:1", "sent", ""), (2, "hello:1", "skipped", "frequency_cap"),
    ]  # fmt: skip
    assert rows(campaign, person__external_id="person-2") == [
        (1, "hello:1", "cancelled", "stopped"), (2, "hello:1", "pending", ""),
    ]  # fmt: skip
    send(campaign, now)
    assert len(texts(campaign)) == 3
    assert list(violations()) == []


@pytest.mark.parametrize(
    ("frequency", "days", "status"),
    [
        ({"every_time": True}, 0, "pending"),
        ({"at_most_every": "30 days"}, 29, "skipped"),
        ({"at_most_every": "30 days"}, 31, "pending"),
        ({"once": True}, 400, "skipped"),
    ],
)
def test_how_often_somebody_gets_the_same_is_the_campaigns_frequency(
    frequency, days, status, in_state, creator, now
):
    campaign = in_state("python", "running", people=1, frequency=frequency)
    duties.work_on(campaign.pk, now)
    send(campaign, now)
    stop_and_start(campaign, creator, now + timedelta(days=days))
    assert Delivery.objects.get(channel__campaign=campaign, run=2).status == status


def test_a_stop_cancels_what_is_planned_and_force_stop_leads_out_of_error(in_state, creator, now):
    campaign = in_state("python", "running", people=2, strategy="three_stages")
    duties.work_on(campaign.pk, now)
    stopped = perform("stop", campaign.pk, Actor.member(creator), now=now)
    duties.work_on(campaign.pk, now)
    assert stopped.look.label == "Configured"
    assert {status for _, _, status, _ in rows(campaign)} == {"cancelled"}
    failed = in_state("python", "running", people=1, strategy="raises")
    duties.work_on(failed.pk, now)
    out = perform("force_stop", failed.pk, Actor.member(creator), now=now)
    assert (out.look.label, StrategyRun.objects.get(campaign=failed).finished_at) == ("Configured", now)


def test_a_batch_that_a_stop_overtakes_keeps_nothing(in_state, creator, now, monkeypatch):
    campaign = in_state("python", "running", people=3)
    write = engine.write

    def stopped_before(batch, moment):
        perform("stop", campaign.pk, Actor.member(creator), now=now)
        return write(batch, moment)

    monkeypatch.setattr(engine, "write", stopped_before)
    duties.work_on(campaign.pk, now)
    assert rows(campaign) == []
    assert not StrategyContact.objects.exists()


def test_two_workers_that_asked_about_the_same_write_it_once(in_state, now, monkeypatch):
    campaign = in_state("python", "running", people=3)
    write, twice = engine.write, []

    def other_first(batch, moment):
        if not twice:
            twice.append(1)
            engine.ask_contacts(campaign.pk, now)
        return write(batch, moment)

    monkeypatch.setattr(engine, "write", other_first)
    with pytest.raises(Exception, match="strategy_contact_once_per_run"):
        # Only in one session can both get here: the lock is the session's.
        engine.ask_contacts(campaign.pk, now)


def test_a_deleted_campaign_leaves_nothing_behind(in_state, creator, now):
    campaign = in_state("python", "running", people=3)
    duties.work_on(campaign.pk, now)
    perform("stop", campaign.pk, Actor.member(creator), now=now)
    perform("delete", campaign.pk, Actor.member(creator), now=now)
    for _ in range(3):
        duties.work_on(campaign.pk, now)
    for model in (Campaign, Delivery, PlannedMessage, StrategyContact, StrategyLine, StrategyRun):
        assert not model.objects.exists(), model

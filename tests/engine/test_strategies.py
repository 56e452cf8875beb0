"""The engine of python campaigns: every contact once in a run, whatever the strategy does."""

from __future__ import annotations

import os
import signal
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection

from campaigns.engine import strategies as engine
from campaigns.engine.ledger import violations
from campaigns.models import Campaign, Person, SegmentMember, StrategyContact, StrategyLine, StrategyRun
from campaigns.services import duties
from channels.models import Delivery, PlannedMessage
from tests.factories import PersonFactory
from tests.strategies.kit import rows, send, texts

pytestmark = [pytest.mark.django_db, pytest.mark.engine, pytest.mark.usefixtures("all_strategies")]


def test_everybody_is_asked_about_once_and_gets_what_was_planned(in_state, now):
    campaign = in_state("python", "running", people=5)
    for _ in range(3):
        duties.work_on(campaign.pk, now)
    assert rows(campaign) == [(1, "hello:1", "pending", "")] * 5
    assert StrategyContact.objects.filter(campaign=campaign, status="planned", planned=1).count() == 5
    assert PlannedMessage.objects.filter(values={"number": 1}).count() == 5
    run = StrategyRun.objects.get(campaign=campaign)
    assert (run.processed, run.failed, run.planned, run.walks, run.cursor) == (5, 0, 5, 1, 0)
    send(campaign, now)
    assert len(texts(campaign)) == 5
    assert Campaign.objects.get(pk=campaign.pk).status == "running", "it runs until somebody stops it"
    assert list(violations()) == []


def test_batches_go_on_where_the_last_one_ended(in_state, now):
    campaign = in_state("python", "running", people=7)
    first = engine.ask_contacts(campaign.pk, now, seconds=0, batch=3)
    assert first.asked >= 1 and StrategyContact.objects.filter(campaign=campaign).count() == first.asked
    while StrategyRun.objects.get(campaign=campaign).walks == 0:
        engine.ask_contacts(campaign.pk, now, seconds=0, batch=3)
    assert rows(campaign) == [(1, "hello:1", "pending", "")] * 7


def test_the_text_is_the_strategys_own_or_the_channels_and_both_see_the_plan(in_state, now):
    campaign = in_state("python", "running", people=1, strategy="three_stages")
    campaign.channels.update(content={"subject": "S {{ plan.stage }}", "body": "B {{ person.first_name }}"})
    duties.work_on(campaign.pk, now)
    send(campaign, now + timedelta(days=2))
    assert texts(campaign) == [("Own", "For you"), ("S second", "B First1")]


def test_without_a_text_of_either_the_message_fails_and_says_so(in_state, now):
    campaign = in_state("python", "running", people=1)
    campaign.channels.update(content={})
    duties.work_on(campaign.pk, now)
    send(campaign, now)
    failed = Delivery.objects.get(channel__campaign=campaign)
    assert (failed.status, failed.reason) == ("failed", "template")
    assert "gave no text" in failed.detail


def test_a_contact_added_later_is_asked_about_a_minute_after_the_walk(in_state, now):
    campaign = in_state("python", "running", people=2)
    duties.work_on(campaign.pk, now)
    person = PersonFactory(workspace=campaign.workspace)
    SegmentMember.objects.create(segment_id=campaign.segment_id, person=person, since=now)
    duties.work_on(campaign.pk, now + timedelta(seconds=59))
    assert len(rows(campaign)) == 2
    duties.work_on(campaign.pk, now + timedelta(seconds=61))
    assert rows(campaign, person=person) == [(1, "hello:1", "pending", "")]


def test_one_bad_contact_is_logged_with_its_traceback_and_stops_nobody_else(in_state, now):
    campaign = in_state("python", "running", people=4, strategy="some_fail")
    people = list(Person.objects.filter(workspace=campaign.workspace).order_by("pk"))
    people[1].attributes = {"bad": "this file"}
    people[2].attributes = {"nothing": True}
    Person.objects.bulk_update(people, ["attributes"])
    duties.work_on(campaign.pk, now)
    assert list(StrategyContact.objects.order_by("person_id").values_list("status", flat=True)) == [
        "planned", "failed", "nothing", "planned",
    ]  # fmt: skip
    line = StrategyLine.objects.get(campaign=campaign, level="error")
    assert line.person_id == people[1].pk
    assert "ValueError: cannot read this file" in line.text
    assert "Traceback" in line.text and "good.py" in line.text and "runner.py" not in line.text
    assert "planned for person-1" in StrategyLine.objects.filter(level="info", person=people[0]).get().text
    assert Campaign.objects.get(pk=campaign.pk).status == "running"


def test_one_contact_that_takes_for_ever_is_given_up_alone(in_state, now):
    campaign = in_state("python", "running", people=3, strategy="some_fail")
    Person.objects.filter(external_id="person-2").update(attributes={"bad": "loop"})
    duties.work_on(campaign.pk, now)
    assert len(rows(campaign)) == 2
    assert "longer than 1.5 seconds" in StrategyContact.objects.get(status="failed").problem
    assert Campaign.objects.get(pk=campaign.pk).status == "running"


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("raises", "RuntimeError: the customer system does not answer"),
        ("loops_for_ever", "It took longer than 1.5 seconds for this contact and was ended."),
        ("returns_nonsense", "load must give an iterable of PlannedCommunication; it gave int."),
        ("ends_the_process", "Its process ended by itself, with exit code 7."),
        ("takes_all_memory", "MemoryError"),
        ("endless_plan", "load gave more than 50 communications for one contact."),
        ("exits", "SystemExit: enough"),
        ("wrong_stage", "'goodbye' is none of the campaign's stages (hello)."),
    ],
)
def test_a_strategy_that_does_not_work_puts_the_campaign_into_error_and_says_why(name, cause, in_state, now):
    campaign = in_state("python", "running", people=25, strategy=name)
    other = in_state("python", "running", people=2)
    duties.work(now)
    found = Campaign.objects.get(pk=campaign.pk)
    assert (found.status, found.look.label) == ("errored", "Error")
    assert found.status_reason.startswith("The strategy ") and cause in found.status_reason
    assert cause in StrategyLine.objects.filter(campaign=campaign, level="error").last().text
    assert rows(campaign) == []
    assert rows(other) == [(1, "hello:1", "pending", "")] * 2, "the worker lives and sees to the others"
    assert list(violations()) == []


def test_a_strategy_that_prints_a_megabyte_harms_nobody_and_the_log_says_what_is_left_out(in_state, now):
    campaign = in_state("python", "running", people=3, strategy="prints_a_megabyte")
    duties.work_on(campaign.pk, now)
    assert rows(campaign) == [(1, "hello:1", "pending", "")] * 3
    lines = StrategyLine.objects.filter(campaign=campaign, person__isnull=False)
    assert sum(len(line.text) for line in lines) < 3 * 10_000
    assert lines.filter(text__contains="more characters of output are left out").count() == 3
    assert Campaign.objects.get(pk=campaign.pk).status == "running"


def test_of_a_few_contacts_all_of_whom_fail_the_end_of_the_walk_tells(in_state, now):
    campaign = in_state("python", "running", people=2, strategy="raises")
    duties.work_on(campaign.pk, now)
    assert "every one of the 2 contacts" in Campaign.objects.get(pk=campaign.pk).status_reason


def test_a_strategy_that_is_not_registered_any_more_is_an_error(in_state, now, settings):
    campaign = in_state("python", "running", people=1)
    settings.CAMPAIGN_STRATEGIES = ["tests.strategies.good.ThreeStages"]
    duties.work_on(campaign.pk, now)
    found = Campaign.objects.get(pk=campaign.pk)
    assert found.status == "errored"
    assert "No strategy “everyone_at_once” is registered" in found.status_reason


def test_the_log_of_a_run_is_capped_with_a_note(in_state, now, monkeypatch):
    monkeypatch.setattr("campaigns.engine.strategy_ledger.MOST_LINES", 4)
    campaign = in_state("python", "running", people=6, strategy="some_fail")
    for _ in range(2):
        duties.work_on(campaign.pk, now)
    lines = list(StrategyLine.objects.filter(campaign=campaign).order_by("id"))
    assert len(lines) == 4
    assert "is full" in lines[-1].text


def test_a_killed_process_of_a_strategy_is_only_that_contacts_loss(in_state, now, monkeypatch):
    campaign = in_state("python", "running", people=3)
    ask, killed = engine.Asker.ask, []

    def kill_once(asker, contact, moment):
        if asker._process is not None and not killed:
            killed.append(asker._process._process.pid)
            os.kill(killed[0], signal.SIGKILL)
        return ask(asker, contact, moment)

    monkeypatch.setattr(engine.Asker, "ask", kill_once)
    duties.work_on(campaign.pk, now)
    assert len(rows(campaign)) == 2
    assert "by signal 9" in StrategyContact.objects.get(status="failed").problem


def test_the_strategy_does_not_see_the_consoles_secrets(monkeypatch):
    from campaigns.strategies.process import Limits, StrategyProcess

    monkeypatch.setenv("SECRET_KEY", "the secret")
    with StrategyProcess("tests.strategies.good:EveryoneAtOnce", Limits()) as process:
        process.described()
        environment = Path(f"/proc/{process._process.pid}/environ").read_text()
    assert "the secret" not in environment


def test_a_batch_costs_the_same_queries_whatever_its_size(in_state, now, django_assert_max_num_queries):
    campaign = in_state("python", "running", people=60, strategy="three_stages")
    engine.registered()
    with django_assert_max_num_queries(40):
        engine.ask_contacts(campaign.pk, now, batch=60)
    assert len(rows(campaign)) == 120
    assert connection.in_atomic_block

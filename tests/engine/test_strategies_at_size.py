"""However many contacts a strategy has, and however much it plans: turns, statements and batches stay small."""

from __future__ import annotations

import itertools
import json
from dataclasses import asdict
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.engine import strategies as engine
from campaigns.engine.ledger import violations
from campaigns.models import StrategyContact, StrategyLine, StrategyRun
from campaigns.services import duties
from campaigns.services.working import TURN_SECONDS
from campaigns.strategies import runner
from tests.strategies.good import EveryoneAtOnce
from tests.strategies.kit import rows

pytestmark = [pytest.mark.django_db, pytest.mark.engine, pytest.mark.usefixtures("all_strategies")]

CONTACTS = 10_000
#: By the clock of these tests, which moves on by as much each time that somebody looks at it.
A_LOOK = 0.001
IN_A_TURN = TURN_SECONDS / A_LOOK


@pytest.fixture
def clock(monkeypatch):
    looks = itertools.count()
    monkeypatch.setattr(engine, "time", SimpleNamespace(monotonic=lambda: next(looks) * A_LOOK))


class InThisProcess:
    """Answers as the strategy's process would, without the way there and back: what is counted is on our side."""

    def __init__(self, target, limits):
        self._strategy, self._journal = EveryoneAtOnce(), runner.Journal()

    def described(self):
        return {"is": {}}

    def ask(self, contact, now):
        request = {"contact": asdict(contact), "now": now.isoformat()}
        return json.loads(json.dumps(runner._turn(self._strategy, request, self._journal)))

    def close(self):
        pass


@pytest.mark.usefixtures("clock")
def test_ten_thousand_contacts_are_walked_in_turns_of_the_same_size_and_cost(in_state, now, monkeypatch):
    campaign = in_state("python", "running", people=CONTACTS)
    engine.registered()
    monkeypatch.setattr(engine, "StrategyProcess", InThisProcess)
    asked, queries = [], []
    while not StrategyRun.objects.get(campaign=campaign).walks:
        with CaptureQueriesContext(connection) as captured:
            asked.append(engine.ask_contacts(campaign.pk, now, seconds=TURN_SECONDS).asked)
        queries.append(len(captured))
    assert sum(asked) == CONTACTS == StrategyContact.objects.filter(campaign=campaign).count()
    assert max(asked) <= IN_A_TURN
    assert len(asked) <= CONTACTS / IN_A_TURN + 3
    assert max(queries) <= 50
    assert list(violations()) == []


def test_a_batch_ends_where_its_texts_fill_the_memory_that_it_may_take(in_state, now, settings, monkeypatch):
    settings.CAMPAIGN_STRATEGIES = ["tests.strategies.faulty.Wordy"]
    campaign = in_state("python", "running", people=7, strategy="wordy")
    write, sizes = engine.write, []

    def noted(batch, moment):
        sizes.append(len(batch.outcomes))
        return write(batch, moment)

    monkeypatch.setattr(engine, "write", noted)
    while not StrategyRun.objects.get(campaign=campaign).walks:
        engine.ask_contacts(campaign.pk, now, seconds=60)
    assert sizes == [2, 2, 2, 1]
    assert len(rows(campaign)) == 70


def test_the_log_says_that_a_worker_ended_in_the_middle_even_where_it_is_full(in_state, now, monkeypatch):
    monkeypatch.setattr("campaigns.engine.strategy_ledger.MOST_LINES", 3)
    campaign = in_state("python", "running", people=4, strategy="some_fail")
    StrategyRun.objects.update(asking_since=now)  # as a worker leaves it that is killed
    duties.work_on(campaign.pk, now + timedelta(seconds=3))
    told = StrategyLine.objects.get(campaign=campaign, text__contains="ended in the middle")
    assert (told.level, told.person_id) == ("warning", None)
    assert f"{now:%H:%M:%S} UTC" in told.text
    assert StrategyRun.objects.get(campaign=campaign).asking_since is None
    duties.work_on(campaign.pk, now + timedelta(minutes=3))
    assert StrategyLine.objects.filter(text__contains="ended in the middle").count() == 1, "once"


@pytest.mark.usefixtures("clock")
def test_a_turn_is_for_contacts_however_long_the_process_takes_to_start(in_state, now, monkeypatch):
    campaign = in_state("python", "running", people=100)
    described = engine.StrategyProcess.described

    def slowly(process):
        for _ in range(2 * int(IN_A_TURN)):
            engine.time.monotonic()
        return described(process)

    engine.registered()
    monkeypatch.setattr(engine.StrategyProcess, "described", slowly)
    assert engine.ask_contacts(campaign.pk, now, seconds=TURN_SECONDS).asked == 100

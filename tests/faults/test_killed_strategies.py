"""SIGKILL of the worker that walks a python campaign's contacts, and of the strategy's own process: nobody lost or twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule

from campaigns.engine import ledger
from campaigns.models import Campaign, StrategyContact, StrategyLine, StrategyRun
from campaigns.services import timetable
from channels.models import Delivery
from tests import factories
from tests.factories.campaigns import owner_of
from tests.faults.brokers import Files, Processes
from tests.faults.checker import rounds
from tests.faults.worker_process import ROOT, environment, wait_until
from tests.strategies.faulty import JOURNAL

pytestmark = [pytest.mark.engine, pytest.mark.fault, pytest.mark.django_db(transaction=True)]

#: Contacts between two kills, at most.
A_ROUND = 150
STRATEGIES = ["tests.strategies.faulty.Quiet", "tests.strategies.faulty.Chatty"]


class Crowd:
    """A beat and a worker for duties; the journal of whom the strategy was asked about, and who dies."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.journal = folder / "asked"
        self.journal.touch()
        broker = Files(folder / "data")
        broker.ring_here(monkeypatch)
        self._own = str(broker.data_dir)
        self.processes = Processes(
            broker, CAMPAIGN_STRATEGIES=",".join(STRATEGIES), **{JOURNAL: str(self.journal)}
        )

    def start(self) -> None:
        """Start both."""
        self._duties = self.processes.worker("duties", 1)
        self.processes.beat()

    def asked(self) -> int:
        """How often the strategy was asked so far."""
        return self.journal.read_bytes().count(b"\n")

    def strategies(self) -> list[psutil.Process]:
        """The strategies' processes that there are, whoever started them; none of another test's."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                is_one = "campaigns.strategies.runner" in process.cmdline()
                if is_one and process.environ().get("DATA_DIR") == self._own:
                    found.append(process)
        return found

    def kill_worker(self) -> None:
        """The process of the worker that does the work; Celery starts another."""
        for child in psutil.Process(self._duties.pid).children():
            child.kill()

    def kill_strategy(self) -> None:
        """The strategy's process."""
        for process in self.strategies():
            with suppress(psutil.NoSuchProcess):
                process.kill()

    def kill_both(self) -> None:
        """The worker's process and the strategy's at once."""
        self.kill_strategy()
        self.kill_worker()

    def kill_everything(self) -> None:
        """Celery's main process with its children, and the beat; nobody is left who could end the strategy."""
        self.processes.kill()
        self.start()


@pytest.fixture
def crowd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[Crowd]:
    settings.CAMPAIGN_STRATEGIES = STRATEGIES
    timetable.fill()
    IntervalSchedule.objects.filter(every=timetable.EVERY["work"]).update(every=1)
    crowd = Crowd(tmp_path, monkeypatch)
    yield crowd
    crowd.processes.kill()
    crowd.kill_strategy()


@pytest.mark.parametrize(
    ("strategy", "kill", "said"),
    [
        ("quiet", Crowd.kill_worker, "ended in the middle"),
        ("quiet", Crowd.kill_strategy, "by signal 9"),
        ("chatty", Crowd.kill_both, "ended in the middle"),
        ("chatty", Crowd.kill_everything, "ended in the middle"),
    ],
    ids=["worker", "strategy", "both", "everything"],
)
def test_whoever_is_killed_each_contact_is_asked_about_to_the_end_once(
    strategy: str, kill: Any, said: str, crowd: Crowd
) -> None:
    kills = rounds(2)
    people = A_ROUND * (kills + 2)
    campaign = factories.in_state("running", "python", timezone.now(), strategy=strategy, people=people)
    crowd.start()
    for turn in range(kills):
        goal = crowd.asked() + random.randint(1, A_ROUND)
        wait_until(lambda goal=goal: crowd.asked() >= goal, f"contact {goal} is asked about ({turn})", 120)
        kill(crowd)
    wait_until(lambda: StrategyRun.objects.get().walks > 0, "everybody has been asked about", 120)
    wait_until(lambda: not crowd.strategies(), "no process of a strategy is left", 30)
    assert_everybody_once(campaign, people, kills if kill is Crowd.kill_strategy else 0)
    assert_the_log_says(campaign, said, kills)


def assert_everybody_once(campaign: Campaign, people: int, lost: int) -> None:
    """One row for each contact and one planned message, but of at most ``lost`` whose answer died with the process."""
    found = Campaign.objects.get(pk=campaign.pk)
    assert (found.status, found.status_reason) == ("running", "")
    run = StrategyRun.objects.get(campaign=campaign)
    failed = list(StrategyContact.objects.filter(status="failed").values_list("problem", flat=True))
    assert len(failed) <= lost and all("by signal 9" in problem for problem in failed)
    assert StrategyContact.objects.filter(campaign=campaign).count() == run.processed == people
    assert Delivery.objects.filter(channel__campaign=campaign).count() == run.planned == people - len(failed)
    assert run.failed == len(failed)
    with ledger.one_snapshot():
        assert list(ledger.violations()) == []


def assert_the_log_says(campaign: Campaign, said: str, times: int) -> None:
    """What happened is in the log, at most once each time, and on its page."""
    lines = StrategyLine.objects.filter(campaign=campaign, text__contains=said)
    assert 1 <= lines.count() <= times
    client = Client()
    client.force_login(owner_of(campaign).user)
    page = client.get(reverse("campaigns:logs", args=[campaign.pk], query={"q": said}))
    assert said in page.content.decode()


ASKING = """
import sys
from datetime import UTC, datetime
from campaigns.domain.strategies import Contact
from campaigns.strategies.process import Limits, StrategyProcess
process = StrategyProcess(sys.argv[1], Limits(start_seconds=600, contact_seconds=600))
print(process._process.pid, flush=True)
process.described()
process.ask(Contact("somebody"), datetime.now(UTC))
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a strategy ends with its pipe or its alarm")
@pytest.mark.parametrize(
    ("target", "at"),
    [
        ("tests.strategies.hanging:Any", "importing"),
        ("tests.strategies.faulty:Stubborn", "looping"),
        ("tests.strategies.faulty:Idle", "answered"),
    ],
)
def test_a_strategy_ends_with_whoever_asks_it_whatever_it_is_at(target: str, at: str, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    journal.touch()
    asking = subprocess.Popen(
        [sys.executable, "-c", ASKING, target],
        cwd=ROOT,
        env=environment(**{JOURNAL: str(journal)}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert asking.stdout is not None
    strategy = psutil.Process(int(asking.stdout.readline()))
    try:
        wait_until(lambda: at in journal.read_text(), f"it is {at}")
        asking.kill()
        asking.communicate()
        wait_until(lambda: is_gone(strategy), "the strategy's process is gone", 10)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(strategy.pid, signal.SIGKILL)


def is_gone(process: psutil.Process) -> bool:
    """Ended, whether or not anybody has asked how."""
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True

"""Eight threads race for a campaign: one legal winner, a log that is a legal path, nothing unapproved is ever sent."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.approvals.races import STARTS, Ground, Race

pytestmark = pytest.mark.django_db(transaction=True)


def run_races(number: int) -> Counter[str]:
    """So many rounds, from every start in turn; answers how often each action went through."""
    ground, done = Ground.make(), Counter[str]()
    for index in range(number):
        race = Race(ground, index, STARTS[index % len(STARTS)])
        race.run()
        done.update(name for name, result in race.done.items() if result == "done")
    return done


@pytest.mark.slow
@pytest.mark.load
def test_a_hundred_races() -> None:
    done = run_races(96)
    assert min(done[name] for name in ("approve", "reject", "withdraw", "edit", "publish", "stop")) > 0, done


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_thousand_races() -> None:
    done = run_races(1_000)
    assert min(done[name] for name in ("approve", "reject", "withdraw", "edit", "publish", "stop")) > 0, done

"""Campaigns work by turns: a large one keeps no other waiting, and goes on while there is time."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.models import Campaign, Journey
from campaigns.services import duties, working
from channels.models import Delivery
from tests.engine.world import NOW, make_journey, make_list, make_people, make_workspace, message, places

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


def journeys_of(*sizes: int) -> list[Campaign]:
    workspace = make_workspace()
    found = []
    for number, size in enumerate(sizes):
        people = make_people(workspace, size, prefix=f"p{number}_")
        steps = [message("hello"), message("again")]
        found.append(make_journey(make_list(workspace, people, f"List {number}"), steps))
    return found


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Whose turn it was, one after the other; a turn is over after a batch of 50 people."""
    taken: list[int] = []
    one_turn = working.work_on

    def note(campaign_id: int, now: Any, seconds: float) -> dict[str, int]:
        taken.append(campaign_id)
        return one_turn(campaign_id, now, seconds)

    monkeypatch.setattr(working, "work_on", note)
    monkeypatch.setattr(working, "TURN_SECONDS", 0.0)
    advance = working.journeys.advance
    monkeypatch.setattr(working.journeys, "advance", lambda *a, **more: advance(*a, batch=50, **more))
    return taken


def test_a_small_campaign_does_not_wait_for_a_large_one(turns: list[int]) -> None:
    large, small = journeys_of(400, 10)
    duties.work(NOW)
    assert turns[:4] == [large.pk, small.pk, large.pk, small.pk]
    assert turns.count(large.pk) >= 16, "two steps of eight batches each"
    assert places(large) == {"finished": 400}
    assert places(small) == {"finished": 10}


def test_when_the_time_is_up_everybody_has_had_a_turn(
    turns: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "WORK_SECONDS", 0.0)
    campaigns = journeys_of(400, 300, 10)
    duties.work(NOW)
    assert turns == [campaign.pk for campaign in campaigns]
    for _ in range(20):
        duties.work(NOW)
    assert set(Journey.objects.values_list("status", flat=True)) == {"finished"}
    assert Delivery.objects.count() == 2 * 710


def test_one_that_fails_stops_no_other(turns: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    broken, other = journeys_of(10, 10)
    Campaign.objects.filter(pk=broken.pk).update(workflow=[{"key": "hello", "type": "nonsense"}])
    assert duties.work(NOW)["moved"] == 20
    assert places(other) == {"finished": 10}

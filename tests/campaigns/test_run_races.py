"""Beats, settling and people at once on the same message in runs: one winner each, nothing twice."""

from __future__ import annotations

import pytest

from campaigns.models import Activity
from campaigns.services import actions, duties
from campaigns.services.actors import Actor
from channels.models import Delivery
from tests.campaigns.runs import DAY, NOW, beat, fresh, published, recurring, runs
from tests.engine.world import at_once
from tests.factories.campaigns import owner_of


@pytest.mark.django_db(transaction=True)
def test_five_beats_at_once_begin_one_run_and_end_it_once() -> None:
    campaign = published(recurring("FREQ=DAILY;COUNT=2"))
    at_once(*[lambda: beat(NOW + DAY)] * 5)
    assert [status for _, status, _ in runs(campaign)] == ["running", "planned"]
    at_once(*[lambda: duties.work_on(campaign.pk, NOW + DAY)] * 3)
    assert Delivery.objects.filter(channel__campaign=campaign, run=1).count() == 3
    Delivery.objects.update(status="sent")
    at_once(*[lambda: duties.settle(NOW + DAY)] * 3)
    at_once(*[lambda: beat(NOW + 2 * DAY), lambda: duties.settle(NOW + 2 * DAY)] * 3)
    assert [status for _, status, _ in runs(campaign)] == ["completed", "running"]
    done = Activity.objects.filter(campaign=campaign, action__in=("launch", "await_next_run")).order_by("id")
    assert list(done.values_list("action", flat=True)) == ["launch", "await_next_run", "launch"]


@pytest.mark.django_db(transaction=True)
def test_a_stop_and_a_due_run_at_once_leave_one_winner() -> None:
    for number in range(8):
        campaign = published(recurring())
        owner = Actor.member(owner_of(campaign))

        def stop(pk: int = campaign.pk, actor: Actor = owner) -> object:
            return actions.perform("stop", pk, actor, now=NOW + DAY)

        at_once(*([lambda: beat(NOW + DAY), stop] if number % 2 else [stop, lambda: beat(NOW + DAY)]))
        assert fresh(campaign).status == "stopped"
        states = [status for _, status, _ in runs(campaign)]
        assert states in (["skipped"], ["stopped", "skipped"])

"""A split that decides itself by the goal: not before its time, not without a difference, and for everybody afterwards."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from campaigns.domain.splits import best_of, way_of
from campaigns.domain.steps import Share
from campaigns.engine.journeys import advance
from campaigns.models import Activity, Campaign, Journey
from campaigns.services.snapshots import hash_of
from campaigns.services.splits import decide_splits
from tests.engine.test_journeys_steps import journey
from tests.engine.world import NOW, message

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SHARES = (Share("a", 1), Share("b", 1))


@pytest.mark.parametrize(
    ("results", "winner"),
    [
        ({"a": (10, 1), "b": (10, 2)}, "b"),
        ({"a": (10, 2), "b": (100, 10)}, "a"),
        ({"a": (3, 1), "b": (9, 3)}, ""),
        ({"a": (10, 0), "b": (10, 0)}, ""),
        ({"a": (0, 0), "b": (10, 1)}, "b"),
        ({}, ""),
    ],
)
def test_the_most_conversions_for_each_who_entered(results: dict[str, tuple[int, int]], winner: str):
    assert best_of(results) == winner


def trial(people: int = 60) -> Campaign:
    variants = [{"name": share.name, "steps": [message(f"to_{share.name}")]} for share in SHARES]
    split = {"key": "test", "type": "split", "variants": variants, "decide": {"after": "7 days"}}
    fork = {
        "key": "fork",
        "type": "branch",
        "if": {"attribute": "x", "op": "exists"},
        "then": [],
        "else": [split],
    }
    return journey([fork], people)


def convert(campaign: Campaign, way: str, at: Any) -> None:
    ids = Journey.objects.filter(campaign=campaign).values_list("person_id", flat=True)
    mine = [pk for pk in ids if way_of(campaign.pk, "test", pk, SHARES) == way]
    Journey.objects.filter(campaign=campaign, person_id__in=mine[:5]).update(converted_at=at)


def winner_of(campaign: Campaign) -> str:
    found = Campaign.objects.get(pk=campaign.pk)
    return str(found.workflow[0]["else"][0].get("winner", ""))


def notes() -> list[str]:
    return list(Activity.objects.order_by("id").values_list("action", flat=True))


@pytest.mark.django_db
def test_the_better_one_wins_when_its_time_is_over():
    campaign = trial()
    decide_splits(NOW)
    assert notes() == [], "nobody has come to it yet"
    advance(campaign.pk, NOW)
    decide_splits(NOW + HOUR)
    decide_splits(NOW + 2 * HOUR)
    assert notes() == ["split_began"]
    convert(campaign, "a", NOW), convert(campaign, "b", NOW + DAY)
    decide_splits(NOW + 7 * DAY)
    assert winner_of(campaign) == ""
    version = Campaign.objects.get(pk=campaign.pk).version
    assert decide_splits(NOW + 7 * DAY + HOUR) == {"decided": ["test"]}
    assert winner_of(campaign) == "b", "what a's people did before the split began counts for nobody"
    assert notes() == ["split_began", "choose_winner"]
    assert Campaign.objects.get(pk=campaign.pk).version == version + 1
    assert decide_splits(NOW + 30 * DAY) == {"decided": []}


@pytest.mark.django_db
def test_where_none_is_ahead_the_test_goes_on():
    campaign = trial()
    advance(campaign.pk, NOW)
    decide_splits(NOW)
    decide_splits(NOW + 7 * DAY)
    decide_splits(NOW + 8 * DAY)
    assert notes() == ["split_began", "split_undecided"]
    convert(campaign, "a", NOW + 8 * DAY)
    decide_splits(NOW + 13 * DAY)
    assert winner_of(campaign) == ""
    decide_splits(NOW + 14 * DAY)
    assert winner_of(campaign) == "a"


@pytest.mark.django_db
def test_a_winner_that_was_taken_back_gives_the_test_its_whole_time_again():
    campaign = trial()
    advance(campaign.pk, NOW)
    decide_splits(NOW)
    convert(campaign, "a", NOW + DAY)
    decide_splits(NOW + 7 * DAY)
    found = Campaign.objects.get(pk=campaign.pk)
    del found.workflow[0]["else"][0]["winner"]
    found.save()
    decide_splits(NOW + 8 * DAY)
    assert winner_of(campaign) == ""
    decide_splits(NOW + 14 * DAY)
    assert winner_of(campaign) == "a"


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["draft", "stopped", "archived"])
def test_nothing_is_decided_while_it_does_not_run(status: str):
    campaign = trial()
    advance(campaign.pk, NOW)
    decide_splits(NOW)
    convert(campaign, "a", NOW + DAY)
    Campaign.objects.filter(pk=campaign.pk).update(status=status)
    decide_splits(NOW + 8 * DAY)
    assert winner_of(campaign) == ""


@pytest.mark.django_db
def test_what_was_approved_stays_approved():
    campaign = Campaign.objects.get(pk=trial().pk)
    Campaign.objects.filter(pk=campaign.pk).update(approved_hash=hash_of(campaign, campaign.channels.all()))
    advance(campaign.pk, NOW)
    decide_splits(NOW)
    convert(campaign, "b", NOW + DAY)
    decide_splits(NOW + 7 * DAY)
    found = Campaign.objects.get(pk=campaign.pk)
    assert winner_of(found) == "b"
    assert found.approved_hash == hash_of(found, found.channels.all())

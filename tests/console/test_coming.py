"""What happens next: a campaign with people inside is never said to wait for somebody."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.console.cards import cards
from campaigns.console.coming import coming, people_inside
from campaigns.domain.programs import BY_STEPS
from campaigns.engine.journeys import advance, enter_people
from campaigns.models import Campaign
from campaigns.services.counts import next_moved
from tests.engine import world
from tests.factories import NOW

ENTERS = (None, "Whoever meets the trigger enters.")


def said(campaign, now=NOW):
    inside = people_inside(campaign, now) if campaign.kind in BY_STEPS else None
    return [(entry.at, entry.text) for entry in coming(campaign, {}, cards(campaign, now), inside)]


def resting(people: int):
    """A journey of two days of rest and then a letter, with so many people at the rest."""
    workspace = world.make_workspace()
    segment = world.make_list(workspace, world.make_people(workspace, people) if people else [])
    campaign = world.make_journey(segment, [world.delay("rest", "2 days"), world.message("hello")])
    enter_people(campaign.pk, NOW)
    return Campaign.objects.get(pk=campaign.pk)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("people", "expected"),
    [
        (0, [ENTERS]),
        (1, [ENTERS, (NOW + timedelta(days=2), "The one person in the workflow goes on.")]),
        (3, [ENTERS, (NOW + timedelta(days=2), "The next of 3 people in the workflow goes on.")]),
    ],
)
def test_who_waits_in_a_workflow_goes_on_by_itself(people, expected):
    assert said(resting(people)) == expected


@pytest.mark.django_db
def test_the_next_one_is_found_by_index(django_assert_num_queries):
    campaign = resting(500)
    later = NOW + timedelta(days=2)
    with django_assert_num_queries(1):
        assert next_moved(campaign.pk, ["rest", "hello"], NOW) == later
    assert next_moved(campaign.pk, ["rest", "hello"], later) is None
    advance(campaign.pk, later)
    assert people_inside(campaign, later).number == 0


@pytest.mark.django_db
def test_contacts_of_a_strategy_are_not_said_to_be_queued(in_state):
    assert said(in_state("python", "running", people=2)) == [
        (None, "Its contacts are looked at again and again; what is planned for them goes out at its time.")
    ]

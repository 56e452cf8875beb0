"""Planned time windows in the engine: what is due when, what waits, what is skipped because its window has passed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from campaigns.engine.ledger import violations
from campaigns.models import Person
from campaigns.services import duties
from channels.models import Delivery, PlannedMessage
from tests.strategies.kit import send, texts

pytestmark = [pytest.mark.django_db, pytest.mark.engine, pytest.mark.usefixtures("all_strategies")]

OFFICE = {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "17:00"}
#: A Wednesday.
NOON = datetime(2030, 3, 6, 12, tzinfo=UTC)
LATE = NOON.replace(hour=18)
MORNING = datetime(2030, 3, 7, 9, tzinfo=UTC)


@pytest.fixture
def running(in_state):
    def start(**values):
        return in_state("python", "running", people=2, windows=[OFFICE], **values)

    return start


def test_outside_of_the_windows_nothing_is_due_before_the_next_by_the_contacts_own_clock(running):
    campaign = running()
    Person.objects.filter(external_id="person-2").update(timezone="America/New_York")
    duties.work_on(campaign.pk, LATE)
    due = dict(Delivery.objects.values_list("person__external_id", "due_at"))
    assert due == {"person-1": MORNING, "person-2": LATE}, "in New York it is one o'clock"


def test_what_missed_the_end_of_its_window_waits_for_the_next_and_is_not_sent_in_between(running):
    campaign = running()
    duties.work_on(campaign.pk, NOON)
    send(campaign, LATE)
    assert texts(campaign) == [], "the window is over"
    duties.work_on(campaign.pk, LATE)
    assert set(Delivery.objects.values_list("status", "due_at")) == {("pending", MORNING)}
    assert set(PlannedMessage.objects.values_list("window_ends", flat=True)) == {MORNING.replace(hour=17)}
    send(campaign, MORNING)
    assert len(texts(campaign)) == 2
    assert list(violations()) == []


def test_what_was_planned_for_a_window_that_is_over_is_skipped_and_says_so(running):
    campaign = running(strategy="three_stages")
    Person.objects.filter(external_id="person-1").update(
        attributes={"at": (NOON - timedelta(days=1)).isoformat()}
    )
    duties.work_on(campaign.pk, NOON)
    third = Delivery.objects.get(step="third:1")
    assert (third.status, third.reason) == ("skipped", "window_passed")
    second = Delivery.objects.filter(step="second:1").first()
    assert second.expires_at == MORNING.replace(hour=17)
    send(campaign, second.expires_at + timedelta(hours=1))
    assert {row.reason for row in Delivery.objects.filter(step="second:1")} == {"window_passed"}


def test_without_windows_everything_goes_out_at_once(in_state):
    campaign = in_state("python", "running", people=2)
    duties.work_on(campaign.pk, LATE)
    send(campaign, LATE)
    assert len(texts(campaign)) == 2

"""People pass a time window while it is open by their clock, and wait before it while it is closed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from campaigns.engine.journeys import advance
from campaigns.models import Journey, Person
from channels.models import Delivery
from tests.engine.test_journeys_steps import journey
from tests.engine.world import NOW, delay, message, statuses

pytestmark = [pytest.mark.django_db, pytest.mark.engine]

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def window(key: str = "hours", **fields: Any) -> dict[str, Any]:
    return {"key": key, "type": "window", "from": "09:00", "to": "17:00", **fields}


ZONES = {"Europe/Berlin": 8, "America/New_York": 14, "Asia/Tokyo": 0, "": 9, "Nowhere/Land": 9}


def test_a_window_opens_by_each_persons_clock():
    """Monday, 2 March 2026: nine o'clock in each zone, in hours of UTC; without a zone by the campaign's clock."""
    campaign = journey([window(), message("hello")], 5)
    for pk, zone in zip(Person.objects.order_by("pk").values_list("pk", flat=True), ZONES, strict=True):
        Person.objects.filter(pk=pk).update(timezone=zone)
    midnight = NOW.replace(hour=0)
    Journey.objects.update(due_at=midnight - HOUR)
    advance(campaign.pk, midnight - HOUR, batch=2)
    found = dict(Journey.objects.filter(status="active").values_list("person__timezone", "due_at"))
    assert found == {zone: midnight + hour * HOUR for zone, hour in ZONES.items()}
    advance(campaign.pk, midnight + 9 * HOUR)
    written = dict(Delivery.objects.values_list("person__timezone", "expires_at"))
    assert written == {
        "Europe/Berlin": midnight + 16 * HOUR, "": midnight + 17 * HOUR, "Nowhere/Land": midnight + 17 * HOUR,
        # Nobody looked between midnight and eight o'clock, when the window in Tokyo closed: the next day's.
    }  # fmt: skip
    tokyo = Journey.objects.get(person__timezone="Asia/Tokyo")
    assert (tokyo.status, tokyo.due_at) == ("active", midnight + DAY)


@pytest.mark.parametrize(
    ("zone", "moment", "opens", "closes"),
    [
        ("UTC", "2026-03-02T08:59+00:00", "2026-03-02T09:00+00:00", "2026-03-02T17:00+00:00"),
        ("UTC", "2026-03-02T17:00+00:00", "2026-03-03T09:00+00:00", "2026-03-03T17:00+00:00"),
        ("Europe/Berlin", "2026-03-28T20:00+01:00", "2026-03-29T09:00+02:00", "2026-03-29T17:00+02:00"),
        ("America/New_York", "2026-10-31T20:00-04:00", "2026-11-01T09:00-05:00", "2026-11-01T17:00-05:00"),
    ],
)
@pytest.mark.parametrize("by", ["person", "campaign"])
def test_windows_where_the_clocks_change(zone: str, moment: str, opens: str, closes: str, by: str):
    campaign = journey(
        [window(timezone=by), message("hello")], 2, timezone=zone if by == "campaign" else "UTC"
    )
    Person.objects.update(timezone=zone if by == "person" else "Asia/Tokyo")
    came, opened = datetime.fromisoformat(moment), datetime.fromisoformat(opens)
    Journey.objects.update(due_at=came)
    advance(campaign.pk, came)
    assert set(Journey.objects.values_list("due_at", flat=True)) == {opened}
    advance(campaign.pk, opened)
    assert set(Delivery.objects.values_list("expires_at", flat=True)) == {datetime.fromisoformat(closes)}


@pytest.mark.parametrize(
    ("days", "hours", "opens", "closes"),
    [
        # On 8 March 2026 the clocks in New York go from 02:00 to 03:00.
        (["sun"], ("02:00", "03:00"), "2026-03-15T02:00-04:00", "2026-03-15T03:00-04:00"),
        (["sun", "mon"], ("02:00", "03:00"), "2026-03-09T02:00-04:00", "2026-03-09T03:00-04:00"),
        (["sun"], ("01:30", "02:30"), "2026-03-08T01:30-05:00", "2026-03-08T03:30-04:00"),
    ],
)
def test_a_window_within_the_hour_that_the_clocks_skip_opens_on_its_next_day(
    days: list[str], hours: tuple[str, str], opens: str, closes: str
):
    campaign = journey([window(days=days, **{"from": hours[0], "to": hours[1]}), message("hello")], 2)
    Person.objects.update(timezone="America/New_York")
    came, opened = datetime.fromisoformat("2026-03-02T12:00-05:00"), datetime.fromisoformat(opens)
    Journey.objects.update(due_at=came)
    advance(campaign.pk, came)
    assert set(Journey.objects.values_list("due_at", flat=True)) == {opened}
    advance(campaign.pk, opened)
    assert set(Delivery.objects.values_list("expires_at", flat=True)) == {datetime.fromisoformat(closes)}


def test_a_window_ends_at_the_next_delay():
    campaign = journey([window(timezone="campaign"), message("one"), delay("rest", "1 hour"), message("two")])
    advance(campaign.pk, NOW)
    advance(campaign.pk, NOW + HOUR)
    assert set(Delivery.objects.filter(step="one").values_list("expires_at", flat=True)) == {NOW + 8 * HOUR}
    assert set(Delivery.objects.filter(step="two").values_list("expires_at", flat=True)) == {None}


def test_whoever_comes_to_the_message_after_the_window_gets_none():
    """The channel was away while the window was open."""
    campaign = journey([window(timezone="campaign"), message("one")])
    channel = campaign.channels.get()
    campaign.channels.update(kind="email")
    advance(campaign.pk, NOW)
    campaign.channels.update(kind="sms")
    advance(campaign.pk, NOW + 8 * HOUR)
    assert statuses(channel) == {"skipped:window_passed": 4}

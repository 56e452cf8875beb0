"""Hints about channels (seed 003, tips): when each is given, and its words. The campaign's own clock decides."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.utils import timezone

from campaigns.domain.hints import (
    BUSINESS_HOURS,
    FAILED_OF,
    HINTS,
    LONG_READY,
    MANY_PAUSES,
    ChannelState,
    before_stopping,
    hints_for,
)
from campaigns.models import Campaign, Membership
from campaigns.services.rendering_campaign import render_campaign
from channels.domain.hours import Hours, Span
from channels.models import Channel

NOON = datetime(2027, 3, 2, 12, 0, tzinfo=UTC)
WINDOW = Hours(window=Span(time(9), time(17)))


def codes(**values: Any) -> list[str]:
    return [
        hint.code
        for hint in hints_for(ChannelState(**{"status": "running", "zone": "UTC", "now": NOON, **values}))
    ]


@pytest.mark.parametrize(
    ("status", "pauses", "given"),
    [
        ("running", MANY_PAUSES - 1, False),
        ("running", MANY_PAUSES, True),
        ("paused", MANY_PAUSES, True),
        ("completed", MANY_PAUSES + 5, False),
    ],
)
def test_one_pause_then_reassess(status: str, pauses: int, given: bool) -> None:
    assert codes(status=status, pauses=pauses) == (["many_pauses"] if given else [])


@pytest.mark.parametrize(
    ("hour", "zone", "given"),
    [
        (12, "UTC", False),
        (7, "UTC", True),
        (8, "UTC", False),
        (20, "UTC", True),
        (12, "Pacific/Auckland", True),  # one in the night there
        (22, "America/New_York", False),  # five in the afternoon there
    ],
)
def test_pause_during_off_hours_by_the_campaigns_clock(hour: int, zone: str, given: bool) -> None:
    assert codes(now=NOON.replace(hour=hour), zone=zone) == (["off_hours"] if given else [])
    assert codes(now=NOON.replace(hour=hour), zone=zone, status="paused") == []


def test_a_connection_with_hours_of_its_own_says_when_it_goes_on() -> None:
    state = ChannelState("running", "UTC", NOON.replace(hour=20), hours=WINDOW, home="Europe/Berlin")
    (hint,) = hints_for(state)
    assert hint.code == "held_by_hours"
    assert hint.text == "Nothing goes out just now: its connection sends at 09:00–17:00 and goes on at 09:00."
    assert codes(hours=WINDOW) == []


@pytest.mark.parametrize(
    ("status", "finished", "created", "given"),
    [
        ("ready", LONG_READY, timedelta(days=9), True),
        ("ready", LONG_READY - timedelta(minutes=1), timedelta(days=9), False),
        ("ready", timedelta(days=9), timedelta(hours=1), False),  # it was added an hour ago
        ("ready", None, timedelta(days=9), False),
        ("running", LONG_READY, timedelta(days=9), False),
    ],
)
def test_a_channel_that_was_forgotten(
    status: str, finished: timedelta | None, created: timedelta, given: bool
) -> None:
    found = codes(
        status=status, created_at=NOON - created, other_finished_at=NOON - finished if finished else None
    )
    assert found == (["long_ready"] if given else [])


@pytest.mark.parametrize(
    ("sent", "failed", "given"), [(16, 4, True), (17, 4, False), (FAILED_OF - 5, 4, False), (0, 20, True)]
)
def test_many_failures(sent: int, failed: int, given: bool) -> None:
    assert codes(sent=sent, failed=failed) == (["many_failures"] if given else [])


def test_review_results_before_stopping() -> None:
    def words(**values: Any) -> str:
        return before_stopping(ChannelState("running", "UTC", NOON, **values))

    assert "no results to look at" in words()
    assert "1,000 sent so far" in words(sent=1000)
    assert "47 of 1,000 have converted so far (4.7 %)" in words(sent=1000, converted=47, has_goal=True)


def test_every_hint_is_a_sentence_of_its_own() -> None:
    assert list(HINTS) == ["many_pauses", "off_hours", "held_by_hours", "many_failures", "long_ready"]
    assert BUSINESS_HOURS.holds(time(12))


@pytest.mark.django_db
def test_a_forgotten_channel_is_told_from_its_siblings(
    in_state: Callable[..., Campaign], creator: Membership
) -> None:
    campaign = in_state("outreach", "completed")
    first = campaign.channels.get()
    other = Channel.objects.create(campaign=campaign, kind="sms", connection=first.connection)
    long_ago = timezone.now() - timedelta(days=30)
    Channel.objects.filter(pk=first.pk).update(finished_at=long_ago)
    Channel.objects.filter(pk=other.pk).update(created_at=long_ago)
    hints = {
        c["id"]: [h["code"] for h in c["hints"]] for c in render_campaign(campaign.pk, creator)["channels"]
    }
    assert hints == {first.pk: [], other.pk: ["long_ready"]}

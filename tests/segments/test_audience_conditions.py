"""Campaigns for whoever meets a condition, or for a list of whom only those who meet a filter are meant."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from campaigns.engine.audience import audience_of
from campaigns.engine.audience_counts import at_least, count_people
from campaigns.engine.enrolment import enrol_channel
from campaigns.engine.journeys import enter_people
from campaigns.models import Campaign, Journey
from channels.models import Delivery
from tests.engine.world import (
    NOW,
    add_to_list,
    everyone,
    make_campaign,
    make_channel,
    make_journey,
    make_list,
    make_workspace,
    message,
)
from tests.segments.ground import GOLD, do, identify

pytestmark = [pytest.mark.django_db, pytest.mark.engine]

BOUGHT = {"event": "purchase", "op": "done", "within": "30 days"}


def _enrolled(campaign: Campaign) -> set[str]:
    channel = make_channel(campaign, "webhook")
    enrol_channel(channel.pk, NOW)
    rows = Delivery.objects.filter(channel=channel, status="pending")
    return set(rows.values_list("person__external_id", flat=True))


@pytest.mark.parametrize(
    ("audience", "expected"),
    [
        ({"audience_condition": GOLD}, {"ann", "bob"}),
        ({"audience_condition": GOLD, "audience_filter": BOUGHT}, {"bob"}),
        ({"list": True}, {"bob", "cat"}),
        ({"list": True, "audience_filter": BOUGHT}, {"bob", "cat"}),
        ({"list": True, "audience_filter": {"not": GOLD}}, {"cat"}),
        ({"everyone": True, "audience_filter": BOUGHT}, {"bob", "cat"}),
    ],
)  # fmt: skip
def test_the_audience_is_who_meets_it(audience: dict[str, Any], expected: set[str]) -> None:
    workspace = make_workspace()
    ids = identify(workspace, ann={"plan": "gold"}, bob={"plan": "gold"}, cat={}, dan={})
    for name in ("bob", "cat"):
        do(workspace, name, "purchase", NOW - timedelta(days=3))
    identify(make_workspace("other"), eve={"plan": "gold"})
    segment = make_list(workspace, [ids["bob"], ids["cat"]]) if audience.pop("list", False) else None
    segment = everyone(workspace) if audience.pop("everyone", False) else segment
    campaign = make_campaign(segment, "message", workspace=workspace, **audience)
    found = audience_of(campaign, NOW)
    assert found is not None and count_people(found) == len(expected)
    assert at_least([campaign], len(expected), NOW) == {campaign.pk}
    assert at_least([campaign], len(expected) + 1, NOW) == set()
    assert _enrolled(campaign) == expected


def test_a_journeys_filter_is_asked_of_whoever_comes() -> None:
    workspace = make_workspace()
    ids = identify(workspace, ann={"plan": "gold"}, bob={}, cat={"plan": "gold"}, dan={})
    segment = make_list(workspace, [ids["ann"], ids["bob"]])
    trigger = {"type": "segment", "in": [[segment.pk]], "not_in": [], "filter": GOLD}
    campaign = make_journey(segment, [message("hello")], trigger=trigger)
    enter_people(campaign.pk, NOW)
    later = NOW + timedelta(minutes=5)
    add_to_list(segment, [ids["cat"], ids["dan"]], later)
    enter_people(campaign.pk, later)
    assert set(Journey.objects.values_list("person__external_id", flat=True)) == {"ann", "cat"}


def test_two_filters_make_two_audiences() -> None:
    workspace = make_workspace()
    identify(workspace, ann={"plan": "gold"}, bob={})
    segment = everyone(workspace)
    one = make_campaign(segment, audience_filter=GOLD)
    two = make_campaign(segment, audience_filter={"not": {"attribute": "plan", "op": "eq", "value": "x"}})
    assert at_least([one, two], 2) == {two.pk}
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM campaigns_segmentmember")
        assert cursor.fetchone() == (0,)

"""`audience` of a campaign over the API: a segment or a condition, each with a filter; kept whole by pages and copies."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from campaigns.models import Campaign
from tests.api.callers import Caller, assert_problem
from tests.factories import SegmentFactory
from tests.segments.ground import GOLD

BOUGHT = {"event": "purchase", "op": "done", "within": "30 days"}


def _make(owner: Caller, audience: dict[str, Any], kind: str = "message") -> Any:
    return owner.post("/campaigns", {"kind": kind, "name": "Gold", "audience": audience})


def test_an_audience_comes_back_as_it_was_sent(owner: Caller) -> None:
    segment = SegmentFactory(workspace=owner.workspace)
    audiences = [
        {"segment": segment.pk}, {"segment": segment.pk, "filter": GOLD}, {"condition": GOLD},
        {"condition": {"any": [GOLD, BOUGHT]}, "filter": {"not": {"segment": segment.pk, "op": "in"}}},
    ]  # fmt: skip
    made = _make(owner, audiences[0]).json()
    for audience in audiences[::-1]:
        version = owner.get(f"/campaigns/{made['id']}").json()["version"]
        changed = owner.patch(f"/campaigns/{made['id']}", {"version": version, "audience": audience})
        assert changed.json()["audience"] == audience
    copied = _make(owner, audiences[3]).json()
    copy = owner.post(f"/campaigns/{copied['id']}/actions/duplicate", {}).json()
    assert owner.get(f"/campaigns/{copy['id']}").json()["audience"] == audiences[3]


@pytest.mark.parametrize(
    ("audience", "path"),
    [
        ({"filter": GOLD}, "audience"),
        ({"segment": 1, "condition": GOLD}, "audience"),
        ({"condition": GOLD, "more": 1}, "audience"),
        ({"condition": {"all": []}}, "audience.condition.all"),
        ({"condition": GOLD, "filter": {"event": "x", "op": "did"}}, "audience.filter.op"),
        ({"condition": {"segment": 999_999, "op": "in"}}, "audience.condition.segment"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_422_with_its_path(owner: Caller, audience: dict[str, Any], path: str) -> None:
    assert_problem(_make(owner, audience), 422, "invalid", path)


def test_a_journey_is_entered_by_a_segment_with_a_filter(owner: Caller) -> None:
    segment = SegmentFactory(workspace=owner.workspace)
    assert_problem(_make(owner, {"condition": GOLD}, "journey"), 422, "invalid", "audience.condition")
    trigger = {"type": "segment", "in": [[segment.pk]], "not_in": [], "filter": GOLD}
    made = owner.post("/campaigns", {"kind": "journey", "name": "J", "trigger": trigger}).json()
    assert owner.get(f"/campaigns/{made['id']}").json()["trigger"] == trigger
    wrong = {**trigger, "filter": {"attribute": "x", "op": "like", "value": 1}}
    refused = owner.post("/campaigns", {"kind": "journey", "name": "K", "trigger": wrong})
    assert_problem(refused, 422, "invalid", "trigger.filter.op")


def test_the_page_keeps_what_it_does_not_show(owner: Caller, client: Client) -> None:
    segment = SegmentFactory(workspace=owner.workspace)
    made = _make(owner, {"condition": GOLD, "filter": BOUGHT}).json()
    client.force_login(owner.membership.user, "django.contrib.auth.backends.ModelBackend")
    who = f"/campaigns/{made['id']}/edit/who/"
    text = client.get(who).content.decode()
    assert "plan is “gold”" in text and "has done “purchase” within 30 days" in text
    client.post(who, {"version": made["version"], "segment": ""})
    assert Campaign.objects.get(pk=made["id"]).audience_condition == GOLD
    version = Campaign.objects.get(pk=made["id"]).version
    client.post(who, {"version": version, "segment": segment.pk})
    saved = Campaign.objects.get(pk=made["id"])
    assert (saved.segment_id, saved.audience_condition, saved.audience_filter) == (segment.pk, {}, BOUGHT)

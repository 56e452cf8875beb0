"""The splits of workflows over the API: what each way led to, and one way for everybody while the flow is active."""

from __future__ import annotations

from campaigns.models import Campaign
from tests.api.callers import Caller, assert_problem
from tests.console.test_workflow_outcomes import walked


def winner(campaign: Campaign, flow: str = "one", step: str = "test") -> str:
    return f"/campaigns/{campaign.pk}/flows/{flow}/splits/{step}/winner"


def test_the_winner_of_an_active_flow_is_chosen_and_taken_back(owner: Caller) -> None:
    campaign = walked(owner.membership, kind="flow")
    (split,) = owner.get(f"/campaigns/{campaign.pk}/splits").json()["items"]
    assert (split["flow"], split["step"], split["winner"]) == ("one", "test", None)
    assert {way["name"] for way in split["variants"]} == {"a", "b"}
    assert sum(way["entered"] for way in split["variants"]) == 60
    version = Campaign.objects.get(pk=campaign.pk).version
    answer = owner.post(winner(campaign), {"variant": "b", "version": version})
    assert answer.json()["items"][0]["winner"] == "b"
    assert_problem(owner.post(winner(campaign), {"variant": "a", "version": version}), 409, "stale_version")
    assert_problem(owner.post(winner(campaign), {"variant": "z"}), 422, "invalid", "variant")
    assert owner.post(winner(campaign), {"variant": ""}).json()["items"][0]["winner"] is None


def test_where_there_is_no_such_split_nothing_is_found(owner: Caller) -> None:
    campaign = walked(owner.membership, kind="flow")
    for flow, step in (("two", "test"), ("one", "hello"), ("three", "test")):
        assert_problem(owner.post(winner(campaign, flow, step), {"variant": "a"}), 404, "not_found")


def test_a_flow_that_can_be_edited_has_its_winner_in_the_workflow(owner: Caller) -> None:
    campaign = walked(owner.membership, kind="flow")
    Campaign.objects.filter(pk=campaign.pk).update(status="inactive")
    assert_problem(owner.post(winner(campaign), {"variant": "a"}), 409, "transition_not_allowed")


def test_a_journey_shows_its_splits_and_other_kinds_have_none(owner: Caller) -> None:
    journey = walked(owner.membership)
    (split,) = owner.get(f"/campaigns/{journey.pk}/splits").json()["items"]
    assert (split["flow"], split["step"]) == ("", "test")

"""Actions over the API: the gateway's answers in HTTP's words, impact beforehand, versions, parameters, roles."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.domain.lifecycles import BY_KIND
from campaigns.models import Activity, Campaign
from tests.api.callers import Caller, assert_problem
from tests.factories import CampaignFactory, in_state


def path(campaign: Campaign, action: str) -> str:
    return f"/campaigns/{campaign.pk}/actions/{action}"


def test_an_action_answers_the_campaign_and_is_logged_as_the_apis(owner: Caller) -> None:
    campaign = CampaignFactory(created_by=owner.membership)
    later = (timezone.now() + timedelta(hours=1)).isoformat()
    shown = owner.post(path(campaign, "schedule"), {"starts_at": later}).json()
    assert (shown["status"], shown["status_label"], shown["scheduled"]) == ("scheduled", "Scheduled", True)
    assert shown == owner.get(f"/campaigns/{campaign.pk}").json()
    logged = Activity.objects.filter(campaign=campaign).latest("id")
    assert (logged.action, logged.via, logged.actor) == ("schedule", "api", owner.membership.user)


def test_the_body_may_be_left_out(owner: Caller) -> None:
    campaign = in_state("running", "sms", created_by=owner.membership)
    assert owner.post(path(campaign, "stop")).json()["status"] == "stopped"


def test_duplicate_is_201_and_the_copy(owner: Caller) -> None:
    campaign = CampaignFactory(created_by=owner.membership, name="First")
    response = owner.post(path(campaign, "duplicate"), {})
    assert response.status_code == 201
    assert response.json()["name"] == "[COPY] First"
    assert response.json()["id"] != campaign.pk


def test_delete_is_204(owner: Caller) -> None:
    campaign = CampaignFactory(created_by=owner.membership)
    assert owner.post(path(campaign, "delete")).status_code == 204
    assert_problem(owner.get(f"/campaigns/{campaign.pk}"), 404, "not_found")


def test_what_the_lifecycle_forbids_is_409_with_a_reason(owner: Caller) -> None:
    campaign = in_state("stopped", "voice", created_by=owner.membership)
    error = assert_problem(owner.post(path(campaign, "restart")), 409, "transition_not_allowed")
    assert "Stopped" in error["message"]


def test_what_a_guard_forbids_is_409_with_its_sentence(owner: Caller) -> None:
    campaign = CampaignFactory(created_by=owner.membership, kind="journey", audience=None)
    error = assert_problem(owner.post(path(campaign, "start")), 409, "transition_not_allowed")
    assert error["message"] == "Start needs a trigger: choose under Who what lets people in."
    offered = {action["name"]: action for action in owner.get(f"/campaigns/{campaign.pk}").json()["actions"]}
    assert offered["start"] == {
        "name": "start", "label": "Start now", "enabled": False, "reason": error["message"],
    }  # fmt: skip


def test_what_the_role_forbids_is_403(owner: Caller) -> None:
    campaign = in_state("pending_approval", "message", created_by=owner.membership)
    assert_problem(owner.post(path(campaign, "approve")), 403, "forbidden")
    assert_problem(owner.post(path(campaign, "reject"), {"comment": "No"}), 403, "forbidden")


def test_approving_over_the_api(owner: Caller, approver: Caller) -> None:
    campaign = in_state("pending_approval", "message", created_by=owner.membership)
    assert_problem(approver.post(path(campaign, "reject"), {}), 422, "invalid", "comment")
    assert approver.post(path(campaign, "approve")).json()["status"] == "running"


def test_a_stale_version_is_409(owner: Caller) -> None:
    campaign = in_state("running", "sms", created_by=owner.membership)
    stale = {"version": campaign.version - 1}
    assert_problem(owner.post(path(campaign, "stop"), stale), 409, "stale_version")
    assert owner.post(path(campaign, "stop"), {"version": campaign.version}).status_code == 200


def test_bad_parameters_are_422_at_their_field(owner: Caller) -> None:
    campaign = CampaignFactory(created_by=owner.membership, kind="journey")
    schedule = path(campaign, "schedule")
    past = "2001-01-01T00:00:00Z"
    assert_problem(owner.post(schedule, {"starts_at": past}), 422, "invalid", "starts_at")
    assert_problem(
        owner.post(schedule, {"starts_at": "9999-12-31T23:59:59-20:00"}), 422, "invalid", "starts_at"
    )
    assert_problem(owner.post(schedule, {"starts_at": 5}), 422, "invalid", "starts_at")
    assert_problem(owner.post(schedule, {"comment": "x"}), 422, "invalid", "comment")
    assert_problem(owner.post(schedule, {"mode": "soon"}), 422, "invalid", "mode")
    assert_problem(owner.post(schedule, {"wave": "hi"}), 422, "invalid", "wave")
    assert_problem(owner.post(schedule, []), 422, "invalid")
    assert_problem(owner.post(path(campaign, "start"), {"mode": "exit"}), 422, "invalid", "mode")
    assert Campaign.objects.get(pk=campaign.pk).version == 1


def test_a_stop_with_people_in_progress_asks_how(owner: Caller) -> None:
    wait = {"key": "wait", "type": "delay", "for": "2 days"}
    steps = [
        {"key": key, "type": "message", "channel": "email", "subject": "Hi", "body": "Hi"}
        for key in ("a", "b")
    ]
    campaign = in_state(
        "running", "journey", created_by=owner.membership, workflow=[steps[0], wait, steps[1]]
    )
    assert_problem(owner.post(path(campaign, "stop")), 422, "invalid", "mode")
    shown = owner.get(path(campaign, "stop")).json()
    assert shown["asks"] == "mode"
    assert [choice["value"] for choice in shown["choices"]] == ["exit", "finish"]
    assert shown["numbers"]["in_progress"] == 3
    assert owner.post(path(campaign, "stop"), {"mode": "finish"}).json()["status"] == "stopping"


@pytest.mark.parametrize("kind", BY_KIND)
def test_every_offered_action_states_its_impact_and_changes_nothing(kind: str, owner: Caller) -> None:
    campaign = CampaignFactory(created_by=owner.membership, kind=kind)
    before = owner.get(f"/campaigns/{campaign.pk}").json()
    for action in before["actions"]:
        shown = owner.get(path(campaign, action["name"])).json()
        assert set(shown) == {
            "action", "label", "enabled", "reason", "numbers", "sentences", "asks", "choices",
        }  # fmt: skip
        assert (shown["label"], shown["enabled"], shown["reason"]) == (
            action["label"], action["enabled"], action["reason"],
        )  # fmt: skip
        assert shown["sentences"]
    assert owner.get(f"/campaigns/{campaign.pk}").json() == before


def test_impact_of_what_is_not_offered_is_409(owner: Caller) -> None:
    campaign = CampaignFactory(created_by=owner.membership)
    assert_problem(owner.get(path(campaign, "stop")), 409, "transition_not_allowed")


@pytest.mark.parametrize(
    "action", ["fly", "launch", "settle", "complete", "derive", "configure", "START", "st%00op"]
)
def test_what_no_member_can_do_is_404(action: str, owner: Caller) -> None:
    campaign = CampaignFactory(created_by=owner.membership)
    assert_problem(owner.post(path(campaign, action)), 404, "not_found")
    assert_problem(owner.get(path(campaign, action)), 404, "not_found")


def test_strangers_get_404_whatever_they_try(owner: Caller, stranger: Caller) -> None:
    campaign = in_state("running", "sms", created_by=owner.membership)
    for action in ("stop", "restart", "duplicate", "delete", "archive"):
        assert_problem(stranger.post(path(campaign, action)), 404, "not_found")
        assert_problem(stranger.get(path(campaign, action)), 404, "not_found")
    assert Campaign.objects.get(pk=campaign.pk).status == "running"

"""Goals and exit criteria over the API: their shape, their refusals by path, what approval and copies make of them."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.models import Campaign
from campaigns.services import snapshots
from campaigns.services.actions import perform
from campaigns.services.actors import Actor
from tests.api.callers import Caller, assert_problem

BOUGHT = {"event": "purchase", "op": "done"}
GOAL = {"condition": BOUGHT, "within": "7 days"}
EXIT = {"condition": {"attribute": "plan", "op": "eq", "value": "gold"}}


def made(owner: Caller, kind: str, **fields: Any) -> Campaign:
    answer = owner.post("/campaigns", {"kind": kind, "name": "Spring", **fields})
    assert answer.status_code == 201, answer.content
    return Campaign.objects.select_related("workspace").get(pk=answer.json()["id"])


@pytest.mark.parametrize("kind", ["journey", "flow", "message", "sms", "voice", "outreach", "python"])
def test_every_kind_has_a_goal_and_takes_it_away_again(owner: Caller, kind: str) -> None:
    campaign = made(owner, kind, goal=GOAL)
    assert owner.get(f"/campaigns/{campaign.pk}").json()["goal"] == GOAL
    patched = owner.patch(f"/campaigns/{campaign.pk}", {"version": campaign.version, "goal": None})
    assert patched.json()["goal"] == {}


@pytest.mark.parametrize(
    ("kind", "fields", "paths"),
    [
        ("sms", {"goal": {"condition": BOUGHT}}, ["goal.within"]),
        ("sms", {"goal": {"condition": BOUGHT, "within": "soon"}}, ["goal.within"]),
        ("sms", {"goal": {"within": "soon"}}, ["goal.within", "goal.condition"]),
        ("sms", {"goal": {**GOAL, "per": "run"}}, ["goal.per"]),
        ("sms", {"goal": {**GOAL, "condition": {"event": "x", "op": "seen"}}}, ["goal.condition.op"]),
        (
            "sms",
            {"goal": {**GOAL, "condition": {"all": [{"segment": 99_999, "op": "in"}]}}},
            ["goal.condition.all.0.segment"],
        ),
        ("journey", {"exit": {"condition": {"label": "None", "op": "sent"}}}, ["exit.condition.label"]),
        ("journey", {"exit": {"condition": BOUGHT, "after": "1 day"}}, ["exit.after"]),
        ("journey", {"exit": {"when": BOUGHT}}, ["exit.when"]),
        ("sms", {"exit": EXIT}, ["exit"]),
        ("message", {"exit": EXIT}, ["exit"]),
    ],
)
def test_what_is_wrong_is_said_by_its_path(
    owner: Caller, kind: str, fields: dict[str, Any], paths: list[str]
) -> None:
    refused = owner.post("/campaigns", {"kind": kind, "name": "Spring", **fields})
    assert_problem(refused, 422, "invalid", *paths)


def test_what_people_were_sent_is_no_goal(owner: Caller) -> None:
    owner.post("/labels", {"name": "Onboarding"})
    goal = {"condition": {"label": "Onboarding", "op": "sent"}, "within": "7 days"}
    refused = owner.post("/campaigns", {"kind": "sms", "name": "Spring", "goal": goal})
    assert_problem(refused, 422, "invalid", "goal.condition")


def test_approval_pins_them_and_copies_have_them(owner: Caller) -> None:
    plain, with_both = made(owner, "journey"), made(owner, "journey", goal=GOAL, exit=EXIT)
    shot = snapshots.snapshot_of(with_both)
    assert (shot["what"]["goal"], shot["what"]["exit"]) == (GOAL, EXIT)
    assert snapshots.content_hash(shot) != snapshots.content_hash(snapshots.snapshot_of(plain))
    assert "goal" not in snapshots.snapshot_of(plain)["what"]
    copy = perform("duplicate", with_both.pk, Actor.member(owner.membership))
    assert (copy.goal, copy.exit) == (GOAL, EXIT)

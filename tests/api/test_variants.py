"""Variants over the API: results, and the winner."""

from __future__ import annotations

from tests.api.callers import Caller, assert_problem
from tests.factories import CampaignFactory, sandbox_connection

AB = {"variants": [{"name": "A", "weight": 3, "body": "one"}, {"name": "B", "weight": 1, "body": "two"}]}


def test_results_and_winner(owner: Caller) -> None:
    sandbox = sandbox_connection(owner.workspace)
    channels = [{"kind": "sms", "connection": sandbox.pk, "content": AB}]
    campaign = CampaignFactory(created_by=owner.membership, kind="outreach", channels=channels)
    channel = campaign.channels.get()
    (trial,) = owner.get(f"/channels/{channel.pk}/variants").json()["items"]
    assert (trial["type"], trial["step"], trial["winner"], trial["on_property"]) == ("ab", "", None, None)
    assert [(row["name"], row["weight"], row["counts"]["sent"]) for row in trial["variants"]] == [
        ("A", 75.0, 0),
        ("B", 25.0, 0),
    ]
    path = f"/channels/{channel.pk}/winner"
    answer = owner.post(path, {"variant": "B", "version": campaign.version})
    assert answer.json()["items"][0]["winner"] == "B"
    assert_problem(owner.post(path, {"variant": "A", "version": campaign.version}), 409, "stale_version")
    assert_problem(owner.post(path, {"variant": "Z"}), 422, "invalid", "variant")
    assert_problem(owner.post(path, {}), 422, "invalid", "variant")
    assert owner.post(path, {"variant": ""}).json()["items"][0]["winner"] is None


def test_the_paths_of_what_is_wrong_with_variants(owner: Caller) -> None:
    channel = {"kind": "sms", "content": {"variants": [{"name": "A", "weight": 0, "body": "{{ oops"}, 7]}}
    refused = owner.post("/campaigns", {"kind": "message", "name": "A", "channels": [channel]})
    path = "channels.0.content.variants"
    assert_problem(refused, 422, "invalid", f"{path}.0.weight", f"{path}.1")
    step = {
        "key": "one",
        "type": "message",
        "channel": "sms",
        "variants": [{"name": "A", "weight": 1}, {"name": "A", "weight": 1}],
    }
    refused = owner.post("/campaigns", {"kind": "journey", "name": "A", "workflow": [step]})
    assert_problem(refused, 422, "invalid", "workflow.0.variants.1.name")

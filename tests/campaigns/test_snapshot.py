"""Snapshots: what the hash counts, and how differences read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from campaigns.domain.snapshot import content_hash, differences, in_words
from campaigns.services.payloads import SECTION_OF
from campaigns.services.snapshots import snapshot_of
from tests import factories


def snapshot(**values: Any) -> dict[str, Any]:
    content = {"subject": "News", "body": "Hello"} | values.get("content", {})
    return {
        "who": {"audience": {"segment": values.get("segment", 1)}, "trigger": {}, "frequency": {}},
        "what": {"channels": [{"kind": "email", "connection": 7, "content": content}], "workflow": []},
        "when": {"timezone": "UTC", "delivery": {"type": "one_time", "at": values.get("at")}},
        "names": {"segments": {"1": "Customers", "2": "Everybody"}, "connections": {"7": "Mail"}},
    }


def told(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(one.label, one.before, one.after) for one in differences(before, after)]


def test_the_hash_counts_who_what_and_when_in_any_order_and_nothing_else() -> None:
    first = snapshot()
    turned = {"when": first["when"], "what": dict(reversed(first["what"].items())), "who": first["who"]}
    assert content_hash(first) == content_hash(turned) == content_hash({**first, "from": "draft"})
    assert len({content_hash(snapshot(**change)) for change in (
        {}, {"segment": 2}, {"at": "2030-01-01"}, {"content": {"body": "Hi"}}, {"content": {"body": "Hello "}},
    )}) == 5  # fmt: skip


def test_a_lone_surrogate_has_a_hash_too() -> None:
    assert content_hash(snapshot(content={"body": "\ud800"})) != content_hash(snapshot())


def test_differences_name_lists_and_say_what_was_and_what_is() -> None:
    after = snapshot(segment=2, content={"body": "Good day"}, at="2030-01-01T09:00:00+00:00")
    assert told(snapshot(), after) == [
        ("Audience", "Customers", "Everybody"),
        ("Email: message", "Hello", "Good day"),
        ("Delivery: at", "–", "2030-01-01T09:00:00+00:00"),
    ]


def test_the_first_time_everything_is_new_and_the_same_is_no_difference() -> None:
    labels = [label for label, before, _ in told({}, snapshot()) if before == "–"]
    assert "Audience" in labels and "Email: subject" in labels and "Time zone" in labels
    assert differences(snapshot(), snapshot()) == []


def test_a_channel_more_and_a_step_of_a_workflow() -> None:
    before, after = snapshot(), snapshot()
    after["what"]["channels"].append({"kind": "sms", "connection": None, "content": {"body": "Hi"}})
    after["what"]["workflow"] = [{"key": "wait", "type": "delay", "for": "2 days"}]
    labels = {label: now for label, _, now in told(before, after)}
    assert labels["SMS: message"] == "Hi"
    assert labels["Step 1: for"] == "2 days"


CITY = {"attribute": "city", "op": "eq", "value": "Rome"}


@pytest.mark.parametrize(
    ("step", "label", "words"),
    [
        ({"type": "branch", "if": CITY}, "Step 1: condition", "city is “Rome”"),
        (
            {"type": "wait_until", "condition": {"all": [CITY, {"segment": 2, "op": "in"}]}},
            "Step 1: condition",
            "city is “Rome” and is in “Everybody”",
        ),
    ],
)
def test_a_condition_of_a_step_is_said_in_words(step: dict[str, Any], label: str, words: str) -> None:
    before, after = snapshot(), snapshot()
    after["what"]["workflow"] = [{"key": "ask", **step}]
    assert (label, "–", words) in told(before, after)


def test_conditions_of_audience_flows_goal_and_exit_are_said_in_words() -> None:
    after = snapshot()
    after["who"]["audience"]["filter"] = CITY
    after["what"] |= {"goal": {"condition": CITY, "within": "2 days"}, "exit": {"condition": CITY}}
    after["what"]["flows"] = [
        {"key": "one", "name": "One", "trigger": {"type": "attribute", "condition": CITY}}
    ]
    said = [label for label, _, now in told(snapshot(), after) if now == "city is “Rome”"]
    assert said == [
        "Audience: only people who meet",
        "Goal: condition",
        "Exit criteria: condition",
        "Flow One: trigger: condition",
    ]


def test_words_never_hide_a_change() -> None:
    before, after = snapshot(), snapshot(segment=2)
    before["who"]["audience"]["filter"] = CITY
    after["who"]["audience"]["filter"] = {"all": [CITY]}
    before["names"]["segments"] = {"1": "Customers"}
    after["names"]["segments"] = {"1": "Customers until May", "2": "Customers"}
    assert told(before, after) == [
        ("Audience", "Customers until May", "Customers"),
        ("Audience: only people who meet", json.dumps(CITY), json.dumps({"all": [CITY]})),
    ]
    after["names"]["segments"]["1"] = "Customers"
    assert told(before, after)[0] == ("Audience", "Customers (#1)", "Customers (#2)")


def test_a_list_that_was_renamed_is_no_difference() -> None:
    after = snapshot()
    after["names"] = {**after["names"], "segments": {"1": "Clients"}}
    assert differences(snapshot(), after) == []


@pytest.mark.django_db
def test_lists_are_named_wherever_a_condition_or_trigger_names_them() -> None:
    workspace = factories.WorkspaceFactory()
    lists = [factories.SegmentFactory(workspace=workspace, people=1) for _ in range(4)]
    entering, asked, awaited, reached = (one.pk for one in lists)
    steps = [
        {"key": "ask", "type": "branch", "if": {"segment": asked, "op": "in"}, "then": [
            {"key": "wait", "type": "wait_until", "condition": {"not": {"segment": awaited, "op": "in"}}}]},
        {"key": "hello", "type": "message", "channel": "email", "subject": "News", "body": "Hello"},
    ]  # fmt: skip
    campaign = factories.CampaignFactory(
        kind="flow",
        workspace=workspace,
        flows=[{
            "key": "one", "name": "One", "workflow": steps, "trigger": {"type": "segment", "in": [[entering]]},
        }],
        goal={"condition": {"segment": reached, "op": "in"}, "within": "2 days"},
    )  # fmt: skip
    assert snapshot_of(campaign)["names"]["segments"] == {str(one.pk): one.name for one in lists}


def test_in_words_is_short() -> None:
    words = in_words(differences(snapshot(), snapshot(content={"body": "x" * 200})))
    assert words.startswith("Email: message: “Hello” → “xxxx") and len(words) < 120


def test_everything_that_an_edit_may_set_is_in_the_snapshot_or_the_teams_own(creator: Any) -> None:
    """Whoever gives campaigns another setting decides here whether it is approved."""
    buys, window = {"event": "purchase", "op": "done"}, {"days": ["mon"], "from": "09:00", "to": "17:00"}
    more: dict[str, Any] = {
        "journey": {"goal": {"condition": buys, "within": "7 days"}, "exit": {"condition": buys}},
        "python": {"stages": [{"key": "notice", "name": "Notice"}], "windows": [window]},
    }
    there = {"topic", "delivery", "send_schedule"}
    for kind, settings in more.items():
        parts = snapshot_of(factories.CampaignFactory(kind=kind, created_by=creator, **settings))
        there |= set().union(*(parts[part] for part in ("who", "what", "when")))
    assert {key for key in SECTION_OF if key not in there} == {"name", "labels"}

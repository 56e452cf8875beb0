"""Snapshots: what the hash counts, and how differences read."""

from __future__ import annotations

from typing import Any

from campaigns.domain.snapshot import content_hash, differences, in_words


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


def test_in_words_is_short() -> None:
    words = in_words(differences(snapshot(), snapshot(content={"body": "x" * 200})))
    assert words.startswith("Email: message: “Hello” → “xxxx") and len(words) < 120

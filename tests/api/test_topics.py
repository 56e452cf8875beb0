"""Topics over the API, and campaigns that carry one."""

from __future__ import annotations

import pytest

from campaigns.models import Topic
from campaigns.services.topics import MOST_TOPICS
from tests.api.callers import Caller, assert_problem


def test_a_topic_is_made_and_a_campaign_carries_it(owner: Caller, stranger: Caller) -> None:
    made = owner.post("/topics", {"name": " Spring  offers ", "description": "Twice a month"})
    assert made.status_code == 201 and made.json()["name"] == "Spring offers"
    assert owner.get("/topics").json() == {"items": [made.json()], "next": None}
    assert stranger.get("/topics").json()["items"] == []
    campaign = owner.post("/campaigns", {"kind": "sms", "name": "One", "topic": "spring OFFERS"}).json()
    assert campaign["topic"] == "Spring offers"
    changed = owner.patch(f"/campaigns/{campaign['id']}", {"topic": None, "version": campaign["version"]})
    assert changed.json()["topic"] == ""


def test_an_unknown_topic_is_422(owner: Caller, stranger: Caller) -> None:
    stranger.post("/topics", {"name": "Theirs"})
    for name in ("Theirs", "x" * 3000, 5, ["a"]):
        body = {"kind": "sms", "name": "One", "topic": name}
        assert_problem(owner.post("/campaigns", body), 422, "invalid", "topic")


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, 5, None, "\0"])
def test_bad_names_are_422(name: object, owner: Caller) -> None:
    assert_problem(owner.post("/topics", {"name": name}), 422, "invalid", "name")


def test_names_are_unique_and_not_too_many(owner: Caller) -> None:
    owner.post("/topics", {"name": "News"})
    assert_problem(owner.post("/topics", {"name": "nEWS"}), 422, "invalid", "name")
    Topic.objects.bulk_create(Topic(workspace=owner.workspace, name=f"T{n}") for n in range(MOST_TOPICS))
    assert_problem(owner.post("/topics", {"name": "one more"}), 422, "invalid", "name")

"""The list of campaigns over the API: filters, refusals, pages, and a cost that does not grow."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.api.paging import next_cursor
from campaigns.domain.lifecycles import BY_KIND
from campaigns.models import Campaign, Workspace
from tests.api.callers import Caller, assert_problem
from tests.factories import CampaignFactory, SegmentFactory, in_state, sandbox_connection


def test_filters(owner: Caller, approver: Caller, workspace: Workspace) -> None:
    first = CampaignFactory(created_by=owner.membership, kind="sms", name="Spring sale 2030", labels=["News"])
    second = CampaignFactory(created_by=approver.membership, kind="message", delivery={"type": "one_time"})
    third = in_state("archived", "voice", created_by=owner.membership)

    def found(query: str) -> list[int]:
        return [item["id"] for item in owner.get(f"/campaigns?{query}").json()["items"]]

    assert found("") == [first.pk, second.pk, third.pk]
    assert found("tab=active") == [first.pk, second.pk]
    assert found("tab=archived") == found("status=archived") == [third.pk]
    assert found("status=draft&status=archived&kind=voice&kind=sms") == [first.pk, third.pk]
    assert found("kind=message") == found("channel=email") == found("delivery=one_time") == [second.pk]
    assert found("channel=sms&channel=voice") == [first.pk, third.pk]
    assert found("label=news") == found("q=SPRING") == found("q=sal+20") == [first.pk]
    assert found(f"created_by={approver.membership.user.email.upper()}") == [second.pk]
    assert found("label=none") == found("created_by=nobody@example.test") == found("q=winter") == []
    assert found("q=%21%26%7C%3A%2A%28%29") == [], "what is special to the search is only text here"
    assert found("kind=sms&tab=archived") == []


@pytest.mark.parametrize(
    "query",
    [
        "status=happy", "kind=fax", "channel=pigeon", "delivery=soon", "tab=all", "limit=0", "limit=201", "limit=x",
        "limit=1e99", "cursor=x", "cursor=WzFd_", "cursor=WyJhIl0", "cursor=" + "A" * 600, "cursor=%00", "q=%00",
        "label=%00", "statu=draft", "offset=5", "status=draft&status=",
    ],
)  # fmt: skip
def test_unknown_filters_and_values_are_422(query: str, owner: Caller) -> None:
    error = assert_problem(owner.get(f"/campaigns?{query}"), 422, "invalid")
    assert len(error["fields"]) == 1


def test_a_cursor_with_an_id_that_no_row_can_have_is_422(owner: Caller) -> None:
    for place in ([10**30], [-(10**30)], [1.5], [True], [None], [[1]], [1, 2], []):
        assert_problem(owner.get(f"/campaigns?cursor={next_cursor(place)}"), 422, "invalid", "cursor")


def test_pages_follow_each_other_without_a_gap_while_others_are_made(owner: Caller) -> None:
    ids = [CampaignFactory(created_by=owner.membership, people=0).pk for _ in range(7)]
    first = owner.get("/campaigns?limit=3").json()
    CampaignFactory(created_by=owner.membership, people=0)
    second = owner.get(f"/campaigns?limit=3&cursor={first['next']}").json()
    assert [item["id"] for item in first["items"] + second["items"]] == ids[:6]
    assert len(owner.everything("/campaigns?limit=3")) == 8


def test_the_list_costs_the_same_number_of_queries_for_1_10_and_50_campaigns(
    owner: Caller, django_assert_num_queries: Any
) -> None:
    sandbox = sandbox_connection(owner.workspace)
    audience = {"segment": SegmentFactory(workspace=owner.workspace, people=1).pk}

    def make(number: int) -> None:
        for index in range(number):
            kind = list(BY_KIND)[index % len(BY_KIND)]
            CampaignFactory(
                created_by=owner.membership,
                kind=kind,
                audience=audience,
                connection=sandbox,
                labels=["A", "B"],
            )

    owner.get("/campaigns")  # the key's last use is written now, not in what is counted
    make(1)
    with CaptureQueriesContext(connection) as one:
        assert len(owner.get("/campaigns?limit=100").json()["items"]) == 1
    assert len(one) <= 12, [query["sql"][:120] for query in one]
    # Some kinds have questions of their own (how calls went, which people are promised): one each, however many there are.
    make(len(BY_KIND))
    with CaptureQueriesContext(connection) as every_kind:
        owner.get("/campaigns?limit=100")
    assert len(every_kind) <= len(one) + 3, [query["sql"][:120] for query in every_kind]
    for number in (9, 40):
        make(number)
        with django_assert_num_queries(len(every_kind)):
            assert len(owner.get("/campaigns?limit=100").json()["items"]) > number


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("type=ab", ["Test"]),
        ("type=single", ["Plain"]),
        ("type=single&type=ab", ["Plain", "Test"]),
        ("delivery=api", ["Test"]),
    ],
)
def test_types_of_content_and_delivery(owner: Caller, query: str, names: list[str]) -> None:
    texts = {"variants": [{"name": name, "weight": 1, "subject": name, "body": "x"} for name in "AB"]}
    CampaignFactory(created_by=owner.membership, kind="message", name="Plain")
    tested = [{"kind": "email", "content": texts}]
    made = CampaignFactory(created_by=owner.membership, kind="message", name="Test", channels=tested)
    Campaign.objects.filter(pk=made.pk).update(delivery={"type": "api"})
    found = owner.get(f"/campaigns?{query}").json()["items"]
    assert [campaign["name"] for campaign in found] == names

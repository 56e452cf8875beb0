"""The in-app inbox: what waits, that it was opened, and what was taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.models import Person
from channels.models import Delivery, InAppMessage
from tests.api.callers import Caller, assert_problem
from tests.factories import NOW, CampaignFactory, in_app_connection


@pytest.fixture
def messages(owner: Caller) -> list[InAppMessage]:
    """Three messages to one person, the third taken back."""
    campaign = CampaignFactory(
        kind="outreach", created_by=owner.membership, people=1,
        channels=[{"kind": "in_app", "connection": in_app_connection(owner.workspace).pk, "content": {"body": "Hi"}}],
    )  # fmt: skip
    channel, person = campaign.channels.get(), Person.objects.get()
    made = []
    for number in range(3):
        delivery = Delivery.objects.create(
            channel=channel, person=person, run=number, status="sent", due_at=NOW, sent_at=NOW
        )
        made.append(
            InAppMessage.objects.create(
                delivery=delivery,
                channel=channel,
                person=person,
                subject=f"Message {number}",
                body="Hi",
                created_at=NOW + timedelta(minutes=number),
                recalled_at=NOW if number == 2 else None,
            )
        )
    return made


def test_the_inbox_is_newest_first_without_what_was_taken_back(
    owner: Caller, messages: list[InAppMessage]
) -> None:
    items = owner.get("/people/person-1/inbox").json()["items"]
    assert [item["subject"] for item in items] == ["Message 1", "Message 0"]
    assert set(items[0]) == {"id", "channel", "subject", "body", "created_at", "opened_at"}
    assert [item["subject"] for item in owner.everything("/people/person-1/inbox?limit=1")] == [
        "Message 1",
        "Message 0",
    ]


def test_opening_counts_the_first_time_and_in_the_ledger(owner: Caller, messages: list[InAppMessage]) -> None:
    path = f"/inbox/{messages[0].pk}/opened"
    first = owner.post(path).json()["opened_at"]
    assert first
    assert owner.post(path).json()["opened_at"] == first
    assert Delivery.objects.get(pk=messages[0].pk).opened_at is not None
    unopened = owner.get("/people/person-1/inbox?unopened=true").json()["items"]
    assert [item["subject"] for item in unopened] == ["Message 1"]
    assert_problem(owner.get("/people/person-1/inbox?unopened=maybe"), 422, "invalid", "unopened")
    campaign = messages[0].channel.campaign_id
    assert owner.get(f"/campaigns/{campaign}").json()["counts"]["opened"] == 1


def test_what_is_not_there_is_404(owner: Caller, stranger: Caller, messages: list[InAppMessage]) -> None:
    assert_problem(owner.post(f"/inbox/{messages[2].pk}/opened"), 404, "not_found")
    assert_problem(owner.post("/inbox/987654321/opened"), 404, "not_found")
    assert_problem(stranger.post(f"/inbox/{messages[0].pk}/opened"), 404, "not_found")
    assert InAppMessage.objects.get(pk=messages[0].pk).opened_at is None
    assert_problem(owner.get("/people/nobody/inbox"), 404, "not_found")

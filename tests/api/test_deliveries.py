"""The ledger over the API: rows in the promised shape, filters, pages without gaps, flat cost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import Campaign
from channels.models import Call, Delivery
from tests.api.callers import Caller, assert_problem
from tests.factories import NOW, CampaignFactory, in_state


@pytest.fixture
def campaign(owner: Caller) -> Campaign:
    """Two channels over 25 people: rows of several statuses, the later channel's first."""
    made = CampaignFactory(kind="outreach", created_by=owner.membership, people=25)
    first = made.channels.get()
    second = made.channels.create(kind="in_app", position=1)
    people = list(made.segment.members.order_by("-person_id").values_list("person_id", flat=True))
    rows = [(second, "failed", "refused"), (first, "sent", ""), (second, "pending", "")]
    for channel, status, reason in rows:
        part = people[:10] if status == "failed" else people[10:] if channel == second else people
        Delivery.objects.bulk_create(
            Delivery(channel=channel, person_id=pk, status=status, reason=reason, due_at=NOW) for pk in part
        )
    return made


def test_a_row_has_the_promised_shape(owner: Caller, campaign: Campaign) -> None:
    row = owner.get(f"/campaigns/{campaign.pk}/deliveries?limit=1").json()["items"][0]
    assert set(row) == {
        "id", "channel", "person", "status", "reason", "detail", "step", "run", "due_at", "sent_at", "delivered_at",
        "opened_at", "clicked_at", "provider_id", "calls",
    }  # fmt: skip
    assert row["person"].startswith("person-")
    assert row["due_at"] == "2030-03-04T09:00:00Z"
    assert row["calls"] == []


def test_a_voice_message_lists_its_calls(owner: Caller) -> None:
    campaign = CampaignFactory(kind="voice", created_by=owner.membership, people=2)
    channel, (one, other) = campaign.channels.get(), campaign.segment.members.order_by("person_id")
    row, quiet = Delivery.objects.bulk_create(
        Delivery(channel=channel, person_id=member.person_id, status=status, due_at=NOW)
        for member, status in ((one, "sent"), (other, "pending"))
    )
    later = NOW + timedelta(minutes=5)
    for number, at, outcome in ((2, later, ""), (1, NOW, "busy")):
        told = (
            {"outcome": outcome, "detail": "Line busy", "reported_at": at, "again_at": later}
            if outcome
            else {}
        )
        Call.objects.create(
            delivery=row, channel=channel, number=number, called_at=at, provider_id=f"call-{number}", **told
        )
    first, second = owner.everything(f"/campaigns/{campaign.pk}/deliveries")
    assert (first["id"], second["id"], second["calls"]) == (row.pk, quiet.pk, [])
    assert first["calls"] == [
        {
            "number": 1, "outcome": "busy", "detail": "Line busy", "called_at": "2030-03-04T09:00:00Z",
            "reported_at": "2030-03-04T09:00:00Z", "again_at": "2030-03-04T09:05:00Z", "provider_id": "call-1",
        },
        {
            "number": 2, "outcome": "", "detail": "", "called_at": "2030-03-04T09:05:00Z",
            "reported_at": None, "again_at": None, "provider_id": "call-2",
        },
    ]  # fmt: skip


@pytest.mark.parametrize("limit", [1, 7, 50, 200])
def test_pages_hold_every_row_once(owner: Caller, campaign: Campaign, limit: int) -> None:
    rows = owner.everything(f"/campaigns/{campaign.pk}/deliveries?limit={limit}")
    assert len(rows) == len({row["id"] for row in rows}) == 50
    assert [row["channel"] for row in rows] == sorted(row["channel"] for row in rows)


def test_filters(owner: Caller, campaign: Campaign) -> None:
    path = f"/campaigns/{campaign.pk}/deliveries"
    second = campaign.channels.get(kind="in_app")
    assert len(owner.everything(f"{path}?status=failed&limit=3")) == 10
    assert len(owner.everything(f"{path}?status=failed&status=pending&limit=4")) == 25
    assert len(owner.everything(f"{path}?channel={second.pk}&limit=4")) == 25
    assert owner.get(f"{path}?channel={second.pk}&status=sent").json() == {"items": [], "next": None}
    assert {row["status"] for row in owner.everything(f"{path}?status=sent")} == {"sent"}


def test_steps_and_runs_are_walked_through(owner: Caller, campaign: Campaign) -> None:
    channel = campaign.channels.first()
    person = campaign.segment.members.first().person_id
    Delivery.objects.bulk_create(
        Delivery(channel=channel, person_id=person, run=run, step=step, status="sent", due_at=NOW)
        for run in (0, 1) for step in ("a", "b", "ü")
    )  # fmt: skip
    rows = owner.everything(f"/campaigns/{campaign.pk}/deliveries?limit=2")
    assert len(rows) == len({row["id"] for row in rows}) == 56


def test_bad_queries_are_422(owner: Caller, campaign: Campaign, stranger: Caller) -> None:
    path = f"/campaigns/{campaign.pk}/deliveries"
    theirs = CampaignFactory(created_by=stranger.membership).channels.get()
    for query, field in (
        ("status=happy", "status"), ("channel=x", "channel"), (f"channel={theirs.pk}", "channel"),
        ("channel=99999999999999999999", "channel"), ("cursor=WzFd", "cursor"), ("limit=-1", "limit"), ("page=2", "page"),
    ):  # fmt: skip
        response = owner.get(f"{path}?{query}")
        assert response.status_code == 422
        assert next(iter(response.json()["error"]["fields"])).split(".")[0] == field


def test_the_number_of_queries_does_not_grow_with_the_rows(
    owner: Caller, campaign: Campaign, django_assert_num_queries: Any
) -> None:
    path = f"/campaigns/{campaign.pk}/deliveries"
    owner.get(path)
    with CaptureQueriesContext(connection) as small:
        owner.get(f"{path}?limit=1")
    with django_assert_num_queries(len(small)):
        owner.get(f"{path}?limit=20")


def test_strangers_get_404(stranger: Caller, campaign: Campaign) -> None:
    assert_problem(stranger.get(f"/campaigns/{campaign.pk}/deliveries"), 404, "not_found")


def test_counts_of_the_campaign_add_up_to_its_ledger(owner: Caller) -> None:
    campaign = in_state("running", "sms", created_by=owner.membership, people=5)
    from campaigns.services.duties import work_on

    work_on(campaign.pk, NOW)
    counts = owner.get(f"/campaigns/{campaign.pk}").json()["counts"]
    assert counts["audience"] == len(owner.everything(f"/campaigns/{campaign.pk}/deliveries")) == 5

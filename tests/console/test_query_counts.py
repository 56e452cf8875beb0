"""Pages ask the same number of questions, however many rows they show. One of them is for the numbers beside the bell."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from campaigns.models import Membership, RelatedObject
from campaigns.services.objects import upsert_objects
from channels.models import Channel
from tests.factories import (
    NOW,
    CampaignFactory,
    LabelFactory,
    PersonFactory,
    SegmentFactory,
    in_state,
    sandbox_connection,
)


def queries(client: Client, url: str) -> int:
    client.get(url)  # what is kept for good is not counted
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


def campaigns(owner: Membership) -> None:
    for kind, status in (
        ("sms", "stopped"),
        ("message", "pending_approval"),
        ("outreach", "running"),
        ("journey", "running"),
    ):
        made = in_state(status, kind, workspace=owner.workspace, created_by=owner)
        made.labels.add(LabelFactory(workspace=owner.workspace))


def people(owner: Membership) -> None:
    PersonFactory.create_batch(3, workspace=owner.workspace)


def objects(owner: Membership) -> None:
    rows = [{"type": "company", "external_id": str(RelatedObject.objects.count() + n)} for n in range(3)]
    assert upsert_objects(owner.workspace, rows, NOW).created == 3


def segments(owner: Membership) -> None:
    SegmentFactory.create_batch(2, workspace=owner.workspace)


def labels(owner: Membership) -> None:
    LabelFactory.create_batch(3, workspace=owner.workspace)


def connections(owner: Membership) -> None:
    sandbox_connection(owner.workspace)


@pytest.mark.parametrize(
    ("url", "more", "most"),
    [
        ("/campaigns/", campaigns, 10),
        ("/campaigns/?status=running&kind=sms&q=campaign", campaigns, 10),
        ("/people/", people, 6),
        ("/objects/", objects, 7),
        ("/segments/", segments, 6),
        ("/labels/", labels, 6),
        ("/channels/", connections, 6),
        ("/approvals/?tab=pending", campaigns, 5),
        ("/approvals/?tab=decided", campaigns, 6),
        ("/approvals/?tab=mine", campaigns, 6),
    ],
)
def test_a_list_asks_the_same_however_long_it_is(
    page: Client, creator: Membership, url: str, more: Callable[[Membership], None], most: int
) -> None:
    more(creator)
    few = queries(page, url)
    for _ in range(3):
        more(creator)
    assert queries(page, url) == few
    assert few <= most


def test_the_command_centre_asks_the_same_however_many_channels(page: Client, creator: Membership) -> None:
    campaign = CampaignFactory(created_by=creator, kind="outreach")
    url = f"/campaigns/{campaign.pk}/"
    few = queries(page, url)
    for _ in range(4):
        Channel.objects.create(
            campaign=campaign, kind="sms", connection=sandbox_connection(creator.workspace)
        )
    assert queries(page, url) == few


@pytest.mark.parametrize("tab", ["messages", "participants"])
def test_the_ledger_asks_the_same_however_many_people(page: Client, creator: Membership, tab: str) -> None:
    few = in_state("running", "sms", workspace=creator.workspace, created_by=creator, people=2)
    many = in_state("running", "sms", workspace=creator.workspace, created_by=creator, people=40)
    assert queries(page, f"/campaigns/{few.pk}/{tab}/") == queries(page, f"/campaigns/{many.pk}/{tab}/")

"""The ledger of a campaign in the admin: read-only, page by page, by status, through the ledger's own indexes."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from channels.models import Delivery
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(in_state, workspace, now):
    """One of 250 people whose messages wait, with three refused and one skipped, spread over the audience."""
    found = in_state("sms", "running", people=250)
    from campaigns.services import duties

    duties.work_on(found.pk, now)
    rows = list(Delivery.objects.filter(channel__campaign=found).order_by("person_id"))
    assert len(rows) == 250
    Delivery.objects.filter(pk__in=[rows[10].pk, rows[120].pk, rows[249].pk]).update(
        status="failed", reason="refused", detail="550 no such number"
    )
    Delivery.objects.filter(pk=rows[3].pk).update(status="skipped", reason="unsubscribed")
    return found


def read(client, campaign, query=""):
    return client.get(reverse("admin:campaigns_campaign_ledger", args=[campaign.pk]) + query)


def test_every_row_is_on_exactly_one_page(campaign, creator, enter):
    client, seen, query = enter(creator), [], "?"
    while query:
        page = read(client, campaign, query)
        seen += [row["delivery"].pk for row in page.context["rows"]]
        query = page.context["next"]
    assert len(seen) == len(set(seen)) == 250
    back = read(client, campaign, page.context["previous"])
    assert [row["delivery"].pk for row in back.context["rows"]] == seen[100:200]


def test_rows_of_a_status_say_why(campaign, creator, enter):
    client = enter(creator)
    page = read(client, campaign, "?status=failed")
    assert len(page.context["rows"]) == 3
    assert "Refused by the provider. 550 no such number" in page.content.decode()
    words = {entry["word"]: entry["count"] for entry in page.context["statuses"]}
    assert words == {"all": 250, "pending": 246, "failed": 3, "skipped": 1}
    assert len(read(client, campaign, "?status=pending").context["rows"]) == 100
    assert len(read(client, campaign, "?status=nonsense").context["rows"]) == 100


def test_pages_cost_the_same_wherever_they_are(campaign, creator, enter):
    client = enter(creator)
    with CaptureQueriesContext(connection) as first:
        page = read(client, campaign)
    with CaptureQueriesContext(connection) as second:
        read(client, campaign, page.context["next"])
    assert len(first) == len(second) <= 10
    assert not any("OFFSET" in query["sql"] or "COUNT(" in query["sql"] for query in first.captured_queries)


def test_nothing_can_be_posted_to_it(campaign, creator, enter):
    before = list(Delivery.objects.order_by("pk").values())
    enter(creator).post(reverse("admin:campaigns_campaign_ledger", args=[campaign.pk]), {"status": "sent"})
    assert list(Delivery.objects.order_by("pk").values()) == before


def test_a_channel_of_another_campaign_is_not_shown(campaign, creator, stranger, enter):
    foreign = factories.CampaignFactory(workspace=stranger.workspace, created_by=stranger)
    page = read(enter(creator), campaign, f"?channel={foreign.channels.get().pk}")
    assert page.context["chosen"].campaign_id == campaign.pk

"""The winner of a split in an active flow: which way people take is no edit of the workflow, which is read-only then."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from campaigns.engine.journeys import advance
from campaigns.models import Activity, Campaign, Membership
from campaigns.services.snapshots import hash_of
from channels.models import Delivery
from tests.console.conftest import Browse
from tests.console.test_workflow_outcomes import SPLIT, delay, enter, mail, people, url_of, walked
from tests.engine.world import NOW
from tests.factories import CampaignFactory

RESULTS = "?flow=one&split=test"


@pytest.fixture
def campaign(creator: Membership) -> Campaign:
    return walked(creator, kind="flow")


def split_of(campaign: Campaign) -> dict[str, Any]:
    flow = Campaign.objects.get(pk=campaign.pk).flows[0]
    split: dict[str, Any] = flow["workflow"][1]["else"][0]
    return split


def address(campaign: Campaign, step: str = "test", flow: str = "one") -> str:
    return url_of(campaign, f"{flow}/{step}/winner/")


def test_a_button_asks_and_then_sends_everybody_to_one_variant(page: Client, campaign: Campaign) -> None:
    results = page.get(url_of(campaign) + RESULTS).content.decode()
    assert f'href="{address(campaign)}?variant=b"' in results
    asked = page.get(address(campaign), {"variant": "b"})
    text = asked.content.decode()
    assert "40 people are in the flow “Welcome” now. Whoever has passed the split keeps to their way." in text
    assert "Everybody who comes to it from now on gets “b”." in text
    assert "winner" not in split_of(campaign), "nothing happens before it is confirmed"
    answer = page.post(address(campaign), asked.context["form"].initial)
    assert answer["Location"] == url_of(campaign) + RESULTS
    assert split_of(campaign)["winner"] == "b"
    before = Delivery.objects.filter(step="one:to_a").count()
    enter(campaign, people(campaign.workspace, 20), "one")
    advance(campaign.pk, NOW)
    assert Delivery.objects.filter(step="one:to_a").count() == before, "nobody gets the other one any more"
    results = page.get(url_of(campaign) + RESULTS).content.decode()
    assert "Send everybody to a" in results and "Send everybody to b" not in results


def test_it_is_in_the_activity_log_by_the_name_of_who_did_it(
    page: Client, campaign: Campaign, creator: Membership
) -> None:
    page.post(address(campaign), {"variant": "a"})
    row = Activity.objects.get(campaign_id=campaign.pk, action="choose_winner")
    assert row.data == {"step": "one:test", "variant": "a"}
    assert (
        "a goes to everybody from now on." in page.get(f"/campaigns/{campaign.pk}/activity/").content.decode()
    )


def test_the_test_goes_on_where_somebody_says_so(page: Client, campaign: Campaign) -> None:
    page.post(address(campaign), {"variant": "a"})
    assert "Go on with the test" in page.get(url_of(campaign) + RESULTS).content.decode()
    assert "Chance decides again" in page.get(address(campaign)).content.decode()
    page.post(address(campaign), {"variant": ""})
    assert "winner" not in split_of(campaign)
    assert Activity.objects.filter(campaign_id=campaign.pk, action="reopen_test").exists()


def test_nothing_else_changes_and_what_was_approved_stays_approved(page: Client, campaign: Campaign) -> None:
    channels = list(campaign.channels.all())
    was = Campaign.objects.get(pk=campaign.pk)
    Campaign.objects.filter(pk=campaign.pk).update(approved_hash=hash_of(was, channels))
    page.post(address(campaign), {"variant": "a"})
    found = Campaign.objects.get(pk=campaign.pk)
    assert found.approved_hash == hash_of(found, channels)
    assert (found.status, found.version) == ("running", was.version + 1)
    del found.flows[0]["workflow"][1]["else"][0]["winner"]
    assert found.flows == was.flows


def test_what_has_changed_meanwhile_is_shown_before_it_is_done(page: Client, campaign: Campaign) -> None:
    seen = page.get(address(campaign), {"variant": "b"}).context["form"].initial
    Campaign.objects.filter(pk=campaign.pk).update(version=seen["version"] + 1)
    answer = page.post(address(campaign), seen)
    assert answer.status_code == 409 and "has changed since you opened it" in answer.content.decode()
    assert page.post(address(campaign), answer.context["form"].initial).status_code == 302


@pytest.mark.parametrize(
    ("step", "flow", "variant"),
    [("test", "one", "c"), ("hello", "one", "a"), ("nowhere", "one", "a"), ("test", "two", "a")],
)
def test_what_is_no_split_or_no_variant_of_it_is_not_found(
    page: Client, campaign: Campaign, step: str, flow: str, variant: str
) -> None:
    where = address(campaign, step, flow)
    assert page.get(where, {"variant": variant}).status_code == 404
    assert page.post(where, {"variant": variant}).status_code in (404, 422)
    assert "winner" not in split_of(campaign)


def test_a_stranger_finds_nothing(browse: Browse, campaign: Campaign, stranger: Membership) -> None:
    assert browse(stranger).get(address(campaign)).status_code == 404
    assert browse(stranger).post(address(campaign), {"variant": "b"}).status_code == 404
    assert "winner" not in split_of(campaign)


def test_a_split_that_decides_itself_says_that_it_will_not_any_more(
    page: Client, creator: Membership
) -> None:
    split = {**SPLIT, "decide": {"after": "7 days"}}
    flows = [
        {
            "key": "one",
            "name": "Welcome",
            "active": True,
            "workflow": [mail("hello"), split, delay("rest", "1 day")],
        }
    ]
    campaign = CampaignFactory(kind="flow", created_by=creator, flows=flows)
    Campaign.objects.filter(pk=campaign.pk).update(status="running")
    text = page.get(address(campaign), {"variant": "b"}).content.decode()
    assert "does not decide itself any more" in text

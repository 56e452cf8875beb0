"""The goal of a campaign in the browser: rows and a time, for any kind; what is wrong stands beside its row."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from campaigns.models import Campaign, Membership
from tests.factories import CampaignFactory

BOUGHT = {"event": "purchase", "op": "done", "within": "30 days", "at_least": 1}


def typed(campaign: Campaign, **more: Any) -> dict[str, Any]:
    return {
        "version": campaign.version, "join": "all", "b0-join": "all", "b0-r0-was": "event",
        "b0-r0-kind": "event", "b0-r0-name": "purchase", "b0-r0-op": "done", "b0-r0-times": "2",
        "amount": "3", "unit": "weeks", **more,
    }  # fmt: skip


def url_of(campaign: Campaign) -> str:
    return f"/campaigns/{campaign.pk}/edit/goal/"


def goal(campaign: Campaign) -> dict[str, Any]:
    return Campaign.objects.get(pk=campaign.pk).goal


@pytest.mark.parametrize("kind", ["outreach", "sms", "journey"])
def test_it_is_set_shown_and_taken_away(page: Client, creator: Membership, kind: str) -> None:
    campaign = CampaignFactory(created_by=creator, kind=kind)
    assert page.post(url_of(campaign), typed(campaign)).status_code == 302
    kept = goal(campaign)
    assert (kept["within"], kept["condition"]["event"], kept["condition"]["at_least"]) == (
        "3 weeks",
        "purchase",
        2,
    )
    text = page.get(url_of(campaign)).content.decode()
    assert 'value="purchase"' in text and 'value="3"' in text
    assert "A conversion within 3 weeks" in page.get(f"/campaigns/{campaign.pk}/").content.decode()
    campaign.refresh_from_db(fields=["version"])
    page.post(url_of(campaign), typed(campaign, op="none"))
    assert goal(campaign) == {}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"amount": ""}, "This field is required."),
        ({"amount": "0"}, "greater than or equal to 1"),
        ({"b0-r0-name": ""}, "This text has 1 to 100 characters."),
        (
            {"b0-r0-kind": "label", "b0-r0-was": "label", "b0-r0-op": "sent", "b0-r0-name": ""},
            "This text has 1 to 60",
        ),
    ],
)
def test_what_is_wrong_is_said_and_nothing_saved(
    page: Client, creator: Membership, values: dict[str, str], words: str
) -> None:
    campaign = CampaignFactory(created_by=creator, kind="outreach")
    response = page.post(url_of(campaign), typed(campaign) | values)
    assert response.status_code == 422
    said = re.findall(r'class="field-error"[^>]*>(?:<svg.*?</svg>)?([^<]+)', response.content.decode())
    assert any(words in sentence for sentence in said), said
    assert goal(campaign) == {}


def test_a_button_of_the_builder_changes_only_the_form(page: Client, creator: Membership) -> None:
    campaign = CampaignFactory(created_by=creator, kind="outreach")
    response = page.post(url_of(campaign), typed(campaign, op="add-row-0"))
    assert response.status_code == 200 and b"b0-r1-kind" in response.content and b"<html" in response.content
    part = page.post(url_of(campaign), typed(campaign, op="add-row-0"), headers={"HX-Request": "true"})
    assert part.content.strip().startswith(b'<div id="builder"')
    assert goal(campaign) == {}


def test_one_nested_too_deep_keeps_its_condition(page: Client, creator: Membership) -> None:
    deep = {"any": [{"not": {"any": [{"not": {"all": [BOUGHT, BOUGHT]}}]}}, BOUGHT]}
    campaign = CampaignFactory(
        created_by=creator, kind="outreach", goal={"condition": deep, "within": "1 day"}
    )
    assert "nested deeper" in page.get(url_of(campaign)).content.decode()
    page.post(url_of(campaign), {"version": campaign.version, "amount": "2", "unit": "days"})
    assert goal(campaign) == {"condition": deep, "within": "2 days"}


def test_an_archived_campaign_keeps_its_goal(page: Client, in_state: Callable[..., Campaign]) -> None:
    campaign = in_state("outreach", "archived")
    assert page.post(url_of(campaign), typed(campaign)).status_code == 409
    assert goal(campaign) == {}
